"""A grant's book: what it holds, what of it rests, what it traded in 24 hours, what it lost today.

Sums are kept in rows and moved by each order and each trade, in the transaction that books them; `recount` makes them
anew from orders and trades alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from vault.ledger.models import Account, Holding, Order, Trade
from vault.messages.money import EXACT, written
from vault.statements import Select, Table

WINDOW = timedelta(hours=24)
ZERO = Decimal(0)
_ACCOUNT = Select(Account.objects.select_for_update()[:1], "grant")
_ACCOUNTS = Table(Account)
_HOLDINGS = Select(Holding.objects.all(), "grant")
_HOLDING_ROWS = Table(Holding)
_PAST = Select(Trade.objects.all(), "grant", "counted_at__gt", "counted_at__lte")
_ALIVE = Order.objects.filter(alive=True).values_list("price")
_HIGHEST = Select(_ALIVE.order_by("-price_order")[:1], "exchange", "market", "side")
_LOWEST = Select(_ALIVE.order_by("price_order")[:1], "exchange", "market", "side")
Mark = Callable[[str, Decimal], Decimal | None]  # of an asset and how much of it: the price to reckon it at


def sortable(price: Decimal) -> str:
    """A price as a text that sorts as the number does: 18 digits on each side of the point."""
    return f"{price:037.18f}"


def slip(side: str, price: Decimal, reference: Decimal | None, amount: Decimal) -> Decimal:
    """How much quote is given away by trading `amount` at `price` when `reference` is fair; never less than 0."""
    if reference is None:
        return ZERO
    away = EXACT.subtract(price, reference) if side == "buy" else EXACT.subtract(reference, price)
    return EXACT.multiply(max(away, ZERO), amount)


class Book:
    """One grant's rows, loaded and locked. Changes are written by `save`."""

    def __init__(self, account: Account, holdings: Iterable[Holding]) -> None:
        self._account = account
        self._holdings = {row.asset: row for row in holdings}
        self._changed: dict[str, Holding] = {}

    @classmethod
    def of(cls, grant: UUID, *, now: datetime) -> Book:
        """The grant's book as of now: trades older than a day have left its sums. Inside a transaction."""
        account = _ACCOUNT.first(grant)
        if account is None:
            # Two that begin at once meet here: the row is made once, and locked by both in turn.
            Account.objects.get_or_create(grant=grant, defaults={"since": now - WINDOW, "day": now.date()})
            account = Account.objects.select_for_update().get(grant=grant)
        book = cls(account, _HOLDINGS.all(grant))
        book._forget_before(now - WINDOW)
        return book

    def _forget_before(self, moment: datetime) -> None:
        account = self._account
        if moment <= account.since:
            return
        if (account.traded, account.slipped) != ("0", "0"):  # else there is nothing to forget
            self._forget(_PAST.all(account.grant, account.since, moment))
        account.since = moment

    def _forget(self, trades: Iterable[Trade]) -> None:
        account = self._account
        for trade in trades:
            _move(account, "traded", -_worth(trade))
            _move(account, "slipped", -Decimal(trade.slippage))

    @property
    def open_orders(self) -> int:
        return self._account.open_orders

    @property
    def traded(self) -> Decimal:
        """Quote that changed hands in 24 hours, and that resting orders may still change."""
        return EXACT.add(Decimal(self._account.traded), Decimal(self._account.resting))

    @property
    def slipped(self) -> Decimal:
        """Quote that was given away in 24 hours, and that resting orders may still give away."""
        return EXACT.add(Decimal(self._account.slipped), Decimal(self._account.resting_slippage))

    def holding(self, asset: str) -> Holding:
        """What the grant has of an asset; an empty row where it never traded it."""
        if asset not in self._holdings:
            self._holdings[asset] = Holding(grant=self._account.grant, asset=asset)
        return self._holdings[asset]

    @property
    def assets(self) -> frozenset[str]:
        return frozenset(self._holdings)

    def lost(self, mark: Mark, today: datetime) -> Decimal:
        """What was lost since the beginning of the day in UTC, realised and marked; below 0 it was a gain.

        The day begins with what was there when it was last looked at, or now if that is more.
        """
        account, value = self._account, self._value(mark)
        if account.day < today.date():
            account.day = today.date()
            account.day_value = written(max(value, Decimal(account.value)) if account.value else value)
        account.value = written(value)
        return EXACT.subtract(Decimal(account.day_value), value)

    def _value(self, mark: Mark) -> Decimal:
        value = Decimal(self._account.cash)
        for row in self._holdings.values():
            net = Decimal(row.net)
            price = mark(row.asset, net) if net else None
            if price is not None:
                value = EXACT.add(value, EXACT.multiply(net, price))
        return value

    def reserve(self, order: Order) -> None:
        """A new order rests, or may."""
        self._account.open_orders += 1
        self._rests(order, Decimal(order.amount))

    def count(self, order: Order, trade: Trade) -> None:
        """A trade of one of the grant's orders, not counted in `order.filled` yet: it gives back what it reserved."""
        base, _, quote = order.market.partition("/")
        amount, price, fee = Decimal(trade.amount), Decimal(trade.price), Decimal(trade.fee)
        if order.alive:
            self._rests(order, -min(amount, remaining(order)))
        bought = order.side == "buy"
        worth = _worth(trade)
        trade.grant = order.grant
        trade.slippage = written(slip(order.side, price, _reference(order), amount))
        self._shift(base, "net", amount if bought else -amount)
        _move(self._account, "cash", -worth if bought else worth)
        if fee and trade.fee_asset == quote:
            _move(self._account, "cash", -fee)
        elif fee and trade.fee_asset:
            self._shift(trade.fee_asset, "net", -fee)
        _move(self._account, "traded", worth)
        _move(self._account, "slipped", Decimal(trade.slippage))

    def release(self, order: Order) -> None:
        """An order has ended: what it still reserved is free."""
        if order.alive:
            order.alive = False
            self._account.open_orders -= 1
            self._rests(order, -remaining(order))

    def save(self) -> None:
        _ACCOUNTS.save(self._account)
        for row in self._changed.values():
            _HOLDING_ROWS.save(row)
        self._changed.clear()

    def _rests(self, order: Order, amount: Decimal) -> None:
        base, price = order.market.partition("/")[0], Decimal(order.price)
        _move(self._account, "resting", EXACT.multiply(amount, price))
        _move(self._account, "resting_slippage", _away(order, amount))
        self._shift(base, "buying" if order.side == "buy" else "selling", amount)

    def _shift(self, asset: str, what: str, by: Decimal) -> None:
        row = self.holding(asset)
        _move(row, what, by)
        self._changed[asset] = row


def remaining(order: Order) -> Decimal:
    return max(EXACT.subtract(Decimal(order.amount), Decimal(order.filled)), ZERO)


def best_price(exchange: str, market: str, side: str) -> Decimal | None:
    """The best price of all orders of this installation on one side of a market: the highest buy, the lowest sell."""
    best = (_HIGHEST if side == "buy" else _LOWEST).rows(exchange, market, side)
    return Decimal(best[0][0]) if best else None


def _away(order: Order, amount: Decimal) -> Decimal:
    """The slippage of so much of an order at its own price; negative for an amount that no longer rests."""
    gone = slip(order.side, Decimal(order.price), _reference(order), abs(amount))
    return gone if amount >= 0 else -gone


def _reference(order: Order) -> Decimal | None:
    return Decimal(order.reference) if order.reference else None


def _worth(trade: Trade) -> Decimal:
    return EXACT.multiply(Decimal(trade.amount), Decimal(trade.price))


def _move(row: Account | Holding, what: str, by: Decimal) -> None:
    setattr(row, what, written(EXACT.add(Decimal(getattr(row, what)), by)))
