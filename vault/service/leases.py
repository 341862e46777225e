"""Leases, tokens and events: what a runner needs to run a shard."""

from __future__ import annotations

import msgspec

from vault import clock
from vault.audit import chain
from vault.grants import grants
from vault.grants.models import Credential, Grant
from vault.ledger.models import Event as EventRow
from vault.messages import proofs
from vault.messages.answers import Event, Events, LeaseAnswer, OrderAnswer, TokenAnswer, TradeWord
from vault.messages.refusals import Code, Refused
from vault.messages.words import MintToken, ReadEvents, ReleaseLease, RenewLease, TakeLease
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.tokens import leases
from vault.tokens.models import EnrolledKey, Lease
from vault.tokens.tokens import Claims, Confirmation


async def take(signer: Signer, key: EnrolledKey, word: TakeLease) -> LeaseAnswer:
    """The shard's next fence. Raises Refused(LEASE_HELD)."""
    return await signer.database.run(_take, key, word)


def _take(key: EnrolledKey, word: TakeLease) -> LeaseAnswer:
    lease = leases.take(word.shard, key, word.proof_key, now=clock.now(), until=clock.after(VAULT.lease_seconds))
    chain.append("lease.taken", word.shard, {"fence": lease.fence, "runner": key.id}, now=clock.now())
    return LeaseAnswer(shard=word.shard, fence=lease.fence, seconds=VAULT.lease_seconds)


async def renew(signer: Signer, key: EnrolledKey, word: RenewLease) -> LeaseAnswer:
    return await signer.database.run(_renew, key, word)


def _renew(key: EnrolledKey, word: RenewLease) -> LeaseAnswer:
    lease = leases.live(word.shard, word.fence, now=clock.now(), holder=key.id)
    lease.expires_at = clock.after(VAULT.lease_seconds)
    lease.save(update_fields=["expires_at"])
    return LeaseAnswer(shard=word.shard, fence=lease.fence, seconds=VAULT.lease_seconds)


async def release(signer: Signer, key: EnrolledKey, word: ReleaseLease) -> LeaseAnswer:
    return await signer.database.run(_release, key, word)


def _release(key: EnrolledKey, word: ReleaseLease) -> LeaseAnswer:
    lease = leases.live(word.shard, word.fence, now=clock.now(), holder=key.id)
    lease.expires_at = clock.now()
    lease.save(update_fields=["expires_at"])
    chain.append("lease.released", word.shard, {"fence": lease.fence}, now=clock.now())
    return LeaseAnswer(shard=word.shard, fence=lease.fence, seconds=0)


async def mint(signer: Signer, key: EnrolledKey, word: MintToken) -> TokenAnswer:
    """A token for one grant under one lease. Raises Refused."""
    claims = await signer.database.run(_claims, signer, key, word)
    return TokenAnswer(token=signer.mint.token(claims), seconds=VAULT.token_seconds, grant_version=claims.version)


def _claims(signer: Signer, key: EnrolledKey, word: MintToken) -> Claims:
    now = clock.now()
    lease = leases.live(word.shard, word.fence, now=now, holder=key.id)
    grant = grants.current(word.grant)
    if grant.credential.state != Credential.State.READY:
        raise Refused(Code.CREDENTIAL_NOT_READY)
    grants.counts(grant, paper=signer.venue(grant.credential.exchange).paper)
    if grant.shard != word.shard:
        if Lease.objects.filter(shard=grant.shard, expires_at__gt=now).exists():
            raise Refused(Code.HELD_BY_ANOTHER_SHARD, f"It is {grant.shard}.")
        Grant.objects.filter(id=grant.id).update(shard=word.shard)
    chain.append("token.minted", str(grant.id), {"runner": key.id, "shard": word.shard, "fence": lease.fence}, now=now)
    at = clock.seconds()
    return Claims(
        v=1,
        grant=grant.id,
        version=grant.version,
        epoch=grant.epoch,
        shard=word.shard,
        fence=lease.fence,
        runner=key.id,
        cnf=Confirmation(jkt=proofs.thumbprint(lease.proof_key)),
        iat=at,
        exp=at + int(VAULT.token_seconds),
    )


async def events(signer: Signer, key: EnrolledKey, word: ReadEvents) -> Events:
    """What happened to the orders of the shard's grants since an event."""
    return await signer.database.run(_events, key, word)


def _events(key: EnrolledKey, word: ReadEvents) -> Events:
    leases.live(word.shard, word.fence, now=clock.now(), holder=key.id)
    mine = Grant.objects.filter(shard=word.shard).values_list("id", flat=True)
    rows = EventRow.objects.filter(seq__gt=word.since, grant__in=list(mine)).select_related("trade").order_by("seq")
    found = list(rows[: word.limit + 1])
    return Events(events=[_told(row) for row in found[: word.limit]], more=len(found) > word.limit)


def _told(row: EventRow) -> Event:
    trade = row.trade
    return Event(
        seq=row.seq,
        order=msgspec.json.decode(row.told, type=OrderAnswer),
        trade=None
        if trade is None
        else TradeWord(
            trade_id=trade.trade_id,
            amount=trade.amount,
            price=trade.price,
            fee=trade.fee,
            fee_asset=trade.fee_asset,
            at=trade.traded_at,
            maker=trade.maker,
        ),
    )
