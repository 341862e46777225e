"""Writing, reading and revoking grants. Run inside a transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from vault.grants.models import Credential, Grant, GrantVersion
from vault.messages.canonical import canonical, digest
from vault.messages.money import amount
from vault.messages.refusals import Code, Refused
from vault.messages.words import Limits, WriteGrant


def write(word: WriteGrant, *, by: str, now: datetime) -> Grant:
    """Store the next version. Raises Refused when the credential is not this owner's, or the version is not next.

    A version that is there already with the same words is not written twice.
    """
    notional(word.limits)
    credential = Credential.objects.filter(id=word.credential, owner=word.owner).first()
    if credential is None:
        raise Refused(Code.NOT_FOUND, "No such key of this owner.")
    if credential.state != Credential.State.READY:
        raise Refused(Code.CREDENTIAL_NOT_READY)
    grant = Grant.objects.select_for_update().filter(id=word.grant).first()
    if grant is None:
        grant = Grant(id=word.grant, owner=word.owner, credential=credential, version=0)
    if grant.owner != word.owner or grant.credential_id != word.credential:
        raise Refused(Code.NOT_FOUND, "No such grant of this owner and key.")
    if grant.revoked_at:
        raise Refused(Code.GRANT_REVOKED)
    if word.version == grant.version and limits(grant) == word.limits:
        return grant
    if word.version != grant.version + 1:
        raise Refused(Code.MALFORMED, f"version: the next one is {grant.version + 1}, not {word.version}.")
    grant.version, grant.label = word.version, word.label
    grant.save()
    GrantVersion.objects.create(
        grant=grant,
        version=word.version,
        canonical=canonical(word).decode(),
        digest=digest(word),
        written_at=now,
        written_by=by,
    )
    return grant


def limits(grant: Grant) -> Limits:
    """What the newest version allows."""
    text = GrantVersion.objects.values_list("canonical", flat=True).get(grant=grant, version=grant.version)
    return msgspec.json.decode(text, type=WriteGrant).limits


def notional(limits: Limits) -> None:
    """Raises Refused unless the limit is a positive amount of money."""
    try:
        if amount(limits.order_notional) > 0:
            return
    except ValueError as why:
        raise Refused(Code.MALFORMED, f"order_notional: {limits.order_notional!r} is {why}.") from why
    raise Refused(Code.MALFORMED, "order_notional: it must be more than 0.")


def revoke(grant_id: UUID, owner: UUID, *, now: datetime) -> Grant:
    """End a grant for good. Every step of every request checks the epoch that this raises."""
    grant = Grant.objects.select_for_update().filter(id=grant_id, owner=owner).first()
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant of this owner.")
    if not grant.revoked_at:
        grant.revoked_at = now
        grant.epoch += 1
        grant.save()
    return grant


def current(grant_id: UUID) -> Grant:
    """The grant, unless it was revoked. Raises Refused."""
    grant = Grant.objects.select_related("credential").filter(id=grant_id).first()
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant.")
    if grant.revoked_at:
        raise Refused(Code.GRANT_REVOKED)
    return grant
