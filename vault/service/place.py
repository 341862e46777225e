"""Placing an order.

1. Identify: token, expiry, proof, sequence number, fence, epoch.
2. Authorise: the kill switch, then the policy over facts gathered here.
3. Write down: ledger row and opening audit entry. Steps 1 to 3 are one transaction; no audit, no act.
   From here on the order may exist: whoever finds its row without an outcome has to look it up.
4. Build the request from the intent, and check that it says the intent and nothing else.
5. Have the key store compute its MAC.
6. Look again: the grant still in force, nothing stopped, the deadline not passed.
7. Send.
8. Write down what came of it, with the closing audit entry.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from vault import clock
from vault.audit import chain
from vault.audit.models import Entry
from vault.grants.models import Credential
from vault.ledger import ledger
from vault.ledger.book import Book
from vault.ledger.models import Order
from vault.messages import money
from vault.messages.answers import OrderAnswer, State
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry
from vault.messages.words import Place
from vault.policy import authorise
from vault.service import facts, identify, sending, stops
from vault.service.database import Mark
from vault.service.identify import Admission, Bearer, Request
from vault.service.readings import apply_reading
from vault.service.signer import Signer
from vault.signing import binance
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure
from vault.tokens import leases

_NEVER = datetime.min.replace(tzinfo=UTC)
_MOST_REFUSED = 300  # of one grant in a minute: each is an entry of the audit, which nobody can take away


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """An order that may be sent, as it stood when that was decided."""

    order: Order
    credential: Credential
    opening: Entry
    epoch: int  # of the kill switch, whatever it was used on
    mark: Mark | None = None  # the ledger as it was then
    until: datetime = _NEVER  # how long what was read then stays true by itself


async def place(signer: Signer, request: Request, intent: Place) -> OrderAnswer:
    """The order as the ledger has it afterwards. Raises Refused or Retry when nothing was sent."""
    caller = identify.bearer(signer, request)
    for venue in signer.venues.values():
        await sending.markets_known(venue)
    numbers = _numbers(intent)
    # 0.10 and 0.1 are the same order: from here on there is one way to write it.
    intent = msgspec.structs.replace(intent, amount=money.written(numbers[0]), price=money.written(numbers[1]))
    admitted = await signer.database.decide(_admit, signer, caller, intent, numbers)
    if isinstance(admitted, OrderAnswer):
        return admitted
    return await send(signer, admitted, partial(_still_wanted, signer, caller, admitted))


def _numbers(intent: Place) -> tuple[Decimal, Decimal]:
    numbers = []
    for name, text in (("amount", intent.amount), ("price", intent.price)):
        try:
            numbers.append(money.amount(text))
        except ValueError as why:
            raise Refused(Code.MALFORMED, f"{name}: {text[:40]!r} is {why}.") from why
    return numbers[0], numbers[1]


def _admit(signer: Signer, caller: Bearer, intent: Place, numbers: tuple[Decimal, Decimal]) -> Admitted | OrderAnswer:
    """Steps 1 to 3. An order that was sent before is answered. Raises Refused, which is written down."""
    now = clock.now()
    admission = identify.admit(caller, intent.grant, now=now)
    if signer.pace.of(intent.grant, "refused") >= _MOST_REFUSED:
        raise Refused(Code.TOO_MANY_REFUSED)
    credential = admission.grant.credential
    body = {"intent": msgspec.to_builtins(intent), "runner": caller.claims.runner, "fence": caller.claims.fence}
    try:
        newest = ledger.newest(intent)
        if (known := ledger.known(intent, newest)) is not None:
            return ledger.answer(known)  # whatever is allowed now: it was sent, and nothing is sent again
        order = _write_down(signer, caller, admission, intent, numbers, newest=newest, now=now)
    except Refused as why:
        refusal = {**body, "code": why.code, "detail": why.detail}
        chain.append("order.refused", str(intent.grant), refusal, now=now)
        signer.pace.count(intent.grant, "refused")
        raise
    opening = chain.append("order.place", order.client_order_id, body, now=now)
    return Admitted(
        order=order,
        credential=credential,
        opening=opening,
        epoch=admission.switch.epoch,
        mark=signer.database.mark(),
        until=min(admission.until, order.prepared_at + sending.DEADLINE),
    )


def _write_down(
    signer: Signer,
    caller: Bearer,
    admission: Admission,
    intent: Place,
    numbers: tuple[Decimal, Decimal],
    *,
    newest: Order | None,
    now: datetime,
) -> Order:
    """The row of an order that the policy allows. Raises Refused, Retry."""
    grant = admission.grant
    credential = grant.credential
    if credential.state != Credential.State.READY:
        raise Refused(Code.CREDENTIAL_NOT_READY)
    exchange = credential.exchange
    workshop = signer.venue(exchange).workshop
    workshop.market_id(intent.market)
    book = Book.of(grant.id, now=now)
    about = facts.gather(
        signer,
        intent,
        numbers=numbers,
        grant=grant,
        terms=facts.terms(signer, grant),
        present=facts.present(caller, admission),
        book=book,
        now=now,
    )
    stops.admit(signer, grant, admission.switch, exits=about.exits)
    authorise(about)
    workshop.on_grid(intent.market, *numbers)
    fair = None if about.reference is None else about.reference.price(intent.side)
    order = ledger.prepare(
        intent,
        book,
        newest=newest,
        credential=credential.id,
        exchange=exchange,
        now=now,
        valid_until=sending.valid_until(now),
        exits=about.exits,
        reference=fair,
    )
    signer.pace.count(grant.id, "exit" if about.exits else "order")
    return order


async def send(signer: Signer, admitted: Admitted, still_wanted: Callable[[], None]) -> OrderAnswer:
    """Steps 4 to 8. `still_wanted` looks into the database right before the send, and raises Refused if it is not."""
    order = admitted.order
    rests = False

    async def last_look() -> None:
        await signer.database.look(_may_be_sent, signer, admitted, still_wanted)

    try:
        if signer.standing.looks_first and (found := await _sent_before(signer, admitted)):
            return await _written(signer, _accepted, admitted, found)
        operation = binance.place(
            signer.venue(order.exchange).workshop,
            symbol=order.market,
            side=order.side,
            order_type=order.type,
            amount=Decimal(order.amount),
            price=Decimal(order.price),
            client_order_id=order.client_order_id,
        )
        reading = await sending.carry_out(signer, admitted.credential, operation, last_look=last_look)
        rests = reading.get("status") == "open" and not Decimal(reading.get("filled") or 0)
    except (Refused, Retry) as why:
        await signer.database.run(_end, signer, admitted, State.REJECTED, f"never sent: {why.code}: {why}")
        raise
    except NotSent as why:
        return await _written(signer, _end, admitted, State.ABSENT, f"never sent: {why}")
    except Rejected as why:
        return await _written(signer, _end, admitted, State.REJECTED, why.reason)
    except (Unsure, NotThere) as why:
        return await _written(signer, _unknown, admitted, str(why))
    else:
        return await _written(signer, _accepted, admitted, reading)
    finally:
        if not rests:  # there is something to be learned of it now
            signer.stir(order.credential, order.market)


async def _sent_before(signer: Signer, admitted: Admitted) -> dict[str, Any] | None:
    """What the exchange has under this order's name: the part of the ledger that was lost may have sent it.

    Raises Retry when the exchange does not tell: then nothing is sent.
    """
    order = admitted.order
    workshop = signer.venue(order.exchange).workshop
    operation = binance.look_up(workshop, symbol=order.market, client_order_id=order.client_order_id)
    try:
        reading: dict[str, Any] = await sending.carry_out(signer, admitted.credential, operation)
    except NotThere:
        return None
    except (NotSent, Unsure, Rejected) as why:
        raise Retry(Code.EXCHANGE_UNREACHABLE, str(why)[:200]) from why
    return reading


async def _written(signer: Signer, act: Callable[..., OrderAnswer], *args: Any) -> OrderAnswer:
    """Step 8. A ledger that fails now must not say that nothing happened: raises OutcomeUnknown."""
    try:
        return await signer.database.run(act, signer, *args)
    except Retry as why:
        raise OutcomeUnknown(f"It was sent, and the ledger cannot be written: {why.detail}") from why


def _may_be_sent(signer: Signer, admitted: Admitted, still_wanted: Callable[[], None]) -> None:
    """Step 6. Raises Refused. Nothing is written: its row has said since it was admitted that it may exist.

    Where nobody has written anything at all since then, everything that was read then is so.
    """
    if clock.now() < admitted.until and signer.database.untouched(admitted.mark):
        signer.standing.may_place()
        return
    still_wanted()
    order = admitted.order
    if clock.now() > order.prepared_at + sending.DEADLINE or ledger.state(order) is not State.SENDING:
        raise Refused(Code.DEADLINE_PASSED)


def _still_wanted(signer: Signer, caller: Bearer, admitted: Admitted) -> None:
    """Raises Refused when its runner or its grant may not place it any more."""
    stops.still(signer, identify.still_in_force(caller.claims), admitted.order, admitted.epoch)
    leases.still_live(caller.claims.shard, caller.claims.fence, now=clock.now(), holder=caller.claims.runner)


def _end(signer: Signer, admitted: Admitted, state: State, reason: str) -> OrderAnswer:
    order, now = _close(signer, admitted, {"state": state, "reason": reason})
    ledger.end(order, state, reason, now=now)
    return ledger.answer(order)


def _unknown(signer: Signer, admitted: Admitted, reason: str) -> OrderAnswer:
    order, now = _close(signer, admitted, {"state": State.UNKNOWN, "reason": reason})
    ledger.unknown(order, reason, now=now)
    return ledger.answer(order)


def _accepted(signer: Signer, admitted: Admitted, reading: dict[str, Any]) -> OrderAnswer:
    order, now = _close(signer, admitted, {"state": State.ACCEPTED, "exchange_order_id": str(reading["id"])})
    apply_reading(order, reading, now=now)
    return ledger.answer(order)


def _close(signer: Signer, admitted: Admitted, body: dict[str, Any]) -> tuple[Order, datetime]:
    """The closing audit entry; the row as it is now, which may have been touched meanwhile."""
    now = clock.now()
    order = admitted.order if signer.database.follows(admitted.mark) else ledger.again(admitted.order)
    if State(order.state) is State.SENDING:
        chain.append("order.placed", order.client_order_id, body, now=now, closes=admitted.opening)
    else:  # the watch gave it up and has closed it
        chain.append("order.learned_late", order.client_order_id, body, now=now)
    return order, now
