"""Writing the ledger. Every function runs inside the caller's transaction; every change tells the runner.

sending -> accepted -> filled | cancelled | expired
        -> rejected
        -> unknown -> accepted (found) | absent
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db.models import Q, Subquery
from django.db.models.expressions import RawSQL

from vault.chained import Chained, Next
from vault.ledger.book import Book, sortable
from vault.ledger.identity import client_order_id, installation
from vault.ledger.models import Event, Installation, Order, Trade
from vault.messages.answers import OrderAnswer, State
from vault.messages.canonical import digest
from vault.messages.money import written
from vault.messages.refusals import Code, Refused
from vault.messages.words import Identity, Place
from vault.statements import Select, Table

_ORDERS, _TRADES, _EVENTS = Table(Order), Table(Trade), Table(Event)
_ALIVE = Table(Order, "alive")  # orders that were alive and still are
_BY_ID = Select(Order.objects.all(), "pk")
_STATE = Select(Order.objects.values_list("state"), "pk")
_BY_IDENTITY = Select(Order.objects.all()[:1], "grant", "deal", "name", "generation")
_NEWEST = Select(Order.objects.order_by("-generation")[:1], "grant", "deal", "name")
_NAMED = ~Q(exchange_order_id=RawSQL("''", ()))  # as its index has it: a database does not see through values
_AT_EXCHANGE = Select(Order.objects.filter(_NAMED)[:1], "credential", "market", "exchange_order_id")
_STRAYS = Select(Trade.objects.filter(order=None).order_by("id"), "credential", "market", "exchange_order_id")
_TRADE = Select(Trade.objects.values_list("id")[:1], "credential", "market", "trade_id")
_FIRST = Installation.objects.values("first_event")[:1]
_LAST_EVENT = Select(
    Event.objects.order_by("-seq").annotate(first=Subquery(_FIRST)).values_list("seq", "digest", "first")[:1]
)
_FIRST_EVENT = Select(Installation.objects.values_list("first_event")[:1])


def find(identity: Identity) -> Order | None:
    """The row of this identity."""
    return _BY_IDENTITY.first(identity.grant, identity.deal, identity.name, identity.generation)


def again(order: Order) -> Order:
    """The row as it is now."""
    (row,) = _BY_ID.all(order.pk)
    return row


def state(order: Order) -> State:
    """Where it stands now."""
    ((now,),) = _STATE.rows(order.pk)
    return State(now)


def open_orders(grant: UUID) -> list[Order]:
    """Every order of the grant that may still trade, oldest first."""
    return list(Order.objects.filter(grant=grant, alive=True).order_by("id"))


def newest(identity: Identity) -> Order | None:
    """The row of this order's newest generation, whichever the identity names."""
    return _NEWEST.first(identity.grant, identity.deal, identity.name)


def known(intent: Place, newest: Order | None) -> Order | None:
    """The order of this identity, if it was ever written down. Asking again with the same words finds the same row.

    `newest`: what `newest` says of it. Raises Refused(IDENTITY_TAKEN) when it was written down with other words.
    """
    if newest is None or newest.generation < intent.generation:
        return None
    row = newest if newest.generation == intent.generation else find(intent)
    if row is not None and terms(row) != (intent.market, intent.side, intent.type, intent.amount, intent.price):
        raise Refused(Code.IDENTITY_TAKEN)
    return row


def prepare(
    intent: Place,
    book: Book,
    *,
    newest: Order | None,
    credential: UUID,
    exchange: str,
    now: datetime,
    valid_until: datetime,
    exits: bool = False,
    reference: Decimal | None = None,
) -> Order:
    """The row for this intent, which is not known yet; what it may trade is reserved in the grant's book.

    From here on the order may exist. `newest`: what `newest` says of it. `valid_until`: whenever it is sent, the
    exchange refuses it after this.
    Raises Refused(GENERATION_ALIVE) or Refused(GENERATION_SKIPPED) unless the generation before is over: one
    generation of an order is alive at a time. (Filled is over too: an order's total may grow, as that of a close at
    market does while averaging orders still fill.)
    """
    if newest is not None and not State(newest.state).over:
        raise Refused(Code.GENERATION_ALIVE, f"Generation {newest.generation} is {newest.state}.")
    due = 1 if newest is None else newest.generation + 1
    if intent.generation != due:
        raise Refused(Code.GENERATION_SKIPPED, f"The next one is {due}, not {intent.generation}.")
    row = _ORDERS.new(
        grant=intent.grant,
        credential=credential,
        exchange=exchange,
        deal=intent.deal,
        name=intent.name,
        generation=intent.generation,
        market=intent.market,
        side=intent.side,
        type=intent.type,
        amount=intent.amount,
        price=intent.price,
        price_order=sortable(Decimal(intent.price)),
        exits=exits,
        reference="" if reference is None else written(reference),
        client_order_id=client_order_id(intent, installation()),
        state=State.SENDING,
        prepared_at=now,
        valid_until=valid_until,
        updated_at=now,
    )
    book.reserve(row)
    book.save()
    return _ORDERS.insert(row)


def terms(order: Order) -> tuple[str, str, str, str, str]:
    return (order.market, order.side, order.type, order.amount, order.price)


def accepted(order: Order, exchange_order_id: str, *, now: datetime) -> None:
    """The exchange has it, under this id. Trades that arrived before we knew whose they were are booked now."""
    if State(order.state).over:
        return
    order.state, order.exchange_order_id, order.updated_at = State.ACCEPTED, exchange_order_id, now
    order.reason = ""
    order.misses = 0
    _ALIVE.save(order)
    tell(order)
    for trade in _STRAYS.all(order.credential, order.market, exchange_order_id):
        _attach(trade, order, now=now)
    _finish(order, now=now)


def unknown(order: Order, reason: str, *, now: datetime) -> None:
    """It may have been sent, and no answer came. It is looked up until it is found or proven absent."""
    if State(order.state) is not State.SENDING:
        return  # what became of it was learned meanwhile
    order.state, order.reason, order.updated_at, order.misses = State.UNKNOWN, reason[:300], now, 0
    _ORDERS.save(order)
    tell(order)


def missed(order: Order, *, now: datetime) -> int:
    """One more read that did not find it; how many there were in a row."""
    order.misses += 1
    order.updated_at = now
    _ORDERS.save(order)
    return order.misses


def glimpsed(order: Order, *, now: datetime) -> None:
    """Something may be this order: the reads that did not find it no longer agree."""
    order.misses, order.updated_at = 0, now
    _ORDERS.save(order)


def end(order: Order, state: State, reason: str = "", *, now: datetime) -> None:
    """Nothing more can happen to it: rejected or absent."""
    if State(order.state).over:
        return
    order.state, order.reason, order.updated_at, order.cancelling = state, reason[:300], now, False
    _over(order, now=now)


def cancelling(order: Order, on_its_way: bool, *, now: datetime) -> None:  # noqa: FBT001 - it is the fact itself
    """Whether a cancel is on its way to the exchange."""
    order.cancelling, order.updated_at = on_its_way, now
    _ORDERS.save(order)


def ended(order: Order, state: State, filled: Decimal, *, now: datetime) -> None:
    """The exchange says that the order ended with this much traded. It counts once those trades are booked."""
    if State(order.state).over:
        return
    order.ended_as, order.ended_filled, order.updated_at = state, written(filled), now
    _ORDERS.save(order)
    _finish(order, now=now)


def book(trade: Trade, *, now: datetime) -> bool:
    """Book a trade, once. Whether it was new.

    A trade of an order that is not ours, or not known to be ours yet, is kept without an order.
    """
    if _TRADE.rows(trade.credential, trade.market, trade.trade_id):
        return False
    _TRADES.save(trade)
    order = _AT_EXCHANGE.first(trade.credential, trade.market, trade.exchange_order_id)
    if order is not None:
        _attach(trade, order, now=now)
        _finish(order, now=now)
    return True


def _attach(trade: Trade, order: Order, *, now: datetime) -> None:
    book = Book.of(order.grant, now=now)
    book.count(order, trade)
    book.save()
    trade.order, trade.counted_at = order, now
    _TRADES.save(trade)
    order.filled = written(Decimal(order.filled) + Decimal(trade.amount))
    order.updated_at = now
    _ORDERS.save(order)
    tell(order, trade)


def _finish(order: Order, *, now: datetime) -> None:
    """End the order when the exchange has ended it and every trade of it is booked."""
    if State(order.state).over:
        return
    filled = Decimal(order.filled)
    if filled >= Decimal(order.amount):
        final = State.FILLED
    elif order.ended_as and filled >= Decimal(order.ended_filled):
        final = State(order.ended_as)
    else:
        return
    order.state, order.cancelling, order.updated_at = final, False, now
    _over(order, now=now)


def _over(order: Order, *, now: datetime) -> None:
    """Nothing more can trade under it: what it reserved is given back."""
    book = Book.of(order.grant, now=now)
    book.release(order)
    book.save()
    _ORDERS.save(order)
    tell(order)


def let_go(credential: UUID, *, now: datetime) -> None:
    """The orders of a key that was removed: nobody can learn any more what becomes of them.

    They keep their last known state, and stand in no other order's way from now on.
    """
    for order in Order.objects.filter(credential=credential, alive=True):
        book = Book.of(order.grant, now=now)
        book.release(order)
        book.save()
        _ORDERS.save(order)


def tell(order: Order, trade: Trade | None = None) -> None:
    """Write down that something happened, for whoever asks for events."""
    told = msgspec.json.encode(answer(order)).decode()

    def event(seq: int, previous: str) -> Event:
        return _EVENTS.new(
            seq=seq,
            grant=order.grant,
            order_id=order.pk,
            trade_id=None if trade is None else trade.pk,
            told=told,
            digest=_digest(previous, seq, told, trade),
        )

    _CHAIN.append(event)


def head() -> tuple[int, str]:
    """Number and digest of the newest event: what the whole ledger has come to."""
    found = _LAST_EVENT.rows()
    return (found[0][0], found[0][1]) if found else (0, "")


def _next_event() -> Next:
    if last := _LAST_EVENT.rows():
        ((height, previous, first),) = last
    else:
        height, previous, first = 0, "", next((first for (first,) in _FIRST_EVENT.rows()), None)
    return max(height + 1, first or 1), previous


_CHAIN = Chained(_EVENTS, _next_event, also='%s >= (SELECT "first_event" FROM "ledger_installation")')


def differences() -> Iterator[str]:
    """A sentence for the first event that was changed, and for every order that is not what its events say."""
    previous, whole, newest = "", True, dict[int, int]()
    for event in Event.objects.select_related("trade").order_by("seq").iterator():
        newest[event.order_id] = event.seq
        # Events from before there were digests have none, and none comes after them.
        if (
            whole
            and (event.digest or previous)
            and event.digest != _digest(previous, event.seq, event.told, event.trade)
        ):
            yield f"The ledger breaks at event {event.seq}: it, its trade or the one before was changed or removed."
            whole = False
        previous = event.digest
    for order in Order.objects.order_by("id").iterator():
        seq = newest.get(order.pk)
        if seq is not None and not _agree(
            order, msgspec.json.decode(Event.objects.get(seq=seq).told, type=OrderAnswer)
        ):
            yield f"The ledger's row of order {order.client_order_id} is not what event {seq} says of it."


def _agree(order: Order, told: OrderAnswer) -> bool:
    """Whether a row stands where its newest event left it."""
    now = answer(order)
    words = ("market", "side", "type", "amount", "price", "client_order_id", "filled", "state")
    return all(getattr(now, word) == getattr(told, word) for word in words)


def _digest(previous: str, seq: int, told: str, trade: Trade | None) -> str:
    words = None
    if trade is not None:
        names = ("trade_id", "exchange_order_id", "market", "side", "amount", "price", "fee", "fee_asset", "traded_at")
        words = {name: getattr(trade, name) for name in names}
    return digest({"v": 1, "previous": previous, "seq": seq, "told": told, "trade": words})


def answer(order: Order) -> OrderAnswer:
    """The order as the wire says it."""
    return OrderAnswer(
        grant=order.grant,
        deal=order.deal,
        name=order.name,
        generation=order.generation,
        market=order.market,
        side=order.side,
        type=order.type,
        amount=order.amount,
        price=order.price,
        state=State(order.state),
        client_order_id=order.client_order_id,
        filled=order.filled,
        reason=order.reason,
        cancelling=order.cancelling,
    )
