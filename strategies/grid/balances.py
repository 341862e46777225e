"""What a grid needs before it starts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from strategies.deal import Carried
from strategies.grid.choices import Beyond, ProfitIn
from strategies.grid.plan import Plan
from strategies.market import ZERO

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
    """Notional of the largest order, in quote: all coins that all lines can hold, at the highest price that is set.

    Beyond what the settings draw, a grid's coins become fewer as the price rises, and are worth no more than within
    it. Profit that stays in coins piles up without a limit: the double is room for it.
    """
    grid, price = plan.grid, plan.price
    cells = [*plan.drawn(), *map(plan.cell, plan.added(-1))]
    if grid.highest is not None:
        cells += map(plan.cell, plan.added(1))
    prices = [price, grid.upper, grid.highest, grid.stop_above, grid.take_profit_price]
    if plan.count is None:
        prices.append(plan.line(plan.first_held + 1))
        coins = plan.needed + sum((cell.buy_amount for cell in cells if not cell.starts_held), ZERO)
    else:
        coins = sum((cell.buy_amount for cell in cells), ZERO)
    coins += max(coins_given(grid) - plan.needed, ZERO)
    worth = coins * max(each for each in prices if each is not None)
    return max(worth, plan.start_amount(ZERO) * price) * (2 if grid.profit_in is ProfitIn.BASE else 1)
