"""Bots and their history, for the operator."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from botplatform.bots import actions
from botplatform.bots.models import (
    Bot,
    BotEvent,
    BotMarket,
    DailyProfit,
    Deal,
    Fill,
    Order,
    SettingsChange,
    Study,
    Sweep,
    SweepChunk,
    Wish,
)
from botplatform.exchanges.vault import BadKeyFile, OutcomeUnknown, Refused, Retry, StopLevel, web
from botplatform.lib.records import RecordAdmin, TableAdmin, confirmed_action

TROUBLES = (Refused, Retry, OutcomeUnknown, BadKeyFile)


def _pause(_request: HttpRequest, bot: Bot) -> None:
    actions.stop(bot)


def _stop(request: HttpRequest, bot: Bot) -> None:
    web().kill(None, f"bot:{bot.grant}", StopLevel.EVERYTHING)
    actions.note(bot, f"Kill switch: the operator {request.user} stopped this bot in the vault.")


def _revoke(request: HttpRequest, bot: Bot) -> None:
    if bot.grant_version:
        web().revoke_grant(bot.owner_id, bot.grant)
    actions.stop(bot)
    actions.note(bot, f"The operator {request.user} revoked its grant: it can never order again. Copy it to go on.")


@admin.register(Bot)
class BotAdmin(TableAdmin):
    """A bot is made and started where its settings are checked and its grant is written: on its owner's pages."""

    list_display = ["name", "owner", "market", "account", "kind", "enabled", "created_at"]
    list_filter = ["enabled", "kind", "account__exchange"]
    list_select_related = ["owner", "market", "account"]
    search_fields = ["name", "owner__username", "market__symbol"]
    readonly_fields = [field.name for field in Bot._meta.fields if field.name != "name"]  # noqa: SLF001  (public API)

    actions = (
        confirmed_action(
            "Pause these bots", "They open no more deals. Deals that are open go on to their ends.", _pause, TROUBLES
        ),
        confirmed_action(
            "Stop these bots in the vault",
            "The kill switch of each: nothing of theirs is signed but look-ups and cancels. Their owners can lift it.",
            _stop,
            TROUBLES,
        ),
        confirmed_action(
            "Revoke the grants of these bots",
            "For good: none of these bots can ever order again, not even to get out. An owner who wants to go on makes"
            " a copy of the bot, which asks for a grant of its own.",
            _revoke,
            TROUBLES,
        ),
    )

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        """A bot's history is what its owner's taxes are reckoned from."""
        return False


@admin.register(BotMarket)
class BotMarketAdmin(RecordAdmin):
    list_display = ["bot", "market", "position", "carried_amount", "carried_cost"]
    list_select_related = ["bot", "market"]
    search_fields = ["bot__name", "market__symbol"]


@admin.register(Wish)
class WishAdmin(RecordAdmin):
    list_display = ["wished_at", "bot", "market", "kind", "done_at", "refused"]
    list_filter = ["kind"]
    list_select_related = ["bot", "market"]
    search_fields = ["bot__name", "market__symbol"]
    date_hierarchy = "wished_at"


@admin.register(Deal)
class DealAdmin(RecordAdmin):
    list_display = ["bot", "market", "number", "opened_at", "closed_at", "ending", "wish", "realised"]
    list_filter = ["ending", "wish", ("closed_at", admin.EmptyFieldListFilter)]
    actions = (
        confirmed_action(
            "Close these deals at market",
            "All of their open orders are cancelled, and what they hold goes at the market. Closed ones stay closed.",
            lambda _request, deal: actions.close_at_market(deal),
        ),
    )
    list_select_related = ["bot", "market"]
    search_fields = ["bot__name", "id"]
    date_hierarchy = "opened_at"


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = ["deal", "name", "generation", "side", "amount", "price", "filled", "state", "updated_at"]
    list_filter = ["state", "side"]
    list_select_related = ["deal__bot"]
    search_fields = ["name", "client_order_id", "deal__bot__name"]


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    list_display = ["order", "amount", "price", "fee", "fee_asset", "maker", "traded_at"]
    list_filter = ["maker", "fee_asset"]
    list_select_related = ["order__deal__bot"]
    search_fields = ["trade_id", "order__client_order_id"]


@admin.register(BotEvent)
class BotEventAdmin(RecordAdmin):
    list_display = ["at", "bot", "level", "code", "text", "dismissed"]
    list_filter = ["level", "dismissed", "code"]
    list_select_related = ["bot"]
    search_fields = ["text", "bot__name"]
    date_hierarchy = "at"


@admin.register(DailyProfit)
class DailyProfitAdmin(RecordAdmin):
    list_display = ["day", "owner", "realised", "quote", "deals"]
    list_select_related = ["owner"]
    search_fields = ["owner__username", "quote"]
    date_hierarchy = "day"


@admin.register(Study)
class StudyAdmin(RecordAdmin):
    list_display = ["title", "what", "owner", "state", "created_at", "ended_at"]
    list_filter = ["what", "state"]
    list_select_related = ["owner"]
    search_fields = ["title", "owner__username"]
    date_hierarchy = "created_at"


@admin.register(Sweep)
class SweepAdmin(RecordAdmin):
    """Sweeps that somebody waits for just now."""

    list_display = ["id", "candles", "created_at", "ended"]
    search_fields = ["candles"]


@admin.register(SweepChunk)
class SweepChunkAdmin(RecordAdmin):
    list_display = ["sweep", "number", "worker", "beat_at", "done", "problem"]
    list_filter = ["done"]
    search_fields = ["worker", "problem"]


@admin.register(SettingsChange)
class SettingsChangeAdmin(RecordAdmin):
    list_display = ["bot", "at", "before", "after"]
    list_select_related = ["bot"]
    search_fields = ["bot__name"]
    date_hierarchy = "at"
