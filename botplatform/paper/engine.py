"""The matching engine: accounts, open orders, and what happens when two orders meet.

Everything is in memory and nothing here waits; the ledger collects what changed, and the exchange writes it to
the store before anybody gets an answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from botplatform.paper import clock, errors, filters
from botplatform.paper.accounts import HOUSE, Account
from botplatform.paper.book import Book, crosses, other
from botplatform.paper.ledger import Ledger
from botplatform.paper.markets import Market
from botplatform.paper.money import ZERO, ceil8, floor8, floor_to
from botplatform.paper.orders import Order, Print, Side, Wanted

ID_BLOCK = 10_000
_REPORTED_AS = {"CANCELED": "CANCELED", "EXPIRED": "EXPIRED", "EXPIRED_IN_MATCH": "TRADE_PREVENTION"}


class Ids:
    """Ascending ids of one market. A block is reserved in the store before its first is used, so that even
    ids which were never stored (the market maker's) are not used a second time after a crash."""

    def __init__(self, first: int = 1) -> None:
        self.next = first
        self.reserved = first


@dataclass(frozen=True, slots=True)
class Cut:
    """A fault: only this share of a match takes place, and the rest waits for so many seconds."""

    share: Decimal
    seconds: float


def never_cut(_customer: Order) -> Cut | None:
    return None


class Engine:
    """All books and all accounts. The price filters are measured by `reference(symbol)`."""

    def __init__(self, markets: dict[str, Market], reference: Callable[[str], Decimal]) -> None:
        self.markets = markets
        self.reference = reference
        self.books = {symbol: Book() for symbol in markets}
        self.ledger = Ledger(markets)
        self.accounts = self.ledger.accounts
        self.open: dict[int, dict[tuple[str, int], Order]] = {}
        self.ids = {(symbol, kind): Ids() for symbol in markets for kind in ("order", "trade")}
        self.cut: Callable[[Order], Cut | None] = never_cut
        self.held: dict[Order, float] = {}

    # What customers do

    def open_orders(self, account: int, symbol: str | None = None) -> list[Order]:
        """An account's open orders, oldest first."""
        return [order for order in self.open.get(account, {}).values() if symbol is None or order.symbol == symbol]

    def check(self, account: Account, wanted: Wanted) -> None:
        """Raises a Refusal if the order fails a filter, whatever the account owns."""
        market = self.markets[wanted.symbol]
        filters.check(wanted, market, self.reference(wanted.symbol), len(self.open_orders(account.id, wanted.symbol)))

    def place(self, account: Account, wanted: Wanted) -> Order:
        """Accepts an order, matches it and rests what is left. Raises a Refusal if nothing was done."""
        self.check(account, wanted)
        if any(order.client_id == wanted.client_id for order in self.open_orders(account.id, wanted.symbol)):
            raise errors.duplicate_order()
        book = self.books[wanted.symbol]
        if wanted.type == "LIMIT_MAKER":
            best = book.best_price(other(wanted.side))
            if best is not None and crosses(wanted.side, wanted.price, best):
                raise errors.would_take()
        order = self._new(account.id, wanted)
        if wanted.time_in_force == "FOK" and self._fillable(order) < order.quantity:
            self.ledger.report(order, "NEW")
            self._end(order, "EXPIRED")
            return order
        self.ledger.lock(order, self._to_lock(order))
        self.ledger.report(order, "NEW")
        self.ledger.changes.orders[order] = None
        self._match(order)
        if not order.is_open:
            return order
        if order.type == "MARKET" or order.time_in_force != "GTC":
            self._expire_rest(order)
        else:
            book.add(order)
            self.open.setdefault(account.id, {})[order.symbol, order.id] = order
        return order

    def cancel(self, order: Order, cancel_id: str = "") -> None:
        """Cancels an open order of a customer; `cancel_id` names the cancel on the private stream."""
        self._end(order, "CANCELED", cancel_id or secrets.token_hex(11))

    def restore(self, order: Order) -> None:
        """Puts an open order back into its book when the exchange starts; call in the order of their ids."""
        self.books[order.symbol].add(order)
        self.open.setdefault(order.account, {})[order.symbol, order.id] = order

    # What the market maker does

    def post(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> Order:
        """An order of the market maker: hits what it crosses and rests with what is left."""
        order = self.strike(symbol, side, price, quantity)
        if order.is_open:
            self.books[symbol].add(order)
        return order

    def strike(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> Order:
        """An order of the market maker that hits what it crosses; what is left is forgotten."""
        order = self.house_order(symbol, side, price, quantity)
        self._match(order)
        return order

    def house_order(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> Order:
        """An order of the market maker that stands nowhere yet."""
        now = clock.now()
        return Order(
            symbol=symbol,
            id=self._take_id(symbol, "order"),
            account=HOUSE,
            client_id="",
            side=side,
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=quantity,
            time=now,
            updated=now,
        )

    def hit(self, maker: Order) -> None:
        """The market maker takes what is left of one resting order, at its own price."""
        taker = self.house_order(maker.symbol, other(maker.side), maker.price, maker.remaining)
        self._meet(taker, maker, maker.remaining)

    def tell(self, symbol: str, price: Decimal, quantity: Decimal) -> None:
        """A public trade in which no order took part: a corner of a candle file."""
        quote = floor8(price * quantity)
        trade_id = self._take_id(symbol, "trade")
        self.ledger.changes.prints.append(Print(symbol, trade_id, price, quantity, quote, clock.now(), False, 0))

    def release_held(self) -> None:
        """Lets orders fill again whose rest had to wait."""
        now = clock.monotonic()
        self.held = {order: until for order, until in self.held.items() if until > now and order.is_open}

    def held_price(self, symbol: str, side: Side) -> Decimal | None:
        """The best price among the waiting orders of a side; the market maker keeps clear of it."""
        prices = [o.price for o in self.held if o.symbol == symbol and o.side == side and o.is_open]
        if not prices:
            return None
        return max(prices) if side == "BUY" else min(prices)

    # How two orders meet

    def _new(self, account: int, wanted: Wanted) -> Order:
        now = clock.now()
        return Order(
            symbol=wanted.symbol,
            id=self._take_id(wanted.symbol, "order"),
            account=account,
            client_id=wanted.client_id or secrets.token_hex(11),
            side=wanted.side,
            type=wanted.type,
            time_in_force=wanted.time_in_force,
            price=wanted.price,
            quantity=wanted.quantity,
            quote_quantity=wanted.quote_quantity,
            stp=wanted.stp,
            time=now,
            updated=now,
        )

    def _take_id(self, symbol: str, kind: str) -> int:
        ids = self.ids[symbol, kind]
        if ids.next >= ids.reserved:
            ids.reserved = ids.next + ID_BLOCK
            self.ledger.changes.reserved[symbol, kind] = ids.reserved
        ids.next += 1
        return ids.next - 1

    def _to_lock(self, order: Order) -> Decimal:
        if order.type != "MARKET":
            return ceil8(order.price * order.quantity) if order.side == "BUY" else order.quantity
        if order.side == "BUY" and order.quote_quantity:
            return order.quote_quantity
        if order.side == "SELL" and not order.quote_quantity:
            return order.quantity
        base, quote = self._sweep(order)
        return quote if order.side == "BUY" else base

    def _reachable(self, order: Order) -> Iterator[Order]:
        """The resting orders that a taker may meet, in the order in which it would."""
        for maker in self.books[order.symbol].orders(other(order.side)):
            if order.type != "MARKET" and not crosses(order.side, order.price, maker.price):
                return
            if maker.account == order.account and order.stp != "NONE":
                if order.stp != "EXPIRE_MAKER":
                    return
                continue
            yield maker

    def _fillable(self, order: Order) -> Decimal:
        return sum((maker.remaining for maker in self._reachable(order)), ZERO)

    def _sweep(self, order: Order) -> tuple[Decimal, Decimal]:
        """What a market order would trade now: base, quote."""
        lot = self.markets[order.symbol].lot
        base = quote = ZERO
        for maker in self._reachable(order):
            if order.quote_quantity:
                wanted = floor_to((order.quote_quantity - quote) / maker.price, lot)
            else:
                wanted = order.quantity - base
            quantity = min(wanted, maker.remaining)
            if quantity <= ZERO:
                break
            base += quantity
            quote += ceil8(quantity * maker.price)
        return base, quote

    def _match(self, order: Order) -> None:
        book = self.books[order.symbol]
        opposite = other(order.side)
        while order.is_open:
            maker = book.best(opposite)
            if maker is None:
                return
            if order.type != "MARKET" and not crosses(order.side, order.price, maker.price):
                return
            if maker.account == order.account and order.stp != "NONE":
                self._prevent_self_trade(order, maker)
                continue
            quantity = min(self._still_wanted(order, maker.price), maker.remaining)
            if quantity <= ZERO or not self._meet(order, maker, quantity):
                return

    def _still_wanted(self, order: Order, price: Decimal) -> Decimal:
        if order.type != "MARKET":
            return order.remaining
        lot = self.markets[order.symbol].lot
        affordable = floor_to(order.locked / price, lot) if order.side == "BUY" else order.locked
        if order.quote_quantity:
            return min(affordable, floor_to((order.quote_quantity - order.quote_done) / price, lot))
        return min(affordable, order.remaining)

    def _prevent_self_trade(self, taker: Order, maker: Order) -> None:
        if taker.stp in {"EXPIRE_MAKER", "EXPIRE_BOTH"}:
            self._end(maker, "EXPIRED_IN_MATCH")
        if taker.stp in {"EXPIRE_TAKER", "EXPIRE_BOTH"}:
            self._end(taker, "EXPIRED_IN_MATCH")

    def _meet(self, taker: Order, maker: Order, quantity: Decimal) -> bool:
        """Trades; answers False if the taker has to stop although it may not be done."""
        customer = maker if maker.account != HOUSE else taker
        against_house = HOUSE in {taker.account, maker.account} and customer.account != HOUSE
        lot = self.markets[taker.symbol].lot
        may_cut = against_house and quantity > lot and taker.time_in_force != "FOK"
        cut = self.cut(customer) if may_cut else None
        if cut is None:
            self._trade(taker, maker, quantity)
            return True
        self._trade(taker, maker, max(lot, floor_to(quantity * cut.share, lot)))
        if customer.is_open:
            self.held[customer] = clock.monotonic() + cut.seconds
        if customer is taker:
            self._withdraw_house(taker)
            return True
        taker.status = "EXPIRED"
        return False

    def _withdraw_house(self, taker: Order) -> None:
        """Takes the market maker's orders away that a cut taker would otherwise meet."""
        book = self.books[taker.symbol]
        for maker in [m for m in book.orders(other(taker.side)) if m.account == HOUSE]:
            if taker.type == "MARKET" or crosses(taker.side, taker.price, maker.price):
                book.remove(maker)

    def _trade(self, taker: Order, maker: Order, quantity: Decimal) -> None:
        price = maker.price
        now = clock.now()
        trade = Print(
            taker.symbol,
            self._take_id(taker.symbol, "trade"),
            price,
            quantity,
            floor8(price * quantity),
            now,
            maker.side == "BUY",
            taker.id,
        )
        for order in (taker, maker):
            order.executed += quantity
            order.quote_done += trade.quote
            order.updated = now
            order.status = "FILLED" if order.executed == order.quantity else "PARTIALLY_FILLED"
        self.ledger.changes.prints.append(trade)
        if taker.account != HOUSE or maker.account != HOUSE:
            for order in (taker, maker):
                self.ledger.settle(order, trade, is_maker=order is maker)
                if order.account != HOUSE and not order.is_open:
                    self._end(order, order.status)
        if maker.is_open:
            self.books[taker.symbol].touched(maker)
        else:
            self.books[taker.symbol].remove(maker)

    def _expire_rest(self, order: Order) -> None:
        """Ends an order that may not rest. One by quote amount is filled when less than a lot is left of it."""
        if order.quote_quantity:
            order.quantity = order.executed
            best = self.books[order.symbol].best_price(other(order.side))
            done = order.executed > ZERO and best is not None
            self._end(order, "FILLED" if done else "EXPIRED")
        else:
            self._end(order, "EXPIRED")

    def _end(self, order: Order, status: str, cancel_id: str = "") -> None:
        order.status = status
        order.updated = clock.now()
        if order.locked:
            self.ledger.unlock(order, order.locked)
        self.books[order.symbol].remove(order)
        self.open.get(order.account, {}).pop((order.symbol, order.id), None)
        self.ledger.changes.orders[order] = None
        if status in _REPORTED_AS:  # that it filled was told with its last trade
            self.ledger.report(order, _REPORTED_AS[status], cancel_id=cancel_id)
