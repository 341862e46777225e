"""Markets and their candles, for the operator."""

from __future__ import annotations

from django.contrib import admin

from botplatform.lib.records import RecordAdmin, TableAdmin
from botplatform.markets.models import Backfill, Candle, History, Market


@admin.register(Market)
class MarketAdmin(TableAdmin):
    list_display = ["symbol", "exchange", "last_price", "last_price_at", "active"]
    list_filter = ["exchange", "active"]
    search_fields = ["symbol"]
    readonly_fields = ["last_price", "last_price_at"]


@admin.register(Candle)
class CandleAdmin(RecordAdmin):
    list_display = ["market", "opened_at", "open", "high", "low", "close", "volume"]
    list_filter = ["market"]
    list_select_related = ["market"]
    date_hierarchy = "opened_at"


@admin.register(History)
class HistoryAdmin(RecordAdmin):
    list_display = ["market", "interval", "candles", "asked_at", "fetched_at"]
    list_select_related = ["market"]
    search_fields = ["market__symbol"]


@admin.register(Backfill)
class BackfillAdmin(RecordAdmin):
    list_display = ["market", "asked_at", "ended_at", "share", "trouble"]
    list_select_related = ["market"]
    search_fields = ["market__symbol"]
