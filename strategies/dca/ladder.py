"""The averaging ladder: where the bot buys more, and how much.

Formulas agree with 624 recorded averaging orders of 3Commas (long, spot):

    dev_n   = step x sum(step_scale^i for i < n)
    price_n = floor to tick of (base average price incl. fee x (1 - dev_n))
    vol_n   = volume x volume_scale^(n-1) + flat
    amount_n = ceil to lot of (vol_n / price_n)

A short deal mirrors them. "From last executed" is not among the recordings, and specified by us:

    price_n = floor to tick of (price_(n-1) x (1 - step x step_scale^(n-1)))

where price_(n-1) is what the order before really traded at, or its limit while it has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from strategies.dca.choices import Direction, VolumeIn
from strategies.market import ONE, ZERO, Market

_LONG, _BASE = Direction.LONG, VolumeIn.BASE  # asked for every rung: an enum's class is slow to look into


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One averaging order of the ladder, rounded as the exchange wants it."""

    number: int  # from 1
    deviation: Decimal  # against the deal, a fraction of the price that it is measured from
    price: Decimal
    amount: Decimal  # base currency

    @property
    def notional(self) -> Decimal:
        """Quote that the rung really needs: rounding up to a lot overspends what was asked for."""
        return self.price * self.amount


class Offer(NamedTuple):
    """A rung before it is rounded: how far away, and how much in the unit of the settings."""

    number: int
    deviation: Decimal
    size: Decimal
    factor: Decimal  # 1 - deviation when long, 1 + deviation when short


@lru_cache(maxsize=4096)
def deviations(step: Decimal, step_scale: Decimal, count: int) -> tuple[Decimal, ...]:
    """Distance of each rung from the base price, as fractions, nearest first."""
    deviation, next_step, found = ZERO, step, []
    for _ in range(count):
        deviation += next_step
        found.append(deviation)
        next_step *= step_scale
    return tuple(found)


@lru_cache(maxsize=4096)
def scaled(first: Decimal, scale: Decimal, count: int) -> tuple[Decimal, ...]:
    """`first x scale^(n-1)` for n = 1 to `count`."""
    found = []
    for _ in range(count):
        found.append(first)
        first *= scale
    return tuple(found)


def rounded(
    anchor: Decimal, offer: Offer, market: Market, direction: Direction, volume_in: VolumeIn
) -> tuple[Decimal, Decimal] | None:
    """Price and amount of a rung that is measured from `anchor`; None if they would not be above zero."""
    price = (market.price_down if direction is _LONG else market.price_up)(anchor * offer.factor)
    if price <= 0 or offer.size <= 0:
        return None
    return price, market.amount_up(offer.size if volume_in is _BASE else offer.size / price)


def placed(
    anchor: Decimal,
    market: Market,
    offered: Iterable[Offer],
    direction: Direction = Direction.LONG,
    volume_in: VolumeIn = VolumeIn.QUOTE,
) -> Iterator[Rung]:
    """The rungs around `anchor`, each measured from it. One without a size or a price above zero is left out."""
    for offer in offered:
        if (found := rounded(anchor, offer, market, direction, volume_in)) is not None:
            yield Rung(number=offer.number, deviation=offer.deviation, price=found[0], amount=found[1])


def chained(
    anchor: Decimal,
    market: Market,
    offered: Iterable[Offer],
    direction: Direction = Direction.LONG,
    volume_in: VolumeIn = VolumeIn.QUOTE,
) -> Iterator[Rung]:
    """The rungs after `anchor`, each measured from the one before."""
    for offer in offered:
        for rung in placed(anchor, market, (offer,), direction, volume_in):
            yield rung
            anchor = rung.price


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
    when negative).
    """
    sizes = scaled(volume, volume_scale, count)
    distances = enumerate(deviations(step, step_scale, count), 1)
    offered = (Offer(number, far, sizes[number - 1] + flat, ONE - far) for number, far in distances)
    return placed(anchor, market, offered)
