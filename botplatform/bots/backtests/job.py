"""What to test, as JSON:

    {"kind": "dca",
     "market": {"symbol": "BTC/USDT", "tick_size": "0.01", "lot_size": "0.00001", "min_notional": "5",
                "maker_fee": "0.001", "taker_fee": "0.001"},
     "settings": {the settings' own names},
     "options": {"fill": "through" | "touch", "gap": "limit" | "open", "slippage": "0", "balance": "1000"},
     "capital": "1000",
     "signals": [{"at": "2026-05-01T12:00:00Z", "action": "enter_long", "details": {...}, "market": "BTC/USDT"}]}

A bot on several markets has `"markets": [{...}, ...]` instead of `market`, all of one quote.

`options`, `capital` and `signals` may be left out: orders then fill when the price goes through them, at their limit,
without slippage, and the capital is what the bot needs for the deals that it has open at one time. The balance is what
sizes in percent are reckoned from; without one it is the capital.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from botplatform.bots.backtests import markets as market_words
from botplatform.bots.backtests import signals as signal_words
from botplatform.bots.backtests.reading import attempt, object_of, positive, refused
from botplatform.bots.backtests.signals import SaidSignal
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.kinds import from_json
from strategies.market import ZERO, Market
from strategies.opening import Past
from strategies.orders import Side
from strategies.rebalance import Rebalance
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

_PARTS = ("kind", "market", "markets", "settings", "options", "capital", "signals")
_ONE_MARKET = "Test it with `manage.py backtest`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    kind: str
    strategy: Strategy
    markets: tuple[Market, ...]
    options: Options
    capital: Decimal | None
    settings: tuple[tuple[str, str], ...]
    signals: tuple[SaidSignal, ...] = ()

    @property
    def market(self) -> Market:
        """The first market, which is the only one of a job that `of` has read."""
        return self.markets[0]

    @property
    def title(self) -> str:
        return f"{self.kind} on {', '.join(market.symbol for market in self.markets)}"

    def capital_at(self, start: Decimal) -> Decimal:
        """What a run on one market begins with, in quote: as the job says, or what the bot needs at this price."""
        return self.capital_over((start,))

    def capital_over(self, starts: Sequence[Decimal]) -> Decimal:
        """What a run begins with, in quote, if its markets stand at these prices.

        As the job says, or its balance, or what the bot needs for the deals that it can have open at one time. Coins
        that its owner gives it count at what they are worth then. Raises SettingsRefused for sizes in percent of a
        balance that is not known.
        """
        if self.capital is not None:
            return self.capital
        at = list(zip(self.markets, starts, strict=True))
        given = [self.strategy.given(start, market).cost for market, start in at]
        if isinstance(self.strategy, Rebalance):
            return self.strategy.cash + sum(given, ZERO)
        if self.options.balance is not None:
            return self.options.balance + self._at_once(given)
        needed = [self.strategy.capital(start, market) for market, start in at]
        # A short's sales pay for its purchases: its coins are what it needs, and what it could lose besides.
        together = max if self.strategy.opens_with is Side.SELL else Decimal.__add__
        return self._at_once([together(quote, coins) for quote, coins in zip(needed, given, strict=True)])

    @property
    def sized(self) -> Strategy:
        """The settings of the first deal. Raises SettingsRefused if they need a balance that is not known."""
        return self.strategy.for_deal(Past(balance=self.options.balance))

    def _at_once(self, each: Sequence[Decimal]) -> Decimal:
        """Of the deals that can be open at one time, the largest."""
        return sum(sorted(each, reverse=True)[: self.strategy.opening.deals_at_once], ZERO)


def read(path: Path) -> Job:
    """The job of one market in a file. Raises SettingsRefused with every mistake, named by its place in the file."""
    return of(words_of(path))


def words_of(path: Path) -> dict[str, Any]:
    """What a file says, as it stands there. Raises SettingsRefused if that is no object in JSON."""
    try:
        words = json.loads(path.read_text(), parse_float=str)
    except OSError as why:
        raise refused("file", f"{path} cannot be read ({why.strerror}).", "Name a JSON file.") from why
    except ValueError as why:
        raise refused("file", f"{path.name} is not JSON: {why}.", "Correct it there.") from why
    if not isinstance(words, dict):
        raise refused("file", f"{path.name} holds no object.", 'Begin with {"kind": "dca", "market": ...}.')
    return words


def of(words: Mapping[str, Any]) -> Job:
    """The job of one market, without signals, that these words describe. Raises SettingsRefused."""
    problems = []
    if words.get("kind") == "rebalance":
        problems.append(Problem("kind", "a portfolio is on several markets, and this takes one.", _ONE_MARKET))
    elif "markets" in words:
        problems.append(Problem("markets", "this takes one market.", f'Give "market". {_ONE_MARKET}'))
    if words.get("signals"):
        problems.append(Problem("signals", "this hears none.", f"Remove them. {_ONE_MARKET}"))
    job = attempt(problems, lambda: of_any(words))
    if problems or job is None:
        raise SettingsRefused(tuple(problems))
    return job


def of_any(words: Mapping[str, Any]) -> Job:
    """The job that these words describe, of one market or of several. Raises SettingsRefused."""
    problems = [
        Problem(name, "there is no such part.", f"Remove it; a job has: {', '.join(_PARTS)}.")
        for name in words
        if name not in _PARTS
    ]
    markets = attempt(problems, lambda: market_words.markets_of(words))
    options = attempt(problems, lambda: _options(object_of(words, "options", needed=False)))
    capital = attempt(problems, lambda: _amount(words, "capital"))
    signals = attempt(problems, lambda: signal_words.signals_of(words.get("signals")))
    settings = attempt(problems, lambda: object_of(words, "settings"))
    strategy = None if settings is None else attempt(problems, lambda: from_json(str(words.get("kind")), settings))
    if strategy is not None and markets is not None:
        problems += market_words.against(strategy, markets)
        problems += signal_words.against(signals or (), strategy, markets)
        if isinstance(strategy, Rebalance) and words.get("capital") is not None:
            what = "a portfolio begins with what its settings bring in."
            problems.append(Problem("capital", what, "Leave it out; give settings.cash, and coins that are held."))
    if problems or markets is None or options is None or strategy is None:
        raise SettingsRefused(tuple(problems))
    return Job(
        kind=str(words["kind"]),
        strategy=strategy,
        markets=markets,
        options=options if options.balance is not None else dataclasses.replace(options, balance=capital),
        capital=capital,
        settings=tuple((name, _shown(value)) for name, value in (settings or {}).items()),
        signals=signals or (),
    )


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _options(words: Mapping[str, Any]) -> Options:
    known = [field.name for field in dataclasses.fields(Options)]
    problems = [
        Problem(f"options.{name}", "there is no such option.", f"Remove it; there are: {', '.join(known)}.")
        for name in words
        if name not in known
    ]
    understood: dict[str, Any] = {}
    choices: dict[str, type[StrEnum]] = {"fill": FillRule, "gap": GapRule}
    for name, value in words.items():
        try:
            if name in choices:
                understood[name] = choices[name](value)
            elif name == "slippage":
                understood[name] = _fraction(value)
        except ValueError:
            named = f"Choose one of: {', '.join(choices[name])}." if name in choices else ""
            remedy = named or "Give a fraction such as 0.001."
            problems.append(Problem(f"options.{name}", f"{value!r} cannot be.", remedy))
    understood["balance"] = attempt(problems, lambda: _amount(words, "balance", "options.balance"))
    if problems:
        raise SettingsRefused(tuple(problems))
    return Options(**understood)


def _fraction(value: Any) -> Decimal:
    number = positive(value, may_be_zero=True)
    if number >= 1:
        raise ValueError(value)
    return number


def _amount(words: Mapping[str, Any], name: str, place: str | None = None) -> Decimal | None:
    value = words.get(name)
    if value is None:
        return None
    try:
        return positive(value, may_be_zero=False)
    except ValueError:
        raise refused(place or name, f"{value!r} cannot be.", "Give an amount of quote above 0.") from None
