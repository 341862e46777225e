"""The markets of a job: one, or several of one quote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botplatform.bots.backtests.reading import below, positive, refused, rows_of
from strategies.dca import DCA
from strategies.market import Market
from strategies.rebalance import Rebalance
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

_FIELDS = ("symbol", "tick_size", "lot_size", "min_notional", "maker_fee", "taker_fee")
_MOST = 200


def markets_of(words: Mapping[str, Any]) -> tuple[Market, ...]:
    """The market of `market`, or those of `markets`. Raises SettingsRefused with every mistake."""
    if "markets" not in words:
        if not isinstance(words.get("market"), dict):
            raise refused("market", "it is missing or no object.", 'Give "market": {...}, or several as "markets": [].')
        return (below("market", lambda: _market(words["market"])),)
    if "market" in words:
        raise refused("market", "it stands beside markets.", "Give one of the two.")
    listed = words["markets"]
    if not isinstance(listed, list) or not listed:
        raise refused("markets", "this is no list of markets.", 'Give "markets": [{"symbol": ...}, ...].')
    if len(listed) > _MOST:
        raise refused("markets", f"{len(listed)} are too many.", f"Give at most {_MOST}.")
    found = rows_of("markets", listed, _market)
    if problems := tuple(_against_each_other(found)):
        raise SettingsRefused(problems)
    return tuple(found)


def against(strategy: Strategy, markets: Sequence[Market]) -> Iterator[Problem]:
    """What does not fit between a bot and its markets: a portfolio has one for each coin, a grid one alone."""
    if not isinstance(strategy, Rebalance):
        slots = strategy.opening.deals_at_once
        if len(markets) > slots and not isinstance(strategy, DCA):
            what = f"this bot has {slots} deal at a time, and keeps it: the other markets would see none."
            yield Problem("markets", what, "Make a job for each market.")
        return
    symbols = [market.symbol for market in markets]
    for place, coin in enumerate(strategy.coins):
        if coin.symbol not in symbols:
            yield Problem(
                f"coins[{place}].symbol",
                f"{coin.symbol} is none of the job's markets.",
                "Add it to markets, or take the coin out.",
            )
    for place, symbol in enumerate(symbols):
        if strategy.coin(symbol) is None:
            where = f"markets[{place}].symbol" if len(symbols) > 1 else "market.symbol"
            yield Problem(where, f"{symbol} is none of the portfolio's coins.", "Add the coin, or take it out.")


def _against_each_other(markets: Sequence[Market]) -> Iterator[Problem]:
    for symbol, count in Counter(market.symbol for market in markets).items():
        if count > 1:
            yield Problem("markets", f"{symbol} is there {count} times.", "Name each market once.")
    quotes = sorted({market.quote for market in markets})
    if len(quotes) > 1:
        yield Problem(
            "markets",
            f"they are quoted in {' and '.join(quotes)}.",
            "Choose markets of one quote: the bot has one capital.",
        )


def _market(words: Any) -> Market:
    if not isinstance(words, Mapping):
        raise refused("", "this is no object.", f"Give an object with: {', '.join(_FIELDS)}.")
    problems = [
        Problem(name, "there is no such field.", f"Remove it; a market has: {', '.join(_FIELDS)}.")
        for name in words
        if name not in _FIELDS
    ]
    symbol = words.get("symbol")
    if not isinstance(symbol, str) or "/" not in symbol:
        problems.append(Problem("symbol", f"{symbol!r} is no spot market.", 'Give base and quote: "BTC/USDT".'))
    elif ":" in symbol:
        problems.append(Problem("symbol", f"{symbol} is no spot market.", "Futures and swaps are not traded."))
    numbers: dict[str, Any] = {}
    for name in _FIELDS[1:]:
        if name not in words:
            if name in ("tick_size", "lot_size"):
                problems.append(Problem(name, "it is missing.", "Give a decimal number above 0."))
            continue
        try:
            numbers[name] = positive(words[name], may_be_zero=name not in ("tick_size", "lot_size"))
        except ValueError:
            problems.append(Problem(name, f"{words[name]!r} cannot be.", "Give a plain decimal number."))
    if problems:
        raise SettingsRefused(tuple(problems))
    return Market(symbol=str(symbol), **numbers)
