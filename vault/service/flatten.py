"""Closing every position of a scope, on the word of the signer's host and by the signer alone.

Web, runners and the platform's database may all be dead. The scope is stopped first, so that no bot trades against it.
Then, for each grant in it, again and again until nothing is left:

1. Every order that rests is cancelled at the exchange.
2. What the grant has bought and not sold is sold, what it owes is bought back: immediate or cancel, at first at most
   1 % from the signer's own fair price and each time twice as far, up to the collar of the grant's exits.

These orders pass the same policy as every exit; only what a runner would have to show (token, lease, fence) and what
limits how a bot may trade (sides, types, notional) is the host's to waive. What is too little for the exchange's
filters stays and is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NoReturn
from uuid import UUID

from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.grants.models import Credential, Grant
from vault.kills import kills
from vault.kills.models import Flattening
from vault.ledger import ledger
from vault.ledger.book import Book, best_price
from vault.ledger.models import Order
from vault.messages.answers import State
from vault.messages.money import written
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry
from vault.messages.words import Place, StopLevel
from vault.policy import FEE_ROOM, Present, authorise
from vault.service import cancel, facts, place, sending
from vault.service.kills import grants_in, kill_from_host
from vault.service.signer import Signer
from vault.signing.workshop import Filters
from vault.statements import Select

log = logging.getLogger(__name__)

_EVERY = 0.5  # seconds between two turns
_FIRST_ROOM = Decimal("0.01")  # how far from fair the first attempt may trade
_FEE = Decimal("0.001")  # of what is bought back the exchange keeps about so much in the coin
_HOST = Present(fence=0, present_fence=0, epoch=0, present_epoch=0)
_ANY = Decimal("Infinity")
_UNFINISHED = Select(Flattening.objects.filter(done_at=None).order_by("asked_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a grant has of one coin by its own trades; below 0 is what it owes."""

    grant: Grant
    market: str
    net: Decimal

    @property
    def side(self) -> str:
        return "sell" if self.net > 0 else "buy"

    @property
    def name(self) -> str:
        return f"flatten-{self.market.partition('/')[0]}".lower()


def ask(scope: str) -> Flattening:
    """For the command line: stop the scope, and have everything in it closed. Raises Refused(NOT_FOUND)."""
    with transaction.atomic():
        kill_from_host(scope, StopLevel.EVERYTHING)
        known = Flattening.objects.filter(scope=scope, done_at=None).first()
        if known is not None:
            return known
        now = clock.now()
        asked = Flattening.objects.create(scope=scope, asked_at=now)
        chain.append("flatten.asked", scope, {"by": kills.HOST, "deal": str(asked.id)}, now=now)
        return asked


async def watch(signer: Signer) -> NoReturn:
    """Close what is asked to be closed, for ever; a turn that fails is told in the log and tried again."""
    attempts: dict[tuple[UUID, str], int] = {}
    while True:
        try:
            for asked in await signer.database.look(_UNFINISHED.all):
                await one_turn(signer, asked, attempts)
        except (Refused, Retry) as why:
            log.warning("flattening: %s", why)
        except Exception:
            log.exception("flattening failed; trying again")
        await asyncio.sleep(_EVERY)


async def one_turn(signer: Signer, asked: Flattening, attempts: dict[tuple[UUID, str], int]) -> None:
    """One step for each grant of the scope; `attempts` counts orders by grant and market, and is kept up to date."""
    left, waits = [], False
    for grant in await signer.database.run(grants_in, asked.scope):
        try:
            sentences, more = await _grant(signer, asked, grant, attempts)
        except (Refused, Retry, OutcomeUnknown) as why:
            sentences, more = [f"{grant.label}: {why}"], True
        left += sentences
        waits = waits or more
    await signer.database.run(_told, asked.id, left, done=not waits)


def _told(deal: UUID, left: list[str], *, done: bool) -> None:
    now, text = clock.now(), "\n".join(left)
    asked = Flattening.objects.get(pk=deal)
    if done:
        asked.done_at = now
        chain.append("flatten.done", asked.scope, {"deal": str(deal), "left": left}, now=now)
    if done or asked.left != text:
        asked.left = text
        asked.save(update_fields=["left", "done_at"])


async def _grant(
    signer: Signer, asked: Flattening, grant: Grant, attempts: dict[tuple[UUID, str], int]
) -> tuple[list[str], bool]:
    """What is left to do of a grant, as sentences, and whether it will go on by itself."""
    resting, positions = await signer.database.run(_standing, grant)
    if grant.credential.state != Credential.State.READY:
        return [f"{grant.label}: its key was removed; {each.net} {each.market} stays." for each in positions], False
    if resting:
        for order in resting:
            if order.deal != asked.id and order.state == State.ACCEPTED and not order.cancelling:
                await cancel.send(signer, await signer.database.run(_cancelling, order, grant, asked.id))
        return [f"{grant.label}: {len(resting)} orders are being taken off."], True
    left, more = [], False
    for position in positions:
        venue = signer.venue(grant.credential.exchange)
        await sending.markets_known(venue)
        filters = venue.workshop.filters(position.market)
        key = (grant.id, position.market)
        room = _FIRST_ROOM * 2 ** attempts.get(key, 0)
        admitted = await signer.database.run(_admit, signer, asked.id, position, filters, room)
        if admitted is None:
            left.append(f"{grant.label}: {position.net} of {position.market} is too little for the exchange.")
            continue
        attempts[key] = min(attempts.get(key, 0) + 1, 10)
        more = True
        left.append(f"{grant.label}: {position.net} of {position.market} is being closed.")
        await place.send(signer, admitted, signer.standing.may_place)
    return left, more


def _standing(grant: Grant) -> tuple[list[Order], list[Position]]:
    book = Book.of(grant.id, now=clock.now())
    return ledger.open_orders(grant.id), list(_positions(grant, book))


def _positions(grant: Grant, book: Book) -> Iterator[Position]:
    """Of every coin that the grant traded; coins that only paid fees are its owner's own."""
    traded = Order.objects.filter(grant=grant.id).order_by("market").values_list("market", flat=True).distinct()
    for market in traded:
        net = Decimal(book.holding(market.partition("/")[0]).net)
        if net:
            yield Position(grant=grant, market=market, net=net)


def _cancelling(order: Order, grant: Grant, deal: UUID) -> cancel.Admitted:
    now = clock.now()
    opening = chain.append("order.cancel", order.client_order_id, {"flatten": str(deal)}, now=now)
    ledger.cancelling(order, True, now=now)
    return cancel.Admitted(order=order, credential=grant.credential, opening=opening)


def _admit(signer: Signer, deal: UUID, position: Position, filters: Filters, room: Decimal) -> place.Admitted | None:
    """The order that closes a position, written down; None: it is too little for the exchange. Raises Refused."""
    now, grant = clock.now(), position.grant
    terms = facts.terms(signer, grant)
    price = _price(signer, position, filters, min(room, terms.exit_collar), now)
    amount = _amount(position, filters)
    if amount < filters.least or amount * price < filters.notional or not amount:
        return None
    signer.standing.may_place()
    intent = Place(
        grant=grant.id,
        deal=deal,
        name=position.name,
        generation=_generation(grant, deal, position.name),
        market=position.market,
        side="sell" if position.side == "sell" else "buy",
        type="ioc",
        amount=written(amount),
        price=written(price),
    )
    book = Book.of(grant.id, now=now)
    waived = replace(
        terms,
        markets=frozenset({position.market}),
        sides=frozenset({"buy", "sell"}),
        types=frozenset({"ioc"}),
        time_in_force=frozenset({"ioc"}),
        order_notional=_ANY,
        exits_a_minute=1_000_000,
        open_orders=1_000_000,
    )
    about = facts.gather(
        signer, intent, numbers=(amount, price), grant=grant, terms=waived, present=_HOST, book=book, now=now
    )
    if not about.exits:
        raise Refused(Code.COINS_NOT_HELD, "It would be more than an exit.")
    authorise(about)
    credential = grant.credential
    fair = None if about.reference is None else about.reference.price(intent.side)
    order = ledger.prepare(
        intent,
        book,
        newest=ledger.newest(intent),
        credential=credential.id,
        exchange=credential.exchange,
        now=now,
        valid_until=sending.valid_until(now),
        exits=True,
        reference=fair,
    )
    opening = chain.append("order.place", order.client_order_id, {"flatten": str(deal)}, now=now)
    return place.Admitted(order=order, credential=credential, opening=opening, epoch=0)


def _generation(grant: Grant, deal: UUID, name: str) -> int:
    return Order.objects.filter(grant=grant.id, deal=deal, name=name).count() + 1


def _price(signer: Signer, position: Position, filters: Filters, room: Decimal, now: datetime) -> Decimal:
    """The worst price to trade at: so far from fair, on a tick, and never through an order of this installation."""
    exchange = position.grant.credential.exchange
    known = facts.reference(signer, exchange, position.market, now)
    if known is None:
        raise Refused(Code.NO_REFERENCE)
    ours = best_price(exchange, position.market, "buy" if position.side == "sell" else "sell")
    if position.side == "sell":
        price = _stepped(known.price("sell") * (1 - room), filters.tick, ROUND_CEILING)
        return price if ours is None else max(price, ours + filters.tick)
    price = _stepped(known.price("buy") * (1 + room), filters.tick, ROUND_FLOOR)
    return price if ours is None else min(price, ours - filters.tick)


def _amount(position: Position, filters: Filters) -> Decimal:
    """On a lot: no more than is held, or what is owed with the fee that the exchange keeps of it."""
    if position.side == "sell":
        return min(_stepped(position.net, filters.lot, ROUND_FLOOR), filters.most)
    owed = -position.net
    amount = _stepped(owed / (1 - _FEE), filters.lot, ROUND_CEILING)
    if amount > owed * (1 + FEE_ROOM):
        amount = _stepped(owed, filters.lot, ROUND_FLOOR)
    return min(amount, filters.most)


def _stepped(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding=rounding) * step
