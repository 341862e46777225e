"""The books of a run: what each fill did to the quote and to the coins, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import numpy as np

from strategies.backtest.candles import Floats, Times
from strategies.backtest.result import Filled
from strategies.market import ZERO, Market

_DIGITS = 60  # a sum of products of exchange numbers stays exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Sums over all fills, and the running balances after each fill.

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


def books(fills: Iterable[Filled], market: Market) -> Books:
    """Add up the fills in their order, in Decimal; the running balances are rounded to floats only to be drawn."""
    quote = held = fees = lowest = tied_up = most = ZERO
    other: dict[str, Decimal] = {}
    in_deal: dict[int, Decimal] = {}
    bars: list[int] = []
    quote_after: list[Decimal] = []
    held_after: list[Decimal] = []
    prices: list[Decimal] = []
    base_asset, quote_asset = market.base, market.quote
    with localcontext() as context:
        context.prec = _DIGITS
        for fill in fills:
            price, fee = fill.price, fill.fee
            coins, money = fill.amount, fill.amount * price
            if fill.side == "buy":
                money = -money
            else:
                coins = -coins
            if fill.fee_asset == quote_asset:
                money -= fee
                fees += fee
            elif fill.fee_asset == base_asset:
                coins -= fee
                fees += fee * price
            elif fee:
                other[fill.fee_asset] = other.get(fill.fee_asset, ZERO) + fee
            quote += money
            held += coins
            lowest = min(lowest, quote)
            before = in_deal.get(fill.deal, ZERO)
            after = in_deal[fill.deal] = before - money
            tied_up += max(after, ZERO) - max(before, ZERO)
            most = max(most, tied_up)
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
        most_tied_up=most,
        bars=np.array(bars, dtype=np.int64),
        quote_after=np.array(quote_after, dtype=np.float64),
        held_after=np.array(held_after, dtype=np.float64),
        prices=np.array(prices, dtype=np.float64),
    )
