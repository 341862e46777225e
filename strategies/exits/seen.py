"""What the exits of a deal have seen that no fill tells. It is kept with the deal."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Reached(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A step whose price was reached: it trades at the market until it has traded `total`."""

    step: int  # from 1
    total: Decimal


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Empty at first. Times are milliseconds since 1970."""

    best: Decimal | None = None  # the best price since the entry; kept for a stop loss that trails
    peak: Decimal | None = None  # the best price since the trailing take profit began
    reached: tuple[Reached, ...] = ()
    done: tuple[int, ...] = ()  # steps that had traded when funds were added: what came later is not theirs
    below_since: int | None = None  # since when the price has stood at the stop loss or beyond
    stopped_at: Decimal | None = None  # the stop loss that was reached


NOTHING_SEEN = Seen()
