"""Grants as the web writes and revokes them, and balances under one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from vault import clock
from vault.audit import chain
from vault.grants import grants
from vault.grants.models import Credential, Grant
from vault.messages.answers import BalancesAnswer, GrantAnswer
from vault.messages.canonical import digest
from vault.messages.money import written
from vault.messages.words import Balances, RevokeGrant, WriteGrant
from vault.service import facts, identify, references, sending
from vault.service.identify import Bearer, Request
from vault.service.signer import Signer
from vault.signing import binance
from vault.tokens.models import EnrolledKey


async def write(signer: Signer, key: EnrolledKey, word: WriteGrant) -> GrantAnswer:
    """The grant's newest version. Raises Refused."""
    answer, exchange = await signer.database.run(_write, signer, key, word)
    # A market that nobody traded before has no price here yet, and the bot's first order comes soon.
    await references.cover(signer, exchange, word.limits.markets)
    return answer


def _write(signer: Signer, key: EnrolledKey, word: WriteGrant) -> tuple[GrantAnswer, str]:
    now = clock.now()
    exchange = Credential.objects.filter(id=word.credential).values_list("exchange", flat=True).first()
    paper = exchange is not None and signer.venue(exchange).paper
    grant = grants.write(word, by=key.id, now=now, paper=paper)
    approved = grants.approved_at(grant) is not None
    body = {"word": msgspec.to_builtins(word), "digest": digest(word.text), "approved": approved, "by": key.id}
    chain.append("grant.written", str(grant.id), body, now=now)
    return GrantAnswer(grant=str(grant.id), version=grant.version), grant.credential.exchange


async def revoke(signer: Signer, key: EnrolledKey, word: RevokeGrant) -> GrantAnswer:
    return await signer.database.run(_revoke, key, word)


def _revoke(key: EnrolledKey, word: RevokeGrant) -> GrantAnswer:
    now = clock.now()
    grant = grants.revoke(word.grant, word.owner, now=now)
    chain.append("grant.revoked", str(grant.id), {"by": key.id}, now=now)
    return GrantAnswer(grant=str(grant.id), version=grant.version)


async def balances(signer: Signer, request: Request, word: Balances) -> BalancesAnswer:
    """What the grant's account holds. Raises Refused, Retry."""
    caller = identify.bearer(signer, request)
    grant = await signer.database.decide(_admit, signer, caller, word)
    reading = await sending.ask(signer, grant.credential, binance.balances())
    return BalancesAnswer(free=_money(reading["free"]), total=_money(reading["total"]))


def _money(amounts: Mapping[str, str]) -> dict[str, str]:
    return {asset: written(Decimal(text)) for asset, text in amounts.items()}


def _admit(signer: Signer, caller: Bearer, word: Balances) -> Grant:
    grant = identify.admit(caller, word.grant, now=clock.now()).grant
    facts.slow_enough_to_read(signer, grant)
    return grant
