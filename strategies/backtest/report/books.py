"""The books of a run: what each fill did to the quote and to the coins, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import numpy as np

from strategies.backtest.candles import Floats, Times
from strategies.backtest.report.tied_up import TiedUp
from strategies.backtest.result import Filled, Result
from strategies.market import ZERO, Market

DIGITS = 60  # a sum of products of exchange numbers stays exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Sums over all fills, and the running balances after each fill.

    Coins that deals were given count as bought at what they were worth then: the capital includes them. Coins that a
    short sells are lent to it, so that `held` is below zero while it owes some.

    `quote` and `held` are changes since the start: what was earned less what was spent, what arrived less what was
    sold. `fees` values fees taken in base at the fill's own price; fees in any other asset are counted in `other_fees`
    and touch neither balance, because they were paid from elsewhere.
    """

    quote: Decimal
    held: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]
    lowest_quote: Decimal  # at most 0
    most_tied_up: Decimal
    bars: Times
    quote_after: Floats
    held_after: Floats
    prices: Floats = field(repr=False)


def moves(result: Result) -> Iterable[Filled]:
    """The fills in their order; before those of a deal the coins that it was given."""
    return _with_given(result) if result.given else result.fills


def _with_given(result: Result) -> Iterator[Filled]:
    waiting = iter(result.given)
    given = next(waiting, None)
    for fill in result.fills:
        while given is not None and given.deal <= fill.deal:
            yield given
            given = next(waiting, None)
        yield fill
    if given is not None:
        yield given
        yield from waiting


def moved(fill: Filled, base: str, quote: str) -> tuple[Decimal, Decimal]:
    """Quote and coins that came of a fill, after fees; below zero is what went."""
    coins, money = fill.amount, fill.amount * fill.price
    if fill.side == "buy":
        money = -money
    else:
        coins = -coins
    if fill.fee_asset == quote:
        money -= fill.fee
    elif fill.fee_asset == base:
        coins -= fill.fee
    return money, coins


def books(result: Result, market: Market) -> Books:
    """Add up the fills in their order, in Decimal; the running balances are rounded to floats only to be drawn."""
    quote = held = fees = lowest = ZERO
    other: dict[str, Decimal] = {}
    tied_up = TiedUp([result])
    bars: list[int] = []
    quote_after: list[Decimal] = []
    held_after: list[Decimal] = []
    prices: list[Decimal] = []
    base_asset, quote_asset = market.base, market.quote
    with localcontext() as context:
        context.prec = DIGITS
        for fill in moves(result):
            money, coins = moved(fill, base_asset, quote_asset)
            price, fee = fill.price, fill.fee
            if fill.fee_asset == quote_asset:
                fees += fee
            elif fill.fee_asset == base_asset:
                fees += fee * price
            elif fee:
                other[fill.fee_asset] = other.get(fill.fee_asset, ZERO) + fee
            quote += money
            held += coins
            lowest = min(lowest, quote)
            tied_up.add(fill, money, coins)
            bars.append(fill.bar)
            quote_after.append(quote)
            held_after.append(held)
            prices.append(price)
    return Books(
        quote=quote,
        held=held,
        fees=fees,
        other_fees=other,
        lowest_quote=lowest,
        most_tied_up=tied_up.most,
        bars=np.array(bars, dtype=np.int64),
        quote_after=np.array(quote_after, dtype=np.float64),
        held_after=np.array(held_after, dtype=np.float64),
        prices=np.array(prices, dtype=np.float64),
    )
