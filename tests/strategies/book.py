"""An exchange's book in memory: it fills limit orders as the price moves."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from strategies.backtest.options import FillRule
from strategies.market import Market
from strategies.orders import Fill, OpenOrder, Order, Side
from strategies.reconcile import Cancel, Place, Step


class Book:
    """The open orders of one deal, by name."""

    def __init__(self, market: Market, rule: FillRule = FillRule.THROUGH) -> None:
        self._market = market
        self._rule = rule
        self._open: dict[str, Place] = {}
        self._trades = 0

    @property
    def open_orders(self) -> list[OpenOrder]:
        return [OpenOrder(order=placed.order, remaining=placed.amount) for placed in self._open.values()]

    def carry_out(self, step: Step) -> None:
        match step:
            case Place(order=order):
                self._open[order.name] = step
            case Cancel(name=name):
                self._open.pop(name, None)

    def move(self, price: Decimal, at: int) -> Iterator[Fill]:
        """The market moves to `price`: the fills that come of it, nearest order first.

        An order at the market trades at `price`; a limit order at its own price. Each is filled completely.
        """
        for placed in sorted(self._open.values(), key=lambda placed: _distance(placed.order, price)):
            order = placed.order
            if order.price is None:
                yield self._fill(placed, price, self._market.taker_fee, at)
            elif self._trades_at(order.side, order.price, price):
                yield self._fill(placed, order.price, self._market.maker_fee, at)

    def _trades_at(self, side: Side, limit: Decimal, price: Decimal) -> bool:
        if price == limit:
            return self._rule is FillRule.TOUCH
        return price < limit if side is Side.BUY else price > limit

    def _fill(self, placed: Place, price: Decimal, rate: Decimal, at: int) -> Fill:
        order = placed.order
        del self._open[order.name]
        self._trades += 1
        buying = order.side is Side.BUY
        return Fill(
            order=order.name,
            side=order.side,
            amount=placed.amount,
            price=price,
            fee=placed.amount * (rate if buying else rate * price),
            fee_asset=self._market.base if buying else self._market.quote,
            at=at,
            trade_id=str(self._trades),
        )


def _distance(order: Order, price: Decimal) -> Decimal:
    """How deep the price went through the order: the deepest was reached first."""
    if order.price is None:
        return Decimal("-Infinity")
    return price - order.price if order.side is Side.BUY else order.price - price
