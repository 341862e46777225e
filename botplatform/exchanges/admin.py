"""Exchange accounts, for the operator. A key is connected by its owner, so none can be added here."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from botplatform.exchanges.models import Balance, ExchangeAccount
from botplatform.lib.records import RecordAdmin, TableAdmin


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(TableAdmin):
    list_display = ["label", "owner", "exchange", "ip_bound", "connected_at"]
    list_filter = ["exchange", "ip_bound"]
    list_select_related = ["owner"]
    search_fields = ["label", "owner__username"]
    readonly_fields = ["id", "owner", "exchange", "ip_bound", "connected_at"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False


@admin.register(Balance)
class BalanceAdmin(RecordAdmin):
    """What runners last saw; the exchange knows better."""

    list_display = ["account", "asset", "free", "total", "at"]
    list_select_related = ["account__owner"]
    search_fields = ["asset", "account__label"]
