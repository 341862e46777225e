"""What cannot work in a bot's exits, in words: the fields are called `take_profit`, `trailing` and `stop_loss`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from strategies.exits.exits import Exits
from strategies.exits.position import Position
from strategies.exits.seen import NOTHING_SEEN
from strategies.exits.step import MOST_STEPS, deal_out
from strategies.market import ONE, ZERO
from strategies.settings import Problem


def impossible(exits: Exits) -> Iterator[Problem]:
    """What contradicts itself on any market."""
    steps, stop = exits.steps, exits.stop_loss
    if len(steps) > MOST_STEPS:
        yield Problem("take_profit", f"there are {len(steps)} steps.", f"Give at most {MOST_STEPS}.")
    shares = sum((step.share for step in steps), ZERO)
    if steps and shares != ONE:
        yield Problem("take_profit", f"the steps sell {shares:%} of the position.", "Let their shares add up to 1.")
    for number, (one, other) in enumerate(pairwise(steps), 2):
        if one.profit is not None and other.profit is not None and other.profit <= one.profit:
            yield Problem(
                f"take_profit[{number - 1}].profit",
                f"step {number} is not beyond step {number - 1}.",
                f"Give more than {one.profit}.",
            )
    if exits.trailing is not None and not steps:
        yield Problem("trailing", "there is no take profit to begin at.", "Add a take-profit step, or leave it empty.")
    after = None if stop is None else stop.break_even_after
    if after is not None and after > len(steps):
        yield Problem(
            "stop_loss.break_even_after",
            f"there is no take-profit step {after}.",
            f"Give at most {len(steps)}, or leave it empty." if steps else "Add a take-profit step, or leave it empty.",
        )


def unfit(exits: Exits, position: Position, price: Decimal) -> Iterator[Problem]:
    """What cannot work for this position on its market, which stands at `price` when the position has been taken."""
    yield from _unfit_steps(exits, position, price)
    yield from _unfit_stop(exits, position, price)


def _unfit_steps(exits: Exits, position: Position, price: Decimal) -> Iterator[Problem]:
    steps, market = exits.steps, position.market
    prices = [step.at(position) for step in steps]
    beyond = "above" if position.long else "below"
    for number, (step, at) in enumerate(zip(steps, prices, strict=True), 1):
        field = f"take_profit[{number - 1}]"
        nearest = price if number == 1 else prices[number - 2]
        if at <= 0:
            yield Problem(f"{field}.profit", f"step {number} would stand at {at}.", "Give a smaller profit.")
        elif position.past(nearest, at):
            what = "the price of the position" if number == 1 else f"step {number - 1}"
            name = "profit" if step.price is None else "price"
            yield Problem(
                f"{field}.{name}", f"step {number} at {at} is not {beyond} {what}, {nearest}.", "Move it further away."
            )
    parts = {portion.number for portion in deal_out(steps, position, [ZERO] * len(steps)).open}
    for number, step in enumerate(steps, 1):
        if number not in parts:
            smallest = max(market.min_notional, market.smallest * prices[number - 1])
            yield Problem(
                f"take_profit[{number - 1}].share",
                f"{step.share:%} of the position are less than the smallest order of {market.symbol}, about"
                f" {smallest.normalize():f} {market.quote}.",
                "Give it a larger share, use fewer steps, or a larger position.",
            )


def _unfit_stop(exits: Exits, position: Position, price: Decimal) -> Iterator[Problem]:
    stop, market = exits.stop_loss, position.market
    if stop is None:
        return
    level = stop.level(position, NOTHING_SEEN, break_even=False)
    name = "loss" if stop.price is None else "price"
    behind = "below" if position.long else "above"
    if level is not None and (level <= 0 or position.past(level, price)):
        yield Problem(
            f"stop_loss.{name}",
            f"the stop loss at {level} is not {behind} the price of the position, {price}.",
            f"Let it stand {behind} {price}.",
        )
    elif level is not None:
        sold = stop.order_price(position, level) or level
        if not market.accepts(position.amount, sold):
            yield Problem(
                f"stop_loss.{name}",
                f"at {sold} the whole position is less than the smallest order of {market.symbol}.",
                "Use a larger position, or a stop loss that is nearer.",
            )
    after = stop.break_even_after
    if after is not None and after <= len(exits.steps):
        even = stop.level(position, NOTHING_SEEN, break_even=True)
        at = exits.steps[after - 1].at(position)
        if even is not None and not position.past(at, stop.recovers_at(position, even)):
            yield Problem(
                "stop_loss.break_even_after",
                f"nothing is lost from {even} on, and step {after} stands at {at}: the stop loss would be reached at"
                " once.",
                "Choose a later step, or move the step further away.",
            )


def doubtful(exits: Exits, position: Position) -> Iterator[Problem]:
    """What will work, but hardly as the user expects."""
    if exits.trailing is not None and exits.steps:
        market = position.market
        last = exits.steps[-1].at(position)
        worst = position.back(last, exits.trailing)
        even = position.target(ZERO, market.taker_fee)
        if not position.past(worst, even):
            yield Problem(
                "trailing",
                f"it may sell at {worst}, and nothing is lost only from {even} on.",
                "Use a smaller distance, or a last step that is further away.",
            )
