"""The averaging ladder: where the bot buys more, and how much.

Formulas agree with 624 recorded averaging orders of 3Commas (long, spot):

    dev_n   = step x sum(step_scale^i for i < n)
    price_n = floor to tick of (base average price incl. fee x (1 - dev_n))
    vol_n   = volume x volume_scale^(n-1) + flat
    amount_n = ceil to lot of (vol_n / price_n)
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

import msgspec

from strategies.market import ONE, ZERO, Market


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One averaging order of the ladder, rounded as the exchange wants it."""

    number: int  # from 1
    deviation: Decimal  # below the base order's price, a fraction
    price: Decimal
    amount: Decimal  # base currency

    @property
    def notional(self) -> Decimal:
        """Quote that the rung really needs: rounding up to a lot overspends what was asked for."""
        return self.price * self.amount


@lru_cache(maxsize=4096)
def deviations(step: Decimal, step_scale: Decimal, count: int) -> tuple[Decimal, ...]:
    """Distance of each rung from the base price, as fractions, nearest first."""
    deviation, next_step, found = ZERO, step, []
    for _ in range(count):
        deviation += next_step
        found.append(deviation)
        next_step *= step_scale
    return tuple(found)


def rungs(
    anchor: Decimal,
    market: Market,
    *,
    volume: Decimal,
    count: int,
    step: Decimal,
    step_scale: Decimal = ONE,
    volume_scale: Decimal = ONE,
    flat: Decimal = ZERO,
) -> Iterator[Rung]:
    """The ladder under `anchor`, the base order's average price with its fee.

    `volume` is the first rung's in quote; `flat` is added to each rung unscaled (reinvested profit, or less risk
    when negative). A rung whose volume is not above zero is left out.
    """
    size = volume
    for number, deviation in enumerate(deviations(step, step_scale, count), 1):
        price = market.price_down(anchor * (ONE - deviation))
        if price > 0 and size + flat > 0:
            amount = market.amount_up((size + flat) / price)
            yield Rung(number=number, deviation=deviation, price=price, amount=amount)
        size *= volume_scale
