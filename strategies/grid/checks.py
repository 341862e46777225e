"""Settings of a grid that cannot work, and those that hardly do what is expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_UP, Context, Decimal
from typing import TYPE_CHECKING

from strategies.grid.balances import coins_given
from strategies.grid.choices import Beyond, ProfitIn, Spacing, StopAction
from strategies.grid.plan import MOST_ADDED, Flaw, Plan
from strategies.market import ONE
from strategies.settings import Problem

if TYPE_CHECKING:
    from strategies.grid.bot import Grid

_FAR = 5  # times the price, or that part of it: exchanges with a percent-price rule refuse orders that far away


def contradictions(grid: Grid) -> Iterator[Problem]:
    """What the settings alone rule out."""
    yield from _of_the_range(grid)
    if (grid.quote_a_line is None) == (grid.base_a_line is None):
        yield Problem("quote_a_line", "it takes either this or base_a_line.", "Give exactly one of the two.")
    yield from _of_the_limits(grid)
    yield from _of_the_ends(grid)


def _of_the_range(grid: Grid) -> Iterator[Problem]:
    if grid.step is not None:
        yield from _without_end(grid)
        return
    for name, value in (("upper", grid.upper), ("lines", grid.lines)):
        if value is None:
            yield Problem(name, "it is missing.", "Give it, or step for a grid without a highest line.")
    if grid.upper is not None and grid.lower >= grid.upper:
        yield Problem("upper", f"{grid.upper} is not above the lowest line.", f"Give more than {grid.lower}.")


def _without_end(grid: Grid) -> Iterator[Problem]:
    for name, value in (("upper", grid.upper), ("lines", grid.lines)):
        if value is not None:
            yield Problem(name, "a grid with a step has no highest line.", f"Leave {name} or step empty.")
    if grid.spacing is Spacing.ARITHMETIC:
        yield Problem("spacing", "without a highest line they lie at equal ratios.", "Choose geometric.")
    if grid.base_a_line is not None:
        yield Problem("base_a_line", "for lines without end no amount of coins is enough.", "Give quote_a_line.")
    for name, way in (("above", grid.above), ("below", grid.below)):
        if way is not Beyond.STAY:
            yield Problem(name, "a grid without a highest line stays where it is.", "Choose stay.")


def _of_the_limits(grid: Grid) -> Iterator[Problem]:
    for name, limit, way in (("highest", grid.highest, grid.above), ("lowest", grid.lowest, grid.below)):
        if limit is not None and way is Beyond.STAY:
            where = "above" if name == "highest" else "below"
            yield Problem(name, "the grid stays where it is.", f"Leave it empty, or choose trail or expand {where}.")
    if grid.below is not Beyond.STAY and grid.lowest is None:
        yield Problem("lowest", "each line below asks for more quote.", "Give the price down to which it may go.")
    if grid.highest is None and grid.above is Beyond.EXPAND:
        yield Problem("highest", "each line above asks for more quote.", "Give the price up to which it may go.")
    if grid.highest is None and grid.above is Beyond.TRAIL and grid.below is not Beyond.STAY:
        yield Problem(
            "highest",
            "a grid that follows the price up without a limit, and down again, asks for quote without a limit.",
            "Give the price up to which it may go.",
        )
    if grid.highest is not None and grid.upper is not None and grid.highest <= grid.upper:
        yield Problem("highest", f"{grid.highest} is not above the highest line.", f"Give more than {grid.upper}.")
    if grid.lowest is not None and grid.lowest >= grid.lower:
        yield Problem("lowest", f"{grid.lowest} is not below the lowest line.", f"Give less than {grid.lower}.")


def _of_the_ends(grid: Grid) -> Iterator[Problem]:
    if grid.stop_below_action is StopAction.BUY:
        yield Problem("stop_below_action", "it would buy what falls.", "Choose stop, sell or close.")
    bottom = grid.lower if grid.lowest is None else grid.lowest
    top = grid.upper if grid.highest is None else grid.highest
    if grid.stop_below is not None and grid.stop_below >= bottom:
        yield Problem("stop_below", f"{grid.stop_below} lies within the grid.", f"Give less than {bottom}.")
    if grid.stop_above is not None and grid.stop_above <= (top or grid.lower):
        yield Problem("stop_above", f"{grid.stop_above} lies within the grid.", f"Give more than {top or grid.lower}.")
    if grid.take_profit_price is not None:
        if grid.take_profit_price <= grid.lower:
            yield Problem("take_profit_price", "it is not above the lowest line.", f"Give more than {grid.lower}.")
        if grid.stop_above is not None and grid.take_profit_price >= grid.stop_above:
            yield Problem("take_profit_price", "the stop above ends the grid first.", "Leave one of the two empty.")


def problems(plan: Plan) -> Iterator[Problem]:
    """What cannot work on this market while it stands at this price."""
    grid, market, price = plan.grid, plan.market, plan.price
    if plan.count is None and plan.first_held == MOST_ADDED:
        yield Problem(
            "lower", f"more than {MOST_ADDED} lines would lie below the price.", "Give more, or a larger step."
        )
        return
    numbers = [cell.number for cell in plan.drawn()]
    flaws = [(number, flaw) for number in numbers if (flaw := plan.flaw(number))]
    # The closest lines first, then the smallest order: one sentence is enough for all cells with the same flaw.
    for kind in Flaw:
        found = [number for number, flaw in flaws if flaw is kind]
        if found:
            yield _flawed(plan, found[-1] if kind is Flaw.TOO_SMALL else found[0], kind)
    if not flaws:
        yield from _of_added_lines(plan)
    yield from _of_open_orders(plan)
    for name, end, over in (
        ("stop_below", grid.stop_below, grid.stop_below is not None and price <= grid.stop_below),
        ("stop_above", grid.stop_above, grid.stop_above is not None and price >= grid.stop_above),
        ("take_profit_price", grid.take_profit_price, price >= (grid.take_profit_price or price + 1)),
    ):
        if over:
            yield Problem(name, f"{market.symbol} stands at {price}: {end} is reached.", "Give a price further away.")


def _flawed(plan: Plan, number: int, flaw: Flaw) -> Problem:
    low, high, market = plan.line(number), plan.line(number + 1), plan.market
    amount = "quote_a_line" if plan.grid.quote_a_line is not None else "base_a_line"
    if flaw in (Flaw.NO_PRICE, Flaw.TOO_CLOSE):
        least = plan.least_distance(high).normalize()
        return Problem(
            "lines" if plan.grid.step is None else "step",
            f"two of them are {high - low} apart, and two fees and a tick are {least:f}.",
            "Draw fewer lines, or a wider range." if plan.grid.step is None else "Give a larger step.",
        )
    cell = plan.cell(number)
    if flaw is Flaw.TOO_SMALL:
        coins = max(market.min_notional / low, market.smallest) * 2
        return Problem(
            amount,
            f"{cell.sell_amount} {market.base} at {low} is below the smallest order of {market.symbol}.",
            f"Give at least {_in_its_unit(plan, coins, high)}.",
        )
    gain = high / low * (ONE - market.maker_fee) * (ONE - plan.fee) - ONE
    return Problem(
        amount,
        f"of {cell.buy_amount} {market.base} bought at {low} no more than {plan.arriving(cell.buy_amount)} arrive in"
        " whole lots, and selling them does not bring back what they cost.",
        f"Give at least {_in_its_unit(plan, 2 * market.lot_size / gain, high)}." if gain > 0 else "Draw fewer lines.",
    )


def _in_its_unit(plan: Plan, coins: Decimal, price: Decimal) -> Decimal:
    amount = coins * price if plan.grid.quote_a_line is not None else coins
    return Context(prec=3, rounding=ROUND_UP).plus(amount).normalize()


def _of_added_lines(plan: Plan) -> Iterator[Problem]:
    """Lines that are to be added, and cannot."""
    grid = plan.grid
    for name, way, limit, step in (("above", grid.above, grid.highest, 1), ("below", grid.below, grid.lowest, -1)):
        if way is Beyond.STAY or plan.count is None:
            continue
        field = name if limit is None else ("highest" if step > 0 else "lowest")
        numbers = list(plan.added(step))
        if len(numbers) == MOST_ADDED:
            if limit is not None:
                yield Problem(field, f"more than {MOST_ADDED} lines lie up to there.", "Give a price that is nearer.")
            continue
        ended = numbers[-1] + step if numbers else (plan.count if step > 0 else -1)
        outer = plan.line(ended + 1 if step > 0 else ended)
        flaw = plan.flaw(ended)
        if flaw and (not numbers if limit is None else (limit - outer) * step >= 0):
            remedy = "Choose stay." if limit is None else f"Give a price nearer than {outer}, or more a line."
            yield Problem(field, f"at the line {outer} {_WHY[flaw]}.", remedy)
        elif not numbers:
            yield Problem(field, "not even one line lies up to there.", f"Give {outer} or a price beyond it.")


_WHY = {
    Flaw.NO_PRICE: "there is no price any more",
    Flaw.TOO_CLOSE: "two lines are closer than two fees and a tick",
    Flaw.TOO_SMALL: "what a line buys falls under the smallest order",
    Flaw.LOSES: "what a line buys is so few lots that the commission takes more than the turn brings",
}


def _of_open_orders(plan: Plan) -> Iterator[Problem]:
    grid, most = plan.grid, plan.market.max_orders
    problem = f"{plan.market.symbol} allows {most} open orders."
    if grid.active_lines is not None:
        if 2 * grid.active_lines > most:
            yield Problem("active_lines", problem, f"Give at most {most // 2}.")
        return
    if plan.count is None:
        if plan.first_held + plan.sells_ahead > most:
            yield Problem("active_lines", problem, f"Give at most {most // 2}.")
        return
    added = sum(
        len(list(plan.added(step))) for step, way in ((1, grid.above), (-1, grid.below)) if way is Beyond.EXPAND
    )
    if plan.count + 1 + added > most:
        yield Problem("lines", problem, "Draw fewer lines, or give active_lines.")


def warnings(plan: Plan) -> Iterator[Problem]:
    """What works, but hardly as expected."""
    yield from _of_where_it_starts(plan)
    yield from _of_where_it_goes(plan)
    grid = plan.grid
    if grid.profit_in is ProfitIn.BASE and any(
        cell.sell_amount == plan.arriving(cell.buy_amount) for cell in plan.drawn()
    ):
        yield Problem(
            "profit_in",
            "some lines buy so few lots that less than one stays as profit in a turn.",
            "Give more a line, or take the profit in quote.",
        )


def _of_where_it_starts(plan: Plan) -> Iterator[Problem]:
    grid, price = plan.grid, plan.price
    if price < grid.lower:
        text = f"the price {price} is below it: the coins of all lines are bought at once."
        yield Problem("lower", text, "Give less than that.")
    if grid.upper is not None and price > grid.upper:
        yield Problem(
            "upper", f"the price {price} is above it: nothing happens until it falls.", "Give more than that."
        )
    if coins_given(grid) > plan.needed:
        text = f"the lines above the price need {plan.needed} {plan.market.base}: the rest only waits."
        yield Problem("coins_held", text, f"Give {plan.needed}.")
    top, bottom = grid.highest or grid.upper or price, grid.lowest or grid.lower
    if grid.active_lines is None and (top > price * _FAR or bottom * _FAR < price):
        yield Problem(
            "active_lines",
            "some lines are so far from the price that exchanges refuse their orders.",
            "Give a number: lines further away wait until the price comes nearer.",
        )


def _of_where_it_goes(plan: Plan) -> Iterator[Problem]:
    grid = plan.grid
    if grid.above is Beyond.TRAIL:
        last = max(plan.added(1), default=-1) + 1
        if grid.highest is None and last and (flaw := plan.flaw(last)):
            text = f"above {plan.line(last)} {_WHY[flaw]}: it trails no further."
            yield Problem("above", text, "Give highest, so that the end is where you want it.")
        if grid.stop_below is not None:
            text = "it stays where it is while the grid trails upwards."
            yield Problem("stop_below", text, "Begin a new grid when it should lie higher.")
    if grid.take_profit_price is not None and grid.upper is not None and grid.take_profit_price <= grid.upper:
        text = "it lies within the grid: the lines above it are never reached."
        yield Problem("take_profit_price", text, f"Give more than {grid.upper}.")
