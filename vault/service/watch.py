"""Watching the accounts: fills, ends, and what became of orders that got no answer.

Every turn, for each account and market that has an order which is not over:

1. Read the open orders.
2. Look up each unknown order, and each accepted one that is not among the open orders.
3. Read the trades since the last one that is booked, and book each once.

An unknown order is absent only after its signed request can no longer be valid, and after two turns that agree:
no such order, none open, none in the history, no trade that could be its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID

from vault import clock
from vault.audit import chain
from vault.grants.models import Credential
from vault.ledger import ledger
from vault.ledger.models import Order, Trade
from vault.messages.answers import State
from vault.messages.refusals import Refused, Retry
from vault.service import sending
from vault.service.readings import apply_reading, trade_of
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.binance import Operation
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure

log = logging.getLogger(__name__)

AGREEING_READS = 2
_PAGE = 1000
_LIVE = (State.SENDING, State.ACCEPTED, State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One market of one connected key, with the orders in it that are not over."""

    credential: Credential
    market: str
    orders: list[Order]


def after_a_stop() -> None:
    """What a signer that was stopped left behind: what it never sent is over, what it was sending is unknown."""
    now = clock.now()
    for order in Order.objects.filter(state=State.PREPARED):
        chain.append("order.placed", order.client_order_id, {"state": State.REJECTED, "reason": "stopped"}, now=now)
        ledger.end(order, State.REJECTED, "never sent: the signer was stopped before", now=now)
    for order in Order.objects.filter(state=State.SENDING):
        chain.append("order.placed", order.client_order_id, {"state": State.UNKNOWN, "reason": "stopped"}, now=now)
        ledger.unknown(order, "the signer was stopped while sending", now=now)
    Order.objects.filter(cancelling=True).update(cancelling=False)


async def watch(signer: Signer) -> NoReturn:
    """For ever; a turn that fails is told in the log and tried again."""
    while True:
        try:
            await one_turn(signer)
        except (Refused, Retry) as why:
            log.warning("watching accounts: %s", why)
        except Exception:
            log.exception("watching accounts failed; trying again")
        try:
            await asyncio.wait_for(signer.wake.wait(), VAULT.poll_seconds)
        except TimeoutError:
            continue
        signer.wake.clear()


async def one_turn(signer: Signer) -> None:
    accounts = await signer.database.run(_accounts)
    results = await asyncio.gather(*(_read(signer, account) for account in accounts), return_exceptions=True)
    for account, result in zip(accounts, results, strict=True):
        if isinstance(result, (Refused, Retry, Rejected, NotSent, Unsure, NotThere)):
            log.warning("account %s %s: %s", account.credential.id, account.market, result)
        elif isinstance(result, BaseException):
            raise result


def _accounts() -> list[Account]:
    late = clock.now() - timedelta(seconds=VAULT.exchange_timeout + 5)
    for order in Order.objects.filter(state=State.SENDING, updated_at__lt=late):
        ledger.unknown(order, "no answer", now=clock.now())
    grouped: dict[tuple[UUID, str], list[Order]] = {}
    for order in Order.objects.filter(state__in=_LIVE).order_by("id"):
        grouped.setdefault((order.credential, order.market), []).append(order)
    credentials = Credential.objects.in_bulk({credential for credential, _ in grouped})
    return [
        Account(credential=credentials[credential], market=market, orders=orders)
        for (credential, market), orders in grouped.items()
    ]


async def _read(signer: Signer, account: Account) -> None:
    venue = signer.venue(account.credential.exchange)
    await sending.markets_known(venue)
    operation = binance.open_orders(venue.workshop, symbol=account.market)
    open_now = {str(each["clientOrderId"]) for each in await sending.carry_out(signer, account.credential, operation)}
    for order in account.orders:
        if order.state == State.UNKNOWN:
            await _resolve(signer, account, order, open_now)
        elif order.state == State.ACCEPTED and order.client_order_id not in open_now and not order.ended_as:
            await _look_again(signer, account, order)
    await _book_trades(signer, account)


async def _look_up(signer: Signer, account: Account, order: Order) -> dict[str, Any]:
    workshop = signer.venue(account.credential.exchange).workshop
    operation = binance.look_up(workshop, symbol=order.market, client_order_id=order.client_order_id)
    reading: dict[str, Any] = await sending.carry_out(signer, account.credential, operation)
    return reading


async def _look_again(signer: Signer, account: Account, order: Order) -> None:
    try:
        reading = await _look_up(signer, account, order)
    except NotThere:
        return  # the exchange has accepted it: it does exist, and its look-up is late
    await signer.database.run(_apply, order.pk, reading)


async def _resolve(signer: Signer, account: Account, order: Order, open_now: set[str]) -> None:
    try:
        reading = await _look_up(signer, account, order)
    except NotThere:
        pass
    else:
        await signer.database.run(_found, order.pk, reading)
        return
    until = order.valid_until or order.prepared_at
    if clock.now() <= until + timedelta(seconds=VAULT.absence_margin) or order.client_order_id in open_now:
        return
    if not await _in_history(signer, account, order):
        await signer.database.run(_missed, order.pk)


async def _in_history(signer: Signer, account: Account, order: Order) -> bool:
    """Whether the account's orders or trades show it, or show something that may be it."""
    workshop = signer.venue(account.credential.exchange).workshop
    since = int((order.prepared_at - timedelta(seconds=60)).timestamp() * 1000)
    operation = binance.recent_orders(workshop, symbol=order.market, since=since)
    recent = await sending.carry_out(signer, account.credential, operation)
    if any(str(each["clientOrderId"]) == order.client_order_id for each in recent):
        return True
    await _book_trades(signer, account)
    return await signer.database.run(_may_have_traded, order, {str(each["id"]) for each in recent})


def _may_have_traded(order: Order, known_orders: set[str]) -> bool:
    """A trade that belongs to no order we know, of its side and after it was prepared, may be its own."""
    since = int(order.prepared_at.timestamp() * 1000)
    strays = Trade.objects.filter(
        credential=order.credential, market=order.market, order=None, side=order.side, traded_at__gte=since
    )
    return any(trade.exchange_order_id not in known_orders for trade in strays)


async def _book_trades(signer: Signer, account: Account) -> None:
    workshop = signer.venue(account.credential.exchange).workshop
    while True:
        start = await signer.database.run(_next_trade, account.credential.id, account.market)
        operation: Operation = binance.trades_from(workshop, symbol=account.market, trade_id=start)
        readings = await sending.carry_out(signer, account.credential, operation)
        await signer.database.run(_book, account.credential.id, readings)
        if len(readings) < _PAGE:
            return


def _next_trade(credential: UUID, market: str) -> int:
    last = Trade.objects.filter(credential=credential, market=market).order_by("-id").first()
    return int(last.trade_id) + 1 if last else 0


def _book(credential: UUID, readings: Iterable[dict[str, Any]]) -> None:
    now = clock.now()
    for reading in sorted(readings, key=lambda reading: int(reading["id"])):
        ledger.book(trade_of(credential, reading), now=now)


def _apply(order_id: int, reading: dict[str, Any]) -> None:
    apply_reading(Order.objects.get(pk=order_id), reading, now=clock.now())


def _found(order_id: int, reading: dict[str, Any]) -> None:
    now = clock.now()
    order = Order.objects.get(pk=order_id)
    if State(order.state) is State.UNKNOWN:
        chain.append("order.found", order.client_order_id, {"exchange_order_id": str(reading["id"])}, now=now)
        apply_reading(order, reading, now=now)


def _missed(order_id: int) -> None:
    now = clock.now()
    order = Order.objects.get(pk=order_id)
    if State(order.state) is not State.UNKNOWN:
        return
    if ledger.missed(order, now=now) >= AGREEING_READS:
        chain.append("order.absent", order.client_order_id, {"reads": order.misses}, now=now)
        ledger.end(order, State.ABSENT, "it never arrived", now=now)
