"""Take-profit steps, and how much of a position each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategies.exits.position import Position
from strategies.market import ONE, ZERO
from strategies.orders import OrderType
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice

MOST_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One take profit: where, and which share of the position. Either `profit` or `price` is given."""

    profit: Decimal | None = setting(
        "Profit on the average cost, after fees, at which this step sells.",
        unit="fraction",
        low="0",
        above_low=True,
        high="100",
        default=None,
    )
    price: Decimal | None = setting(
        "The price at which this step sells. Give this or the profit.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    share: Decimal = setting(
        "The share of the position that this step sells. All steps together are 1.",
        unit="fraction",
        low="0",
        above_low=True,
        high="1",
        default=ONE,
    )
    order: OrderType = choice(
        "A limit order rests on the exchange. A market order is sent when the price is reached.", OrderType.LIMIT
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if (self.profit is None) == (self.price is None):
            given = "neither a profit nor a price" if self.profit is None else "both a profit and a price"
            problems.append(Problem("profit", f"the step has {given}.", "Give one of the two."))
        if problems:
            raise SettingsRefused(tuple(problems))

    def at(self, position: Position) -> Decimal:
        """The price of this step, on a tick."""
        if self.price is not None:
            return position.on_tick(self.price)
        market = position.market
        fee = market.maker_fee if self.order is OrderType.LIMIT else market.taker_fee
        return position.target(self.profit or ZERO, fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What one step has to trade. `total` counts what it has traded before; `number` is from 1."""

    number: int
    price: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Portions:
    """A position dealt out to the steps that are still open, and the numbers of those that are done."""

    open: tuple[Portion, ...]
    done: frozenset[int]


def deal_out(
    steps: Sequence[Step], position: Position, filled: Sequence[Decimal], done: frozenset[int] = frozenset()
) -> Portions:
    """Share a position out to its steps, each rounded down to lots; the last one takes the rest.

    `filled` is what each step has traded. Each step takes its part of what those before it leave: `floor to lot of
    (rest x share / shares from here on)`. A step whose part is too small for an order joins the next one; the last
    one, the one before it. A step that has traded its part, or of which only dust is missing, is done, and what it
    left over is for the others. Coins that come when all are done are the last one's.
    """
    market = position.market
    going = [number for number in range(1, len(steps) + 1) if number not in done]
    rest = position.amount + sum((filled[number - 1] for number in going), ZERO)
    weight = sum((steps[number - 1].share for number in going), ZERO)
    left, joined = position.amount, ZERO
    found: list[Portion] = []
    finished = set(done)
    for number in going:
        step, before = steps[number - 1], filled[number - 1]
        price, share = step.at(position), step.share + joined
        last = number == going[-1]
        part = rest if last else market.amount_down(rest * share / weight)
        weight -= share
        joined = ZERO
        if before and not market.accepts(part - before, price):
            finished.add(number)
            rest -= before
        elif market.accepts(part, price):
            rest -= part
            now = min(part - before, left)
            left -= now
            found.append(Portion(number=number, price=price, total=before + now))
        else:
            joined, weight = share, weight + share
    if left and found:
        tail = found.pop()
        found.append(Portion(number=tail.number, price=tail.price, total=tail.total + left))
    elif left and steps and market.accepts(left, price := steps[-1].at(position)):
        number = len(steps)
        finished.discard(number)
        found.append(Portion(number=number, price=price, total=filled[-1] + left))
    return Portions(open=tuple(found), done=frozenset(finished))
