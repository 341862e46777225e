"""Cancelling, and looking up, the grant's own orders.

A cancel is safe to repeat: it can only ever end the one order that its client order id names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vault import clock
from vault.audit import chain
from vault.audit.models import Entry
from vault.grants.models import Credential
from vault.ledger import ledger
from vault.ledger.models import Order
from vault.messages.answers import OrderAnswer, State
from vault.messages.refusals import Code, Refused, Retry
from vault.messages.words import Cancel, Identity, Lookup
from vault.service import facts, identify, sending
from vault.service.identify import Bearer, Request
from vault.service.readings import apply_reading
from vault.service.signer import Signer
from vault.signing import binance
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    order: Order
    credential: Credential
    opening: Entry | None  # None: there is nothing to cancel any more


async def look_up(signer: Signer, request: Request, word: Lookup) -> OrderAnswer:
    """The order as the ledger has it. The exchange is asked in the background, whoever asks here."""
    caller = identify.bearer(signer, request)
    return await signer.database.decide(_look_up, signer, caller, word)


def _look_up(signer: Signer, caller: Bearer, word: Lookup) -> OrderAnswer:
    facts.slow_enough_to_read(signer, identify.admit(caller, word.grant, now=clock.now()).grant)
    return ledger.answer(_own(word))


async def cancel(signer: Signer, request: Request, word: Cancel) -> OrderAnswer:
    """The order as the ledger has it afterwards; `cancelling` until the exchange has confirmed.

    Raises Retry when the exchange could not be asked.
    """
    caller = identify.bearer(signer, request)
    admitted = await signer.database.decide(_admit, caller, word)
    if admitted.opening is None:
        return ledger.answer(admitted.order)
    return await send(signer, admitted)


async def send(signer: Signer, admitted: Admitted) -> OrderAnswer:
    """Ask the exchange for a cancel that was written down. Raises Retry when it could not be asked."""
    order = admitted.order
    try:
        await sending.markets_known(signer.venue(order.exchange))
        operation = binance.cancel(
            signer.venue(order.exchange).workshop, symbol=order.market, client_order_id=order.client_order_id
        )
        reading = await sending.carry_out(signer, admitted.credential, operation)
    except (NotThere, Unsure) as why:
        return await signer.database.run(_close, admitted, {"outcome": "unknown", "reason": str(why)[:200]}, None)
    except (Rejected, NotSent) as why:
        await signer.database.run(_close, admitted, {"outcome": "refused", "reason": str(why)[:200]}, None)
        raise Retry(Code.EXCHANGE_BUSY, str(why)[:200]) from why
    except (Refused, Retry) as why:
        await signer.database.run(_close, admitted, {"outcome": "never sent", "reason": why.code}, None)
        raise
    finally:
        signer.stir(order.credential, order.market)
    return await signer.database.run(_close, admitted, {"outcome": "cancelled"}, reading)


def _own(word: Identity) -> Order:
    order = ledger.find(word)
    if order is None:
        raise Refused(Code.UNKNOWN_ORDER)
    return order


def _admit(caller: Bearer, word: Cancel) -> Admitted:
    now = clock.now()
    grant = identify.admit(caller, word.grant, now=now).grant
    order = _own(word)
    if State(order.state).over:
        return Admitted(order=order, credential=grant.credential, opening=None)
    body = {"runner": caller.claims.runner, "fence": caller.claims.fence}
    opening = chain.append("order.cancel", order.client_order_id, body, now=now)
    ledger.cancelling(order, True, now=now)
    return Admitted(order=order, credential=grant.credential, opening=opening)


def _close(admitted: Admitted, body: dict[str, Any], reading: dict[str, Any] | None) -> OrderAnswer:
    now = clock.now()
    opening, about = admitted.opening, admitted.order.client_order_id
    if opening is not None and chain.is_open(opening):
        chain.append("order.cancelled", about, body, now=now, closes=opening)
    else:  # the watch gave it up and has closed it
        chain.append("order.learned_late", about, body, now=now)
    order = Order.objects.get(pk=admitted.order.pk)
    # Whatever came of it, this attempt is over: an order that is still there may be cancelled again.
    ledger.cancelling(order, False, now=now)
    if reading is not None:
        apply_reading(order, {**reading, "status": "canceled"}, now=now)
    return ledger.answer(order)
