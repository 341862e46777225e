"""Check, then sign, then send: the only way out of the signer to an exchange."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from vault.grants.models import Credential
from vault.messages.refusals import Code, Refused, Retry
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.binance import Operation
from vault.signing.outcomes import NotSent, Rejected, Unsure
from vault.signing.venue import Venue

DEADLINE = timedelta(seconds=3)  # from being checked to being sent


def valid_until(admitted_at: datetime) -> datetime:
    """When the exchange refuses an order that was admitted then, whenever before its deadline it is signed."""
    return admitted_at + DEADLINE + timedelta(seconds=VAULT.recv_window)


async def carry_out(
    signer: Signer,
    credential: Credential,
    operation: Operation,
    *,
    last_look: Callable[[], Awaitable[None]] | None = None,
) -> Any:
    """Build, assert, MAC, take a last look, send, read.

    Raises Refused or Retry before anything is sent; Rejected, NotThere, NotSent or Unsure from the exchange.
    """
    venue = signer.venue(credential.exchange)
    signer.standing.may_sign(credential.exchange)
    await markets_known(venue)
    built = venue.workshop.write(operation.written, await signer.api_key(credential))
    operation.expected.check(built)
    if built.payload is None:
        raise Refused(Code.REQUEST_NOT_AS_INTENDED, "there was nothing to sign")
    signer.standing.may_sign(credential.exchange)
    mac = await signer.keystore.mac(credential.key_name, built.payload)
    if last_look is not None:
        await last_look()
    response = await venue.send(built.signed(mac))
    return venue.workshop.read(operation.reads, response)


async def markets_known(venue: Venue) -> None:
    """Ask the exchange once what can be traded. Raises Retry(EXCHANGE_UNREACHABLE)."""
    if venue.workshop.knows_markets:
        return
    call = binance.markets()
    try:
        response = await venue.send(venue.workshop.build(call))
        venue.workshop.learn_markets(venue.workshop.read(call, response))
    except (NotSent, Unsure, Rejected) as why:
        raise Retry(Code.EXCHANGE_UNREACHABLE, str(why)[:200]) from why


async def ask(signer: Signer, credential: Credential, operation: Operation) -> Any:
    """Read something from the exchange for somebody who waits. Raises Refused or Retry, and nothing else."""
    try:
        return await carry_out(signer, credential, operation)
    except (NotSent, Unsure) as why:
        raise Retry(Code.EXCHANGE_UNREACHABLE, str(why)[:200]) from why
    except Rejected as why:
        if why.busy:
            raise Retry(Code.EXCHANGE_BUSY, why.reason[:200], after=5) from why
        raise Refused(Code.EXCHANGE_REFUSED, why.reason[:200]) from why
