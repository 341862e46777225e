"""The exchange's own trader: shows liquidity around the reference price and fills whom the price passes."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Literal, Protocol

from botplatform.paper.book import crosses, other
from botplatform.paper.engine import Engine
from botplatform.paper.markets import Market
from botplatform.paper.money import nearest
from botplatform.paper.orders import Order, Side
from botplatform.paper.path import PricePath

LEVELS = 10
SIDES: tuple[Side, Side] = ("SELL", "BUY")
Fill = Literal["touch", "through"]


class MarketMaker(Protocol):
    """What the exchange asks of either kind."""

    path: PricePath

    def quote(self) -> None: ...
    def step(self) -> None: ...
    def move(self, price: Decimal) -> None: ...
    def before(self, side: Side) -> None: ...
    def after(self) -> None: ...


class LiveMaker:
    """Trades on a seeded path: ten levels a side, requoted at each step, and a little noise."""

    def __init__(self, engine: Engine, market: Market, path: PricePath, seed: int) -> None:
        self.engine = engine
        self.market = market
        self.path = path
        self._random = random.Random(f"{seed}/{market.symbol}/maker/{path.index}")  # noqa: S311  (a market)
        self._ladder: list[Order] = []

    def step(self) -> None:
        """1. the reference moves, 2. hit who stands at or beyond it, 3. requote, 4. a small trade."""
        self._to(self.path.advance())
        self._trade_a_little()

    def move(self, price: Decimal) -> None:
        self.path.move(price)
        self._to(price)

    def quote(self) -> None:
        """Replaces the ladder. An order of it that crosses a customer's is an ordinary taker."""
        book = self.engine.books[self.market.symbol]
        for order in self._ladder:
            book.remove(order)
        tick = self.market.tick
        spacing = float(max(tick, self.path.price * Decimal("0.00008") // tick * tick))
        self._ladder = []
        for side in SIDES:
            clear_of = self.engine.held_price(self.market.symbol, other(side))
            away = self._random.randint(1, 3) * tick
            for _ in range(LEVELS):
                price = self.path.price + away if side == "SELL" else self.path.price - away
                away += nearest(spacing * self._random.uniform(0.3, 1.7), tick)
                if price >= tick and (clear_of is None or not crosses(side, price, clear_of)):
                    self._ladder.append(self.engine.post(self.market.symbol, side, price, self._size(0.2, 1.8)))

    def before(self, side: Side) -> None:
        """Nothing: the ladder stands in the book."""

    def after(self) -> None:
        """Nothing: the ladder stays in the book."""

    def _to(self, price: Decimal) -> None:
        book = self.engine.books[self.market.symbol]
        for order in self._ladder:
            book.remove(order)
        self._ladder = []
        for side in SIDES:
            resting = other(side)
            best = book.best_price(resting)
            if best is None or not crosses(side, price, best):
                continue
            waiting = self.engine.held_price(self.market.symbol, resting)
            if waiting is None or not crosses(side, price, waiting):
                self.engine.strike(self.market.symbol, side, price, self._size(2, 6))
        self.quote()

    def _trade_a_little(self) -> None:
        side = SIDES[self._random.getrandbits(1)]
        best = self.engine.books[self.market.symbol].best(other(side))
        if best is not None and best not in self.engine.held:
            self.engine.strike(self.market.symbol, side, best.price, self._size(0.001, 0.05))

    def _size(self, least: float, most: float) -> Decimal:
        quote = self.market.size * self._random.uniform(least, most)
        return nearest(quote / float(self.path.price), self.market.lot)


class CandleMaker:
    """Trades along a candle file: exact fills at the customers' own prices, no noise.

    A resting order fills completely when the path passes its price (with `touch`: reaches it); an order that
    can trade at once does so at the path's present price, whatever its size.
    """

    def __init__(self, engine: Engine, market: Market, path: PricePath, fill: Fill) -> None:
        self.engine = engine
        self.market = market
        self.path = path
        self.fill = fill
        self._shown: list[Order] = []
        self._offered: Order | None = None

    def step(self) -> None:
        """1. the path goes to its next corner, 2. everything that it passes fills in the order of the prices."""
        if self.path.done:
            return
        self._to(self.path.advance())
        self._print()

    def move(self, price: Decimal) -> None:
        self.path.move(price)
        self._to(price)

    def quote(self) -> None:
        """Shows one large order a tick beside the path on each side; trades happen at the path's price."""
        book = self.engine.books[self.market.symbol]
        for order in self._shown:
            book.remove(order)
        self._shown = []
        for side in SIDES:
            price = self.path.price + self.market.tick if side == "SELL" else self.path.price - self.market.tick
            opposite = book.best_price(other(side))
            if price > 0 and (opposite is None or not crosses(side, price, opposite)):
                order = self.engine.house_order(self.market.symbol, side, price, self.market.max_quantity)
                book.add(order)
                self._shown.append(order)

    def before(self, side: Side) -> None:
        """Stands ready at the path's price for an order of `side` that is about to arrive."""
        offered = self.engine.house_order(self.market.symbol, other(side), self.path.price, self.market.max_quantity)
        self.engine.books[self.market.symbol].add(offered)
        self._offered = offered

    def after(self) -> None:
        if self._offered is not None:
            self.engine.books[self.market.symbol].remove(self._offered)
            self._offered = None

    def _to(self, price: Decimal) -> None:
        book = self.engine.books[self.market.symbol]
        for order in self._shown:
            book.remove(order)
        self._shown = []
        for side in SIDES:
            for order in list(book.orders(side)):
                passed = crosses(side, order.price, price) and (self.fill == "touch" or order.price != price)
                if passed and order not in self.engine.held:
                    self.engine.hit(order)
        self.quote()

    def _print(self) -> None:
        """The corner on the public tape, so that charts and tickers follow the file; nobody's order is touched."""
        self.engine.tell(self.market.symbol, self.path.price, self.path.volume())
