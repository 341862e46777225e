"""Grants for people: what each bot may do in words, whether that counts, and who runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from botplatform.bots.grant_words import in_words
from botplatform.bots.models import Bot
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import Limits
from botplatform.lib import clock
from botplatform.runner.models import Shard

_ALIVE = timedelta(seconds=10)
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


def shown(rows: Iterable[Mapping[str, Any]]) -> list[Shown]:
    """Those of an overview, in its order."""
    listed = list(rows)
    bots = dict(Bot.objects.filter(grant__in=[row["id"] for row in listed]).values_list("grant", "pk"))
    accounts = [row["credential"] for row in listed]
    exchanges = dict(ExchangeAccount.objects.filter(pk__in=accounts).values_list("pk", "exchange"))
    beats = dict(Shard.objects.values_list("name", "beat_at"))
    return [_shown(row, bots.get(UUID(row["id"])), exchanges.get(UUID(row["credential"]), ""), beats) for row in listed]


def _shown(row: Mapping[str, Any], bot: UUID | None, exchange: str, beats: Mapping[str, datetime | None]) -> Shown:
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
        runner=_runner(row["shard"], beats),
    )


def _runner(shard: str | None, beats: Mapping[str, datetime | None]) -> str:
    """By the platform's own rows: the signer tells leases to the operator alone."""
    if not shard:
        return "never run"
    beat = beats.get(shard)
    if beat is None or clock.now() - beat > _ALIVE:
        return f"{shard}, no sign of life now"
    return f"{shard}, alive"
