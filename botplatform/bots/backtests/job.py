"""What to test, as JSON:

    {"kind": "dca",
     "market": {"symbol": "BTC/USDT", "tick_size": "0.01", "lot_size": "0.00001", "min_notional": "5",
                "maker_fee": "0.001", "taker_fee": "0.001"},
     "settings": {the settings' own names},
     "options": {"fill": "through" | "touch", "gap": "limit" | "open", "slippage": "0"},
     "capital": "1000"}

`options` and `capital` may be left out: orders then fill when the price goes through them, at their limit, without
slippage, and the capital is what the bot needs for its first deal.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from strategies.backtest.options import FillRule, GapRule, Options
from strategies.kinds import from_json
from strategies.market import Market
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

_NO_PORTFOLIO = "Run it in Python with strategies.backtest.portfolio, or on a paper account."
_PARTS = ("kind", "market", "settings", "options", "capital")
_MARKET = ("symbol", "tick_size", "lot_size", "min_notional", "maker_fee", "taker_fee")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    kind: str
    strategy: Strategy
    market: Market
    options: Options
    capital: Decimal | None
    settings: tuple[tuple[str, str], ...]

    def capital_at(self, start: Decimal) -> Decimal:
        """What the run begins with, in quote: as the job says, or what the bot needs at a price of `start`.

        Coins that its owner gives it count at what they are worth then.
        """
        needed = self.strategy.capital(start, self.market) + self.strategy.given(start, self.market).cost
        return needed if self.capital is None else self.capital


def read(path: Path) -> Job:
    """The job in a file. Raises SettingsRefused with every mistake, named by its place in the file."""
    return of(words_of(path))


def words_of(path: Path) -> dict[str, Any]:
    """What a file says, as it stands there. Raises SettingsRefused if that is no object in JSON."""
    try:
        words = json.loads(path.read_text(), parse_float=str)
    except OSError as why:
        raise _refused("file", f"{path} cannot be read ({why.strerror}).", "Name a JSON file.") from why
    except ValueError as why:
        raise _refused("file", f"{path.name} is not JSON: {why}.", "Correct it there.") from why
    if not isinstance(words, dict):
        raise _refused("file", f"{path.name} holds no object.", 'Begin with {"kind": "dca", "market": ...}.')
    return words


def of(words: Mapping[str, Any]) -> Job:
    """The job that these words describe. Raises SettingsRefused."""
    problems = [
        Problem(name, "there is no such part.", f"Remove it; a job has: {', '.join(_PARTS)}.")
        for name in words
        if name not in _PARTS
    ]
    if words.get("kind") == "rebalance":
        problems.append(Problem("kind", "a portfolio is on several markets, and a job has one.", _NO_PORTFOLIO))
    market = _try(problems, lambda: _market(_object(words, "market")))
    options = _try(problems, lambda: _options(_object(words, "options", needed=False)))
    capital = _try(problems, lambda: _capital(words.get("capital")))
    settings = _try(problems, lambda: _object(words, "settings"))
    strategy = None if settings is None else _try(problems, lambda: from_json(str(words.get("kind")), settings))
    if problems or market is None or options is None or strategy is None:
        raise SettingsRefused(tuple(problems))
    shown = tuple((name, str(value)) for name, value in (settings or {}).items())
    return Job(
        kind=str(words["kind"]),
        strategy=strategy,
        market=market,
        options=options,
        capital=capital,
        settings=shown,
    )


def _try(problems: list[Problem], read_part: Any) -> Any:
    try:
        return read_part()
    except SettingsRefused as why:
        problems.extend(why.problems)
        return None


def _object(words: Mapping[str, Any], name: str, *, needed: bool = True) -> dict[str, Any]:
    value = words.get(name)
    if value is None and not needed:
        return {}
    if not isinstance(value, dict):
        raise _refused(name, "it is missing or no object.", f'Give "{name}": {{...}}.')
    return value


def _market(words: Mapping[str, Any]) -> Market:
    problems = [
        Problem(f"market.{name}", "there is no such field.", f"Remove it; a market has: {', '.join(_MARKET)}.")
        for name in words
        if name not in _MARKET
    ]
    symbol = words.get("symbol")
    if not isinstance(symbol, str) or "/" not in symbol:
        problems.append(Problem("market.symbol", f"{symbol!r} is no spot market.", 'Give base and quote: "BTC/USDT".'))
    elif ":" in symbol:
        problems.append(Problem("market.symbol", f"{symbol} is no spot market.", "Futures and swaps are not traded."))
    numbers: dict[str, Any] = {}
    for name in _MARKET[1:]:
        if name not in words:
            if name in ("tick_size", "lot_size"):
                problems.append(Problem(f"market.{name}", "it is missing.", "Give a decimal number above 0."))
            continue
        try:
            numbers[name] = _positive(words[name], may_be_zero=name not in ("tick_size", "lot_size"))
        except ValueError:
            problems.append(Problem(f"market.{name}", f"{words[name]!r} cannot be.", "Give a plain decimal number."))
    if problems:
        raise SettingsRefused(tuple(problems))
    return Market(symbol=str(symbol), **numbers)


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
                understood[name] = _positive(value, may_be_zero=True)
        except ValueError:
            named = f"Choose one of: {', '.join(choices[name])}." if name in choices else ""
            remedy = named or "Give a fraction such as 0.001."
            problems.append(Problem(f"options.{name}", f"{value!r} cannot be.", remedy))
    if problems:
        raise SettingsRefused(tuple(problems))
    return Options(**understood)


def _capital(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        return _positive(value, may_be_zero=False)
    except ValueError:
        raise _refused("capital", f"{value!r} cannot be.", "Give an amount of quote above 0.") from None


def _positive(value: Any, *, may_be_zero: bool) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(value)  # noqa: TRY004 - the caller asks whether the value can be, not what it is
    try:
        number = Decimal(value)
    except InvalidOperation as why:
        raise ValueError(value) from why
    if not number.is_finite() or number < 0 or (number == 0 and not may_be_zero):
        raise ValueError(value)
    return number


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
