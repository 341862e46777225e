"""The rows under the chart: each order of a bot with what it costs, what it leads to, and why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from botplatform.dashboard.builder.outlook import Outlook, trade
from botplatform.dashboard.figures import money
from strategies.dca import DCA
from strategies.dca.choices import Direction
from strategies.deal import Deal
from strategies.grid import Grid
from strategies.grid.cells import Cell
from strategies.grid.plan import Flaw
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One order of a ladder, and the deal once it has traded. `rebound`: how far the price then has to come back."""

    number: int
    deviation: Decimal
    price: Decimal
    amount: Decimal
    cost: Decimal
    average: Decimal
    target: Decimal | None
    rebound: Decimal | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLine:
    """One cell of a grid: what it buys and sells, what a turn brings after fees, and what it begins with."""

    number: int
    buy: Decimal
    sell: Decimal
    amount: Decimal
    cost: Decimal
    profit: Decimal
    share: Decimal
    begins: str
    reason: str = ""


def ladder(strategy: DCA, out: Outlook) -> list[Rung]:
    """The base order and every averaging order, each played through at its own price."""
    deal, market = _opened(out), out.deal.market
    if deal is None:
        return []
    long = strategy.direction is Direction.LONG
    base = deal.by_order["base"]
    anchor = (base.average_cost if long else base.proceeds / base.sold) if base.traded else out.price
    rows = [_rung(strategy, deal, 0, ZERO, base.average_price, base.traded, out.price)]
    for rung in strategy.ladder(anchor, market):
        order = Order(name=f"averaging-{rung.number}", side=deal.opens, amount=rung.amount, price=rung.price)
        trade(deal, order, rung.price, maker=True)
        rows.append(_rung(strategy, deal, rung.number, rung.deviation, rung.price, rung.amount, out.price))
    return rows


def _opened(out: Outlook) -> Deal | None:
    """A deal of its own with the base order alone."""
    deal = Deal(market=out.deal.market, price=out.price, carried=out.deal.carried, opens=out.deal.opens)
    entry = next((order for order in out.now if order.name == "base"), None)
    if entry is None:
        return None
    trade(deal, entry, out.price if entry.price is None else entry.price, maker=entry.price is not None)
    return deal


def _rung(  # noqa: PLR0917 - the columns of a row
    strategy: DCA, deal: Deal, number: int, deviation: Decimal, price: Decimal, amount: Decimal, now: Decimal
) -> Rung:
    market = deal.market
    ends = strategy.take_profit is not None or bool(strategy.take_profit_steps)
    target = strategy.target(deal) if ends else None
    sign = -ONE if strategy.direction is Direction.LONG else ONE
    return Rung(
        number=number,
        deviation=sign * deviation,
        price=price,
        amount=amount,
        cost=deal.tally.spent + deal.tally.earned,
        average=deal.entry_average,
        target=target,
        rebound=None if target is None else target / price - ONE,
        reason=_refused(market, deal.opens, price, amount, now),
    )


def _refused(market: Market, side: Side, price: Decimal, amount: Decimal, now: Decimal) -> str:
    """Why the exchange would not take such an order; empty if it would."""
    if amount < market.smallest:
        return f"less than the smallest amount, {market.smallest:f} {market.base}"
    if amount * price < market.min_notional:
        return f"{money(amount * price)} {market.quote} is below the smallest order, {market.min_notional:f}"
    if market.max_amount is not None and amount > market.max_amount:
        return f"more than {market.max_amount:f} {market.base} in one order"
    if not market.in_reach(side, price, now):
        return "too far from the price for the exchange: it is sent once the price has come nearer"
    return ""


_FLAWS = {
    Flaw.NO_PRICE: "its price is zero or below",
    Flaw.TOO_CLOSE: "its lines are less than two fees and a tick apart",
    Flaw.TOO_SMALL: "below the smallest order of the exchange",
    Flaw.LOSES: "the fees take more than a turn brings",
}


def grid(strategy: Grid, out: Outlook) -> list[GridLine]:
    """Every cell, the highest first."""
    market = out.deal.market
    plan = strategy.plan(out.price, market)
    cells = [cell for cell in plan.drawn() if plan.flaw(cell.number) is not Flaw.NO_PRICE]
    asleep = {each.name for each in (*out.now, *out.then)}
    rows = [_grid_line(cell, market, plan.flaw(cell.number), asleep) for cell in cells]
    return rows[::-1]


def _grid_line(cell: Cell, market: Market, flaw: Flaw | None, placed: set[str]) -> GridLine:
    cost = cell.cost
    profit = cell.sell_amount * cell.sell_price * (ONE - market.maker_fee) - cost
    if cell.starts_held:
        begins = "sells" if cell.sell_name in placed else "sells later"
    else:
        begins = "buys" if cell.buy_name in placed else "buys later"
    return GridLine(
        number=cell.number + 1,
        buy=cell.buy_price,
        sell=cell.sell_price,
        amount=cell.buy_amount,
        cost=cost,
        profit=profit,
        share=profit / cost if cost else ZERO,
        begins=begins,
        reason="" if flaw is None else _FLAWS[flaw],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One order of the plan. `when` it is sent, in words."""

    order: Order
    label: str
    price: Decimal | None
    notional: Decimal
    when: str


def plan(out: Outlook) -> list[Sent]:
    """The exact orders that will be placed now, and those that follow once these have traded."""
    rows = [*_sent(out.now, out, "at once")]
    first = " and ".join(_label(order) for order in out.now) or "the entry"
    rows += _sent(out.then, out, f"once {first} has filled")
    return rows


def _sent(orders: tuple[Order, ...], out: Outlook, when: str) -> Iterator[Sent]:
    for order in orders:
        missing = order.amount - out.deal.filled(order.name) if order in out.then else order.amount
        price = out.price if order.price is None else order.price
        yield Sent(order=order, label=_label(order), price=order.price, notional=missing * price, when=when)


def _label(order: Order) -> str:
    return order.name.replace("-", " ")
