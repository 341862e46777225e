"""Trailing and expansion: where the grid stands, and when it moves.

The cells that the grid stands on are a stretch of all the cells there could be. When the price is one step beyond the
outermost line, the stretch moves by one (trail) or grows by one (expand):

    above   trail   the lowest line's buy is cancelled, and a cell is added on top that buys with the same quote. The
                    grid waits for that while the lowest cell still has coins: it never spends more than before.
            expand  a cell is added on top, with quote of its own.
    below   trail   the highest line's sell is cancelled, its coins stay with the grid; a cell is added at the bottom
                    that buys with quote of its own. Coming back up the grid sells those coins again.
            expand  a cell is added at the bottom, with quote of its own.

Quote of its own is part of what the grid asks for at the start, which is why these need a limit.

A deal whose memory of this is lost stands where its fills show that it has been, or at the start; the next price moves
it to where it belongs. That is safe because every cell's own fills say whether it has coins.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from strategies.deal import Deal
from strategies.events import Crossing, Watch
from strategies.grid.cells import is_idle, number_of, order_of
from strategies.grid.choices import Beyond
from strategies.grid.plan import Plan
from strategies.grid.state import GridState, state_of
from strategies.orders import Order, Side

_UP = {
    Beyond.TRAIL: "the price is a step above the highest line: the grid moves up by one line",
    Beyond.EXPAND: "the price is a step above the highest line: a line is added on top",
}
_DOWN = {
    Beyond.TRAIL: "the price is a step below the lowest line: the grid moves down by one line",
    Beyond.EXPAND: "the price is a step below the lowest line: a line is added at the bottom",
}


def stretch(plan: Plan, deal: Deal) -> tuple[int, int]:
    """The first cell that the grid stands on, and the first one above it. Only for a grid with a highest line."""
    count = plan.count or 0
    state: GridState = state_of(deal.state)
    if state.first is not None and state.end is not None:
        return state.first, state.end
    if plan.stays:
        return 0, count
    return _seen_in_fills(plan, deal, count)


def orders(plan: Plan, deal: Deal) -> Iterator[Order]:
    """One order for each cell that the grid stands on, and sells of coins that came after a cell was dropped."""
    first, end = stretch(plan, deal)
    if plan.grid.above is Beyond.TRAIL and first > 0:
        yield from _late(plan, deal, first)
    for number in range(first, end):
        order = order_of(deal, plan.cell(number), plan.short)
        if order.side is Side.SELL or _is_paid(plan, deal, number):
            yield order


def stands_on(plan: Plan, deal: Deal, number: int) -> bool:
    """Whether the grid stands on this cell, and whatever it wants can be wanted."""
    first, end = stretch(plan, deal)
    return first <= number < end and _is_paid(plan, deal, number)


def _is_paid(plan: Plan, deal: Deal, number: int) -> bool:
    """Whether a cell added by trailing upwards can buy: the one whose quote it was given did not fill after all."""
    if plan.count is None or number < plan.count or plan.grid.below is not Beyond.STAY:
        return True
    return plan.grid.above is not Beyond.TRAIL or is_idle(deal, plan.cell(number - plan.count), plan.short)


def _late(plan: Plan, deal: Deal, first: int) -> Iterator[Order]:
    """A cancel may come too late: what a dropped line bought then is sold, at a price that is behind the market."""
    numbers = {number for name in deal.by_order if (number := number_of(name)) is not None and number < first}
    for number in sorted(numbers):
        order = order_of(deal, plan.cell(number), plan.short)
        if order.side is Side.SELL:
            yield order


def moves(plan: Plan, deal: Deal) -> Iterator[Watch]:
    """The prices at which the grid moves."""
    if plan.count is None:
        return
    first, end = stretch(plan, deal)
    if _can_rise(plan, deal, first, end):
        yield Watch(crossing=Crossing.ABOVE, price=plan.line(end + 1), then=_UP[plan.grid.above])
    if plan.grid.below is not Beyond.STAY and plan.may_add(first - 1):
        yield Watch(crossing=Crossing.BELOW, price=plan.line(first - 1), then=_DOWN[plan.grid.below])


def moved(plan: Plan, deal: Deal, price: Decimal) -> None:
    """Move the grid to where this price wants it, line by line."""
    if plan.count is None:
        return
    first, end = before = stretch(plan, deal)
    rises, falls = plan.grid.above, plan.grid.below
    while _can_rise(plan, deal, first, end) and price >= plan.line(end + 1):
        first, end = first + (rises is Beyond.TRAIL), end + 1
    while falls is not Beyond.STAY and plan.may_add(first - 1) and price <= plan.line(first - 1):
        first, end = first - 1, end - (falls is Beyond.TRAIL)
    if (first, end) != before:
        deal.state = msgspec.structs.replace(state_of(deal.state), first=first, end=end)


def may_depend_on(plan: Plan, deal: Deal, number: int) -> bool:
    """Whether where the grid stands, or may move next, depends on what this cell has traded."""
    first, end = stretch(plan, deal)
    if not first <= number < end or (plan.grid.above is Beyond.TRAIL and number == first):
        return True
    return deal.state is None and not 0 <= number < (plan.count or 0)


def _can_rise(plan: Plan, deal: Deal, first: int, end: int) -> bool:
    """Whether a line may be added above: within the limits, and the line that it is paid with has no coins."""
    how = plan.grid.above
    if how is Beyond.STAY or not plan.may_add(end):
        return False
    return how is Beyond.EXPAND or (plan.started(deal) and is_idle(deal, plan.cell(first), plan.short))


def _seen_in_fills(plan: Plan, deal: Deal, count: int) -> tuple[int, int]:
    names = len(deal.by_order)
    if plan.seen_in_fills[0] != names:
        plan.seen_in_fills = (names, *_where(plan, deal, count))
    return plan.seen_in_fills[1:]


def _where(plan: Plan, deal: Deal, count: int) -> tuple[int, int]:
    numbers = [number for name in deal.by_order if (number := number_of(name)) is not None]
    lowest, highest = min([0, *numbers]), max([count - 1, *numbers])
    if plan.grid.above is Beyond.EXPAND or plan.grid.below is Beyond.EXPAND:
        return lowest, highest + 1
    if lowest < 0 and highest >= count:
        return 0, count  # it has been beyond both ends
    shift = lowest + highest - (count - 1)
    return shift, shift + count
