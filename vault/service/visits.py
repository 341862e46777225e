"""Visits to the vault's pages: how somebody comes in, and what they see.

A visit that was begun with the web's ticket may do no more than the web's own key may for that owner: connect, rename
and remove keys. What goes beyond takes a signature with the owner's passkey each time (`vault.service.passkeys`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from vault import clock
from vault.audit import chain
from vault.grants import grants
from vault.grants.models import Credential, Grant, GrantVersion
from vault.kills import kills
from vault.ledger.models import Order
from vault.messages.money import written
from vault.messages.passkeys import EnterByTicket, LeaveVisit, Look, LookAnswer, OpenTicket, TicketAnswer, VisitAnswer
from vault.messages.terms import Terms
from vault.passkeys import owners
from vault.passkeys.models import Passkey
from vault.service.keys import sealing_key
from vault.service.rights import address
from vault.service.signer import Signer

_SHOWN = (Credential.State.WAITING, Credential.State.READY)


async def ticket(signer: Signer, word: OpenTicket) -> TicketAnswer:
    """For the web: somebody whom it knows goes on to the pages."""
    return await signer.database.run(_ticket, word)


def _ticket(word: OpenTicket) -> TicketAnswer:
    now = clock.now()
    chain.append("visit.ticket", str(word.owner), {}, now=now)
    return TicketAnswer(ticket=owners.ticket(word.owner, now=now), seconds=owners.TICKET_SECONDS)


async def enter(signer: Signer, word: EnterByTicket) -> VisitAnswer:
    """Raises Refused(VISIT_OVER)."""
    return await signer.database.run(_enter, word)


def _enter(word: EnterByTicket) -> VisitAnswer:
    return begun(owners.begin_by(word.ticket, now=clock.now()), by="ticket")


def begun(owner: UUID, *, by: str) -> VisitAnswer:
    """A new visit of this owner. Inside a transaction."""
    now = clock.now()
    chain.append("visit.begun", str(owner), {"by": by}, now=now)
    return VisitAnswer(visit=owners.visit(owner, now=now), owner=str(owner), seconds=owners.VISIT_SECONDS)


async def whose(signer: Signer, visit: str) -> UUID:
    """The owner who visits. Raises Refused(VISIT_OVER)."""
    return await signer.database.run(lambda: owners.visiting(visit, now=clock.now()))


async def leave(signer: Signer, owner: UUID, _: LeaveVisit) -> None:
    """End this owner's visits, in every browser."""
    await signer.database.run(lambda: owners.leave(owner, now=clock.now()))


async def look(signer: Signer, owner: UUID, _: Look) -> LookAnswer:
    return await signer.database.run(_look, signer, owner)


def _look(signer: Signer, owner: UUID) -> LookAnswer:
    keys = list(Credential.objects.filter(owner=owner).order_by("-announced_at"))
    bots = list(Grant.objects.filter(owner=owner).select_related("credential").order_by("label", "id"))
    scopes = [
        kills.EVERYTHING,
        kills.user_scope(owner),
        *(kills.account_scope(each.id) for each in keys),
        *(kills.bot_scope(each.id) for each in bots),
    ]
    return LookAnswer(
        owner=str(owner),
        public_key=sealing_key(),
        exchanges=[
            {"name": name, "paper": venue.paper, "address": address(signer, name)}
            for name, venue in sorted(signer.venues.items())
        ],
        credentials=[_key(each, bots) for each in keys if each.state in _SHOWN],
        grants=[_grant(signer, each) for each in bots if not each.revoked_at],
        passkeys=[_passkey(each) for each in owners.of(owner)],
        kills=[
            {"scope": each.scope, "level": each.level, "mine": each.by == kills.owner(owner)}
            for each in kills.in_force(scopes)
        ],
    )


def _key(row: Credential, bots: list[Grant]) -> dict[str, Any]:
    last = Order.objects.filter(credential=row.id).order_by("-prepared_at").first()
    return {
        "id": str(row.id),
        "exchange": row.exchange,
        "label": row.label,
        "state": row.state,
        "ip_bound": row.ip_bound,
        "expires": row.expires_at and int(row.expires_at.timestamp()),
        "connected_at": row.connected_at and row.connected_at.isoformat(),
        "last_used": last and last.prepared_at.isoformat(),
        "bots": [each.label for each in bots if each.credential_id == row.id and not each.revoked_at],
    }


def _grant(signer: Signer, row: Grant) -> dict[str, Any]:
    version = GrantVersion.objects.get(grant=row, version=row.version)
    paper = signer.venue(row.credential.exchange).paper
    earlier = GrantVersion.objects.filter(grant=row, version__lt=row.version).exclude(approved_at=None)
    approved = earlier.order_by("-version").values_list("version", flat=True).first()
    return {
        "id": str(row.id),
        "label": row.label,
        "key": row.credential.label,
        "version": row.version,
        "terms": _terms(row, row.version, paper=paper),
        "before": None if approved is None else _terms(row, approved, paper=paper),
        "digest": version.digest,
        "paper": paper,
        "waits": not paper and version.approved_at is None,
    }


def _terms(row: Grant, version: int, *, paper: bool) -> dict[str, Any]:
    """What a version allows as the signer itself reads it: nobody approves what another program made of it."""
    allowed = grants.allowed(row.id, version, paper=paper)
    return {name: _plain(getattr(allowed, name)) for name in Terms.__dataclass_fields__}


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return written(value)
        case frozenset():
            return sorted(value)
        case Mapping():
            return {asset: written(amount) for asset, amount in sorted(value.items())}
    return value


def _passkey(row: Passkey) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "added_at": row.added_at.isoformat(),
        "used_at": row.used_at and row.used_at.isoformat(),
    }
