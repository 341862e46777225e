"""Watching the accounts: fills, ends, and what became of orders that got no answer.

For each account and market that has an order which is not over, about once a second, less often when the exchange's
patience wears thin or a private stream would tell, and at once after something was sent or heard there:

1. Read the open orders.
2. Look up each unknown order, and each accepted one that is not among the open orders.
3. Where the exchange says that more was traded than is booked, read the trades since the last one that is booked,
   and book each once.
4. Where that was not enough, read the order's own trades: one of them may have been listed late, after others with
   higher numbers.

An unknown order is absent only after its signed request can no longer be valid, and after two turns in a row that
agree: no such order, none open, none in the history, no trade that could be its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from django.db.models import BigIntegerField, Max, Q
from django.db.models.functions import Cast

from vault import clock
from vault.audit import chain
from vault.grants import grants
from vault.grants.models import Credential
from vault.ledger import ledger
from vault.ledger.identity import installation
from vault.ledger.models import Order, Trade
from vault.messages.answers import State
from vault.messages.refusals import Refused, Retry
from vault.service import sending
from vault.service.readings import apply_reading, trade_of
from vault.service.schedule import Place, Schedule
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure
from vault.statements import Select

log = logging.getLogger(__name__)

AGREEING_READS = 2
_PAGE = 1000
_STRAY = timedelta(seconds=60)  # how far the exchange's clock may be behind ours
_GATHERING = 0.1  # seconds: a whole ladder that is placed is read once, not a rung at a time
_AT_ONCE = 4  # accounts that are read together: answers that arrive all at once would hold up an order


class Live(NamedTuple):
    """What a reading of an account asks of an order that is not over. There may be hundreds."""

    id: int
    market: str
    state: str
    client_order_id: str
    exchange_order_id: str
    filled: str
    ended_as: str
    ended_filled: str

    def short_of_trades(self, reading: Mapping[str, Any]) -> bool:
        """Whether the exchange says that more was traded than is booked."""
        said = self.ended_filled or reading.get("filled") or 0
        return self.state == State.ACCEPTED and Decimal(said) > Decimal(self.filled)


_ALIVE = Order.objects.filter(alive=True)
_PLACES = Select(_ALIVE.order_by("credential", "market").values_list("credential", "market").distinct())
_LIVE_ORDERS = Select(_ALIVE.order_by("id").values_list(*Live._fields), "credential", "market")
_LATE = Select(_ALIVE.filter(Q(state=State.SENDING) | Q(cancelling=True)), "updated_at__lt")
_ONE_LIVE_ORDER = Select(Order.objects.values_list(*Live._fields), "pk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One market of one connected key, in which there are orders that are not over."""

    credential: Credential
    market: str


def after_a_stop() -> None:
    """What a signer that was stopped left behind: what it may have been sending is unknown."""
    now = clock.now()
    installation()  # written down before any order needs it: it is remembered, and an order's transaction may roll back
    for order in Order.objects.filter(state=State.SENDING):
        _unanswered(order, "the signer was stopped while sending", now=now)
    for order in Order.objects.filter(cancelling=True):
        _cancel_given_up(order, "the signer was stopped", now=now)
    # Its order may have ended, by a cancel of its own, while another cancel was still on its way.
    chain.close_what_was_left({"outcome": "unknown", "reason": "the signer was stopped"}, now=now)
    for credential in Credential.objects.filter(state=Credential.State.REMOVED):
        ledger.let_go(credential.id, now=now)


def _unanswered(order: Order, why: str, *, now: datetime) -> None:
    chain.close("order.place", order.client_order_id, {"state": State.UNKNOWN, "reason": why}, now=now)
    ledger.unknown(order, why, now=now)


def _cancel_given_up(order: Order, why: str, *, now: datetime) -> None:
    chain.close("order.cancel", order.client_order_id, {"outcome": "unknown", "reason": why}, now=now)
    ledger.cancelling(order, False, now=now)


async def watch(signer: Signer) -> NoReturn:
    """For ever; a turn that fails is told in the log and tried again."""
    schedule = Schedule()
    while True:
        try:
            await one_turn(signer, schedule)
        except (Refused, Retry) as why:
            log.warning("watching accounts: %s", why)
        except Exception:
            log.exception("watching accounts failed; trying again")
        try:
            await asyncio.wait_for(signer.wake.wait(), VAULT.poll_seconds)
        except TimeoutError:
            continue
        signer.wake.clear()
        await asyncio.sleep(_GATHERING)


async def one_turn(signer: Signer, schedule: Schedule) -> None:
    """Read every account that is due, or where something was sent or heard; the schedule is kept up to date."""
    now = clock.monotonic()
    stirred, signer.stirred = signer.stirred, set()
    exchanges = await signer.database.run(_places)
    places = exchanges.keys()
    schedule.keep(places)
    for place in stirred & places:
        schedule.stirred(place, now=now)
    due = []
    for place, exchange in exchanges.items():
        budget = signer.venue(exchange).budget
        followed = signer.followed.get(place[0])
        if schedule.due(place, now=now, slowness=budget.slowness, followed=followed) and not budget.paused:
            schedule.reading(place, now=now)
            due.append(place)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read(place: Place) -> None:
        async with turns:
            if await _read(signer, place):
                schedule.settled(place)

    results = await asyncio.gather(*map(read, due), return_exceptions=True)
    for (credential, market), result in zip(due, results, strict=True):
        if isinstance(result, (Refused, Retry, Rejected, NotSent, Unsure, NotThere)):
            log.warning("account %s %s: %s", credential, market, result)
        elif isinstance(result, BaseException):
            raise result


def _places() -> dict[Place, str]:
    """Where there are orders that are not over, and on which exchange that is."""
    _tidy()
    places = _PLACES.rows()
    # With a key that was removed nothing can be read any more.
    exchanges = grants.connected() if places else {}
    return {place: exchanges[place[0]] for place in places if place[0] in exchanges}


def _account(place: Place) -> tuple[Account, list[Live]] | None:
    """With its orders that are not over, oldest first; None once its key is not connected any more."""
    credential = grants.key(place[0])
    if credential is None:
        return None
    return Account(credential=credential, market=place[1]), [Live(*row) for row in _LIVE_ORDERS.rows(*place)]


def _tidy() -> None:
    """What requests that ended in an error left behind. Nothing that is still under way is that old."""
    now = clock.now()
    late = now - sending.DEADLINE - timedelta(seconds=VAULT.exchange_timeout + 5)
    for order in _LATE.all(late):
        if State(order.state) is State.SENDING:
            _unanswered(order, "no answer", now=now)
        if order.cancelling:
            _cancel_given_up(order, "it was given up", now=now)


async def _read(signer: Signer, place: Place) -> bool:
    """Whether the ledger agrees with everything that was read: each order rests there as it is written down here."""
    # The ledger first: what the exchange lists then has every order that was accepted here.
    found = await signer.database.look(_account, place)
    if found is None:
        return False
    account, orders = found
    venue = signer.venue(account.credential.exchange)
    await sending.markets_known(venue)
    operation = binance.open_orders(venue.workshop, symbol=account.market)
    listed = await sending.carry_out(signer, account.credential, operation)
    open_now = {str(each["clientOrderId"]): each for each in listed}
    in_doubt = []  # the orders that may be short of trades; most turns have none, and need no database
    for order in orders:
        listed_as = open_now.get(order.client_order_id)
        if order.state == State.UNKNOWN:
            await _resolve(signer, account, order.id, listed_as)
            in_doubt.append(order.id)
        elif order.state == State.ACCEPTED and listed_as is None and not order.ended_as:
            await _look_again(signer, account, order)
            in_doubt.append(order.id)
        elif order.short_of_trades(listed_as or {}):
            in_doubt.append(order.id)
    if not in_doubt:
        return all(order.state == State.ACCEPTED for order in orders)
    if await signer.database.run(_short_of_trades, in_doubt, open_now):
        await _book_trades(signer, account)
    for exchange_order_id in await signer.database.run(_short_of_trades, in_doubt, open_now):
        trades = binance.trades_of(venue.workshop, symbol=account.market, exchange_order_id=exchange_order_id)
        readings = await sending.carry_out(signer, account.credential, trades)
        await signer.database.run(_book, account.credential.id, readings)
    return False


def _short_of_trades(orders: Iterable[int], open_now: Mapping[str, Any]) -> list[str]:
    """The exchange's ids of those of these orders of which it says that more was traded than is booked."""
    now = [Live._make(row) for each in orders for row in _ONE_LIVE_ORDER.rows(each)]
    return [each.exchange_order_id for each in now if each.short_of_trades(open_now.get(each.client_order_id, {}))]


async def _look_up(signer: Signer, account: Account, order: Order | Live) -> dict[str, Any]:
    workshop = signer.venue(account.credential.exchange).workshop
    operation = binance.look_up(workshop, symbol=order.market, client_order_id=order.client_order_id)
    reading: dict[str, Any] = await sending.carry_out(signer, account.credential, operation)
    return reading


async def _look_again(signer: Signer, account: Account, order: Live) -> None:
    try:
        reading = await _look_up(signer, account, order)
    except NotThere:
        return  # the exchange has accepted it: it does exist, and its look-up is late
    await signer.database.run(_apply, order.id, reading)


async def _resolve(signer: Signer, account: Account, order_id: int, listed: dict[str, Any] | None) -> None:
    order = await signer.database.run(Order.objects.get, pk=order_id)
    try:
        reading = await _look_up(signer, account, order)
    except NotThere:
        reading = listed or {}
    until = order.valid_until or order.prepared_at
    if not reading and clock.now() <= until + timedelta(seconds=VAULT.absence_margin):
        return
    if not reading:
        recent = await _recent_orders(signer, account, order)
        reading = next((each for each in recent if str(each["clientOrderId"]) == order.client_order_id), {})
    if reading:
        await signer.database.run(_found, order.pk, reading)
        return
    await _book_trades(signer, account)
    await signer.database.run(_missed, order.pk, {str(each["id"]) for each in recent})


async def _recent_orders(signer: Signer, account: Account, order: Order) -> list[dict[str, Any]]:
    """Every order of the market since shortly before this one was prepared."""
    workshop = signer.venue(account.credential.exchange).workshop
    since = int((order.prepared_at - _STRAY).timestamp() * 1000)
    operation = binance.recent_orders(workshop, symbol=order.market, since=since)
    recent: list[dict[str, Any]] = await sending.carry_out(signer, account.credential, operation)
    return recent


def _may_have_traded(order: Order, known_orders: set[str]) -> bool:
    """A trade that belongs to no order we know, of its side and after it was prepared, may be its own."""
    since = int((order.prepared_at - _STRAY).timestamp() * 1000)
    strays = Trade.objects.filter(
        credential=order.credential, market=order.market, order=None, side=order.side, traded_at__gte=since
    )
    return any(trade.exchange_order_id not in known_orders for trade in strays)


async def _book_trades(signer: Signer, account: Account) -> None:
    workshop = signer.venue(account.credential.exchange).workshop
    place = (account.credential.id, account.market)
    if place not in signer.next_trades:
        signer.next_trades[place] = await signer.database.run(_after_the_booked, *place)
    while True:
        operation = binance.trades_from(workshop, symbol=account.market, trade_id=signer.next_trades[place])
        readings = await sending.carry_out(signer, account.credential, operation)
        news = await signer.database.run(_book, account.credential.id, readings)
        numbers = [int(each["id"]) + 1 for each in readings]
        signer.next_trades[place] = max([signer.next_trades[place], *numbers])
        if len(readings) < _PAGE or not news:
            return


def _after_the_booked(credential: UUID, market: str) -> int:
    number = Cast("trade_id", BigIntegerField())
    highest = Trade.objects.filter(credential=credential, market=market).aggregate(highest=Max(number))["highest"]
    return 0 if highest is None else int(highest) + 1


def _book(credential: UUID, readings: Iterable[dict[str, Any]]) -> int:
    """How many were new."""
    now = clock.now()
    in_order = sorted(readings, key=lambda reading: int(reading["id"]))
    return sum(ledger.book(trade_of(credential, reading), now=now) for reading in in_order)


def _apply(order_id: int, reading: dict[str, Any]) -> None:
    apply_reading(Order.objects.get(pk=order_id), reading, now=clock.now())


def _found(order_id: int, reading: dict[str, Any]) -> None:
    now = clock.now()
    order = Order.objects.get(pk=order_id)
    if State(order.state) is State.UNKNOWN:
        chain.append("order.found", order.client_order_id, {"exchange_order_id": str(reading["id"])}, now=now)
        apply_reading(order, reading, now=now)


def _missed(order_id: int, known_orders: set[str]) -> None:
    now = clock.now()
    order = Order.objects.get(pk=order_id)
    if State(order.state) is not State.UNKNOWN:
        return
    if _may_have_traded(order, known_orders):
        ledger.glimpsed(order, now=now)
        return
    if ledger.missed(order, now=now) >= AGREEING_READS:
        chain.append("order.absent", order.client_order_id, {"reads": order.misses}, now=now)
        ledger.end(order, State.ABSENT, "it never arrived", now=now)
