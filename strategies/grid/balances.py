"""What a grid needs before it starts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from strategies.deal import Carried
from strategies.grid.choices import Beyond, ProfitIn
from strategies.grid.plan import Plan
from strategies.market import ONE, ZERO

if TYPE_CHECKING:
    from strategies.grid.bot import Grid


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be on the account: `quote` to spend, and `base` that its owner gives to the grid."""

    quote: Decimal
    base: Decimal


def coins_given(grid: Grid) -> Decimal:
    return grid.coins_held or ZERO


def quote_needed(plan: Plan, coins: Decimal) -> Decimal:
    """Quote for the start and every buy that can ever rest at once, as they are really rounded; `coins` are there.

    What is sold pays for the buy below it, so a grid never has more of its quote in coins than this.
    """
    if coins in plan.quotes:
        return plan.quotes[coins]
    start = plan.start_amount(coins) * plan.price
    buys = sum((cell.cost for cell in plan.drawn() if not cell.starts_held), ZERO)
    added = sum((plan.cell(number).cost for number in plan.added(-1)), ZERO)
    if plan.grid.above is Beyond.EXPAND or (plan.grid.above is Beyond.TRAIL and plan.grid.below is not Beyond.STAY):
        added += sum((plan.cell(number).cost for number in plan.added(1)), ZERO)
    plan.quotes[coins] = start + buys + added
    return plan.quotes[coins]


def invested(plan: Plan, carried: Carried) -> Decimal:
    """What profit is a fraction of: the quote asked for, and what the coins given were worth."""
    return quote_needed(plan, carried.amount) + carried.cost


def largest_order(plan: Plan) -> Decimal:
    """Notional of the largest order, in quote: all coins at once, at the highest price at which there are so many.

    Without a limit above, a grid's coins become fewer as the price rises and are worth no more than within its first
    lines. Profit that stays in coins piles up: the double is room for it.
    """
    grid, price = plan.grid, plan.price
    highest = max(each for each in (grid.upper, grid.highest, price) if each is not None)
    rise = highest / price
    if grid.step is not None:
        rise = max(rise, ONE + grid.step)
    elif grid.above is Beyond.TRAIL and grid.upper is not None:
        rise = max(rise, grid.upper / grid.lower)
    worth = quote_needed(plan, coins_given(grid)) + coins_given(grid) * price
    return worth * rise * (2 if grid.profit_in is ProfitIn.BASE else 1)
