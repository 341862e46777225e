"""What a grid remembers that no fill tells."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from strategies.events import Crossing


class GridState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`first` and `end`: the cells that the grid stands on now, `end` the first one above it. None: never moved.

    `stopped` is which stop ended the grid, at what price of the market.
    """

    first: int | None = None
    end: int | None = None
    stopped: Crossing | None = None
    stopped_at: Decimal | None = None


UNMOVED = GridState()


def state_of(state: GridState | None) -> GridState:
    return UNMOVED if state is None else state
