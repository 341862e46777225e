"""Grants for people: what each bot may do in words, whether that counts, and who runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from botplatform.bots.grant_words import in_words
from botplatform.bots.models import Bot
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import Limits
from botplatform.lib import clock

_PAPER = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    label: str
    bot: UUID | None  # the bot that it is of, if that is still there
    version: int
    sentence: str  # the whole of it in one
    more: list[str]
    state: str
    tone: str
    runner: str


def shown(rows: Iterable[Mapping[str, Any]], leases: Iterable[Mapping[str, Any]]) -> list[Shown]:
    """Those of an overview, in its order."""
    listed = list(rows)
    bots = dict(Bot.objects.filter(grant__in=[row["id"] for row in listed]).values_list("grant", "pk"))
    accounts = [row["credential"] for row in listed]
    exchanges = dict(ExchangeAccount.objects.filter(pk__in=accounts).values_list("pk", "exchange"))
    now = clock.now()
    live = {row["shard"] for row in leases if datetime.fromisoformat(row["expires_at"]) > now}
    return [_shown(row, bots.get(UUID(row["id"])), exchanges.get(UUID(row["credential"]), ""), live) for row in listed]


def _shown(row: Mapping[str, Any], bot: UUID | None, exchange: str, live: set[str]) -> Shown:
    limits = msgspec.convert(row["limits"], Limits)
    quote = limits.markets[0].partition("/")[2]
    first, *more = in_words(limits, quote)
    state, tone = "in force", "green"
    if row["revoked_at"]:
        state, tone = "revoked", "red"
    elif exchange not in ("", _PAPER) and row.get("approved_at") is None:
        state, tone = "waits for your passkey", "yellow"
    return Shown(
        label=row["label"],
        bot=bot,
        version=row["version"],
        sentence=first,
        more=more,
        state=state,
        tone=tone,
        runner=_runner(row["shard"], live),
    )


def _runner(shard: str | None, live: set[str]) -> str:
    if not shard:
        return "never run"
    return f"{shard}, alive" if shard in live else f"{shard}, not running now"
