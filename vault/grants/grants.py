"""Writing, reading, approving and revoking grants. Run inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from vault.grants.models import Credential, Grant, GrantVersion
from vault.messages.canonical import canonical, digest
from vault.messages.refusals import Code, Refused
from vault.messages.terms import Terms, check, terms, wider_than
from vault.messages.words import GrantText, Limits, WriteGrant
from vault.statements import Select, Table

_GRANTS = Table(Grant)
_WITH_KEY = Select(Grant.objects.select_related("credential"), "pk")
_CONNECTED = Credential.objects.filter(state=Credential.State.READY)
_EXCHANGES = Select(_CONNECTED.values_list("id", "exchange"))
_KEY = Select(_CONNECTED, "pk")
_VERSION = Select(GrantVersion.objects.all(), "grant", "version")
FRESH = 300  # seconds for which a re-authentication allows a paper grant to be widened
_AHEAD = 30  # how far the web's clock may be before ours


def connected() -> dict[UUID, str]:
    """The exchange of each key that can be used."""
    return dict(_EXCHANGES.rows())


def key(credential: UUID) -> Credential | None:
    """It, if it can be used."""
    return _KEY.first(credential)


def write(word: WriteGrant, *, by: str, now: datetime, paper: bool) -> Grant:
    """Store the next version. Raises Refused when the credential is not this owner's, or the version is not next.

    A version that is there already with the same words is not written twice. One that allows more than the one
    before needs its owner: on a paper host a re-authentication that is at most `FRESH` seconds old, else Refused
    (WIDER_THAN_BEFORE); on any other host it counts only once it is approved. A narrower one counts as the one
    before did.
    """
    check(word.limits)
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
    approval = _without_its_owner(grant, word, now=now, paper=paper)
    grant.version, grant.label = word.version, word.label
    _GRANTS.save(grant)
    GrantVersion.objects.create(
        grant=grant,
        version=word.version,
        canonical=canonical(word.text).decode(),
        digest=digest(word.text),
        written_at=now,
        written_by=by,
        approved_at=None if approval is None else now,
        approval="" if approval is None else canonical(approval).decode(),
    )
    return grant


def _without_its_owner(grant: Grant, word: WriteGrant, *, now: datetime, paper: bool) -> dict[str, object] | None:
    """Why this version counts at once, or None: it waits for its owner's approval. Raises Refused."""
    before = None if not grant.version else _version(grant.id, grant.version)
    wider: tuple[str, ...] = ("everything",)
    if before is not None:
        wider = wider_than(
            terms(_text(before.canonical).limits, paper=paper),
            terms(word.limits, paper=paper),
        )
    if before is not None and not wider and (paper or before.approved_at is not None):
        return {"narrower_than": grant.version}
    if not paper:
        return None
    if before is not None and not _fresh(word.reauthenticated_at, now):
        raise Refused(Code.WIDER_THAN_BEFORE, f"It is wider in: {', '.join(wider)}.")
    return {"paper": True, "reauthenticated_at": word.reauthenticated_at}


def _fresh(at: int | None, now: datetime) -> bool:
    return at is not None and -_AHEAD <= int(now.timestamp()) - at <= FRESH


def approve(grant_id: UUID, version: int, evidence: Mapping[str, object], *, now: datetime) -> GrantVersion:
    """Let the newest version of a grant count, by this evidence of its owner's will, which the caller has checked.

    Raises Refused when it is not the newest: an approval that was given before a change says nothing of the change.
    """
    grant = Grant.objects.select_for_update().filter(id=grant_id, revoked_at=None).first()
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant.")
    if grant.version != version:
        raise Refused(Code.GRANT_CHANGED, f"Its newest version is {grant.version}, not {version}.")
    row = _version(grant_id, version)
    if row.approved_at is None:
        row.approved_at, row.approval = now, canonical(dict(evidence)).decode()
        row.save(update_fields=["approved_at", "approval"])
    return row


def newest(grant_id: UUID, owner: UUID) -> GrantVersion:
    """The newest version of this owner's grant. Raises Refused."""
    grant = Grant.objects.filter(id=grant_id, owner=owner).first()
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant of this owner.")
    if grant.revoked_at:
        raise Refused(Code.GRANT_REVOKED)
    return _version(grant_id, grant.version)


def counts(grant: Grant, *, paper: bool) -> None:
    """Raises Refused(GRANT_NOT_APPROVED) unless the newest version may be acted under on its host."""
    if not paper and approved_at(grant) is None:
        raise Refused(Code.GRANT_NOT_APPROVED)


def approved_at(grant: Grant) -> datetime | None:
    """Since when the newest version counts on hosts that are not paper; None: it waits for its owner."""
    return _version(grant.id, grant.version).approved_at


def limits(grant: Grant) -> Limits:
    """What the newest version allows, as it was written."""
    return _text(_version(grant.id, grant.version).canonical).limits


@lru_cache(maxsize=4096)
def allowed(grant_id: UUID, version: int, *, paper: bool) -> Terms:
    """What a version allows, as numbers. A version never changes: it is read once."""
    return terms(_text(_version(grant_id, version).canonical).limits, paper=paper)


def _version(grant_id: UUID, version: int) -> GrantVersion:
    (row,) = _VERSION.all(grant_id, version)
    return row


def _text(stored: str) -> GrantText:
    return msgspec.json.decode(stored, type=GrantText)


def revoke(grant_id: UUID, owner: UUID, *, now: datetime) -> Grant:
    """End a grant for good. Every step of every request checks the epoch that this raises."""
    grant = Grant.objects.select_for_update().filter(id=grant_id, owner=owner).first()
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant of this owner.")
    if not grant.revoked_at:
        grant.revoked_at = now
        grant.epoch += 1
        _GRANTS.save(grant)
    return grant


def current(grant_id: UUID) -> Grant:
    """The grant with its key, unless it was revoked. Raises Refused."""
    return unrevoked(_WITH_KEY.first(grant_id))


def unrevoked(grant: Grant | None) -> Grant:
    """One that was looked for. Raises Refused."""
    if grant is None:
        raise Refused(Code.NOT_FOUND, "No such grant.")
    if grant.revoked_at:
        raise Refused(Code.GRANT_REVOKED)
    return grant
