"""Signals of a job: what came by webhook while the candles were made, for bots that listen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from botplatform.bots.backtests.reading import attempt, refused, rows_of
from strategies.backtest.candles import Candles
from strategies.events import Signalled
from strategies.market import ONE, Market
from strategies.settings import Problem, SettingsRefused
from strategies.signal_bot import Action, SignalBot
from strategies.signal_bot.order import Details
from strategies.smart import SmartTrade
from strategies.strategy import Strategy

_FIELDS = ("at", "action", "details", "market")
_START = "start"  # what a signal to a bot that only starts by it may leave out
_FORCE_START = "force_start"
_REMEDY = 'Give a time such as "2026-05-01T12:00:00Z", or milliseconds since 1970.'


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidSignal:
    """A signal as the job has it; without a `market` it is for all of them."""

    at: int  # milliseconds since 1970
    action: str
    details: tuple[tuple[str, str], ...] = ()
    market: str | None = None


def signals_of(value: Any) -> tuple[SaidSignal, ...]:
    """The signals of a job. Raises SettingsRefused with every mistake."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise refused("signals", "this is no list.", 'Give "signals": [{"at": ..., "action": ...}, ...].')
    return tuple(rows_of("signals", value, _signal))


def against(signals: Sequence[SaidSignal], strategy: Strategy, markets: Iterable[Market]) -> Iterator[Problem]:
    """What the bot would make nothing of."""
    if not signals:
        return
    if not isinstance(strategy, SignalBot | SmartTrade) and not _waits_for_signals(strategy):
        yield Problem("signals", "nothing of this bot listens to them.", 'Remove them, or start deals on a "signal".')
        return
    known = [market.symbol for market in markets]
    for number, said in enumerate(signals):
        place = f"signals[{number}]"
        if said.market is not None and said.market not in known:
            yield Problem(
                f"{place}.market", f"{said.market} is none of the job's markets.", f"Name one of: {', '.join(known)}."
            )
        if isinstance(strategy, SignalBot):
            yield from _of_signal_bot(said, place)
        elif isinstance(strategy, SmartTrade) and said.action != _FORCE_START:
            yield Problem(f"{place}.action", f"a SmartTrade knows no action {said.action!r}.", f"Send {_FORCE_START}.")


def told_on(signals: Sequence[SaidSignal], market: Market, candles: Candles) -> tuple[Signalled, ...]:
    """The signals that one market's bot is told, each with the price at the open at which it is told.

    Those from before the first candle or after the last one's open are told to nobody; so is everything after one
    that disables the bot.
    """
    found = []
    for number, said in enumerate(_while_enabled(sorted(signals, key=attrgetter("at"))), 1):
        if said.market not in (None, market.symbol) and said.action != Action.DISABLE:
            continue
        bar = int(candles.opened_at.searchsorted(said.at))
        if not heard(said, candles):
            continue
        price = Decimal(repr(float(candles.open[bar])))
        found.append(Signalled(wish=str(number), at=said.at, action=said.action, price=price, details=said.details))
    return tuple(found)


def heard(said: SaidSignal, candles: Candles) -> bool:
    """Whether it came while these candles were made: there is an open at which it is told."""
    return int(candles.opened_at[0]) - candles.span < said.at <= int(candles.opened_at[-1])


def _while_enabled(signals: Iterable[SaidSignal]) -> Iterator[SaidSignal]:
    for said in signals:
        yield said
        if said.action == Action.DISABLE:
            return


def _signal(words: Any) -> SaidSignal:
    if not isinstance(words, Mapping):
        raise refused("", "this is no object.", f"Give an object with: {', '.join(_FIELDS)}.")
    problems = [
        Problem(name, "there is no such field.", f"Remove it; a signal has: {', '.join(_FIELDS)}.")
        for name in words
        if name not in _FIELDS
    ]
    at = attempt(problems, lambda: _at(words.get("at")))
    action, market, details = words.get("action", _START), words.get("market"), words.get("details", {})
    if not isinstance(action, str) or not action:
        problems.append(Problem("action", f"{action!r} is no action.", "Give a word such as enter_long."))
    if market is not None and not isinstance(market, str):
        problems.append(Problem("market", f"{market!r} is no market.", "Give one of the job's, or leave it out."))
    if not isinstance(details, Mapping):
        problems.append(Problem("details", "this is no object.", 'Give one such as {"order": {"amount": "50"}}.'))
    if problems or at is None:
        raise SettingsRefused(tuple(problems))
    texts = ((str(name), part if isinstance(part, str) else json.dumps(part)) for name, part in details.items())
    return SaidSignal(at=at, action=str(action), details=tuple(sorted(texts)), market=market)


def _at(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise refused("at", f"{value!r} is no time.", _REMEDY) from None
    whole = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(whole.timestamp() * 1000)


def _waits_for_signals(strategy: Strategy) -> bool:
    # Asked for only here: indicators bring TA-Lib with them, and most bots use none.
    from strategies.conditions import Signal

    listed = [*(strategy.opening.conditions or ()), *(each for asked in strategy.asks.values() for each in asked)]
    return any(isinstance(each, Signal) for each in listed)


def _of_signal_bot(said: SaidSignal, place: str) -> Iterator[Problem]:
    if said.action not in tuple(Action):
        yield Problem(f"{place}.action", f"there is no action {said.action!r}.", f"Send one of: {', '.join(Action)}.")
    try:
        Details.of(Signalled(wish="", at=said.at, action=said.action, price=ONE, details=said.details))
    except SettingsRefused as why:
        yield from (Problem(f"{place}.details.{each.field}", each.problem, each.remedy) for each in why.problems)
