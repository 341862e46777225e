"""What the web may show of the vault. Nothing in here can be used to sign or to ask."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from vault import clock
from vault.audit import chain
from vault.audit.models import Checkpoint, Entry
from vault.grants import grants
from vault.grants.models import Credential, Grant
from vault.kills import kills
from vault.kills.models import Kill
from vault.ledger import ledger
from vault.ledger.models import Event, Order
from vault.messages.answers import HealthAnswer, OverviewAnswer
from vault.messages.words import Overview
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.tokens.models import Lease

_MINTED = "token.minted"


async def overview(signer: Signer, word: Overview) -> OverviewAnswer:
    """Newest first, at most `limit` rows a table; of one owner, or of everybody."""
    tables = await signer.database.run(_overview, word)
    return msgspec.structs.replace(
        tables, mode=signer.standing.mode, troubles=[*signer.standing.troubles(), *signer.standing.notes()]
    )


def _overview(word: Overview) -> OverviewAnswer:
    own = Q() if word.owner is None else Q(owner=word.owner)
    mine = list(Grant.objects.filter(own).order_by("-id")[: word.limit])
    ids = [grant.id for grant in mine]
    orders = Order.objects.filter(grant__in=ids) if word.owner else Order.objects.all()
    newest = list(orders.order_by("-id")[: word.limit])
    of_grants = Entry.objects.filter(subject__in=[str(grant) for grant in ids]) if word.owner else Entry.objects.all()
    refused = of_grants.filter(chain.of_kind("order.refused")).order_by("-height")
    entries = Entry.objects.all() if word.owner is None else _about(word.owner, word.limit, ids, newest)
    return OverviewAnswer(
        credentials=[
            _credential(each) for each in Credential.objects.filter(own).order_by("-announced_at")[: word.limit]
        ],
        grants=[_grant(each) for each in mine],
        leases=_leases(None if word.owner is None else {grant.shard for grant in mine if grant.shard}),
        orders=[msgspec.to_builtins(ledger.answer(each)) for each in newest],
        audit=[_entry(each) for each in entries.order_by("-height")[: word.limit]],
        kills=[_kill(each) for each in _kills(word)],
        refused=[_entry(each) for each in refused[: word.limit]],
        tokens=[_token(each) for each in _minted(of_grants)[: word.limit]],
        record=_record(),
    )


def _about(owner: UUID, limit: int, bots: list[UUID], newest: list[Order]) -> QuerySet[Entry]:
    """What was written down about an owner. Of its orders those that are new, or were heard of lately: an account has
    more than anybody could be shown. Tokens, of which there is one a minute and bot, are told of their own."""
    heard = Event.objects.filter(grant__in=bots).order_by("-seq").values_list("order", flat=True)[:limit]
    orders = Order.objects.filter(pk__in=set(heard)).values_list("client_order_id", flat=True)
    keys = list(Credential.objects.filter(owner=owner).values_list("id", flat=True))
    subjects = {str(owner), kills.user_scope(owner), *map(str, keys), *map(kills.account_scope, keys)}
    subjects |= {*map(str, bots), *map(kills.bot_scope, bots)}
    subjects |= {*orders, *(order.client_order_id for order in newest)}
    return Entry.objects.filter(subject__in=subjects).exclude(kind=_MINTED)


def _leases(shards: set[str] | None) -> list[dict[str, Any]]:
    """All of them; or those on which an owner's bots are run, without who holds them."""
    if shards is None:
        return [_lease(each) | {"holder": each.holder_id} for each in Lease.objects.order_by("shard")]
    return [_lease(each) for each in Lease.objects.filter(shard__in=shards).order_by("shard")]


def _minted(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Tokens are kept nowhere; what was written down when they were minted says which may still count."""
    since = clock.now() - timedelta(seconds=VAULT.token_seconds)
    return entries.filter(chain.of_kind(_MINTED), at__gt=since).order_by("-height")


def _token(row: Entry) -> dict[str, Any]:
    body = json.loads(row.body)
    until = row.at + timedelta(seconds=VAULT.token_seconds)
    return {"grant": row.subject, "shard": body["shard"], "minted_at": row.at.isoformat(), "until": until.isoformat()}


def _record() -> dict[str, Any]:
    newest, signed = Entry.objects.order_by("-height").first(), Checkpoint.objects.order_by("-height").first()
    return {
        "height": newest.height if newest else 0,
        "at": newest.at.isoformat() if newest else None,
        "checkpoint": signed.height if signed else 0,
        "checkpoint_at": signed.at.isoformat() if signed else None,
    }


def _kills(word: Overview) -> list[Kill]:
    """Those that are in force, all of them: the owner's bots may also be stopped by what they belong to."""
    if word.owner is None:
        return list(Kill.objects.filter(lifted_at=None).order_by("-id"))
    credentials = Credential.objects.filter(owner=word.owner).values_list("id", flat=True)
    bots = Grant.objects.filter(owner=word.owner).values_list("id", flat=True)
    mine = [*map(kills.account_scope, credentials), *map(kills.bot_scope, bots)]
    return kills.in_force([kills.EVERYTHING, kills.user_scope(word.owner), *mine])


async def health(signer: Signer) -> HealthAnswer:
    """Whether orders can be signed right now."""
    keystore = await signer.keystore.healthy()
    orders = await signer.database.run(_sent)
    standing = signer.standing
    troubles = standing.troubles()
    return HealthAnswer(
        ok=keystore and not troubles,
        keystore=keystore,
        orders=orders,
        mode=standing.mode,
        troubles=[*troubles, *standing.notes()],
    )


def _sent() -> int:
    return Order.objects.count()


def _credential(row: Credential) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "owner": str(row.owner),
        "exchange": row.exchange,
        "label": row.label,
        "state": row.state,
        "ip_bound": row.ip_bound,
        "connected_at": row.connected_at and row.connected_at.isoformat(),
    }


def _grant(row: Grant) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "owner": str(row.owner),
        "credential": str(row.credential_id),
        "label": row.label,
        "version": row.version,
        "limits": msgspec.to_builtins(grants.limits(row)),
        "approved_at": _approved_at(row),
        "shard": row.shard,
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
    }


def _kill(row: Kill) -> dict[str, Any]:
    return {"scope": row.scope, "level": row.level, "by": row.by, "put_at": row.put_at.isoformat()}


def _approved_at(row: Grant) -> str | None:
    """Since when the newest version counts on a host that is not paper."""
    at = grants.approved_at(row)
    return None if at is None else at.isoformat()


def _lease(row: Lease) -> dict[str, Any]:
    return {
        "shard": row.shard,
        "fence": row.fence,
        "expires_at": row.expires_at.isoformat(),
    }


def _entry(row: Entry) -> dict[str, Any]:
    return {
        "height": row.height,
        "at": row.at.isoformat(),
        "kind": row.kind,
        "subject": row.subject,
        "body": json.loads(row.body),
        "digest": row.digest,
    }
