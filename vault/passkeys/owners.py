"""Owners' passkeys, the codes that let a first one in, and visits to the pages. Run inside a transaction."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from vault.messages.canonical import b64, unb64
from vault.messages.passkeys import AddPasskey, Assertion
from vault.messages.refusals import Code, Refused
from vault.passkeys import webauthn
from vault.passkeys.ceremonies import challenge
from vault.passkeys.models import Ceremony, EnrolmentCode, Passkey, Visit

CODE_SECONDS = 900
TICKET_SECONDS = 60
VISIT_SECONDS = 1800
MOST = 20  # passkeys of one owner
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else
_CODE_LETTERS = 20  # of 31: 99 bits
_GROUP = 5


def of(owner: UUID) -> list[Passkey]:
    """Those that count, oldest first."""
    return list(Passkey.objects.filter(owner=owner, removed_at=None).order_by("added_at"))


def add(site: webauthn.Site, ceremony: Ceremony, word: AddPasskey, *, now: datetime) -> Passkey:
    """Raises Refused(PASSKEY_REFUSED)."""
    made = webauthn.made(site, challenge(ceremony), unb64(word.client_data), unb64(word.authenticator_data))
    name = b64(made.id)
    if Passkey.objects.filter(id=name).exists():
        raise Refused(Code.PASSKEY_REFUSED, "It is known here already.")
    if len(of(word.owner)) >= MOST:
        raise Refused(Code.PASSKEY_REFUSED, f"{MOST} passkeys are enough. Remove one first.")
    return Passkey.objects.create(
        id=name, owner=word.owner, label=word.label, public=b64(made.public), count=made.count, added_at=now
    )


def used(site: webauthn.Site, ceremony: Ceremony, word: Assertion, *, now: datetime) -> Passkey:
    """The passkey that answered this ceremony; the ceremony's owner's, if it has one. Raises Refused."""
    row = Passkey.objects.select_for_update().filter(id=word.passkey, removed_at=None).first()
    if row is None or ceremony.owner not in (None, row.owner):
        raise Refused(Code.PASSKEY_REFUSED, "This passkey is not known here.")
    said = webauthn.Said(
        client_data=unb64(word.client_data),
        authenticator_data=unb64(word.authenticator_data),
        signature=unb64(word.signature),
    )
    row.count = webauthn.used(site, challenge(ceremony), said, public=unb64(row.public), count=row.count)
    row.used_at = now
    row.save(update_fields=["count", "used_at"])
    return row


def code_for(owner: UUID, *, now: datetime) -> str:
    """A code that lets this owner add one passkey without showing one; it ends those that were given before."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    EnrolmentCode.objects.filter(owner=owner, used_at=None).update(used_at=now)
    EnrolmentCode.objects.create(hash=_hash(letters), owner=owner, expires_at=now + timedelta(seconds=CODE_SECONDS))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _CODE_LETTERS, _GROUP))


def redeem(code: str, *, now: datetime) -> UUID:
    """Whose code it is; it is used up. Raises Refused(CODE_REFUSED)."""
    letters = "".join(letter for letter in code.lower() if letter in _LETTERS)
    found = EnrolmentCode.objects.filter(hash=_hash(letters), used_at=None, expires_at__gt=now)
    row = found.first()
    if row is None or not found.update(used_at=now):
        raise Refused(Code.CODE_REFUSED)
    return row.owner


def ticket(owner: UUID, *, now: datetime) -> str:
    """For the web to hand on; whoever brings it begins a visit."""
    return _open(owner, ticket=True, until=now + timedelta(seconds=TICKET_SECONDS))


def visit(owner: UUID, *, now: datetime) -> str:
    """What the browser holds from now on."""
    return _open(owner, ticket=False, until=now + timedelta(seconds=VISIT_SECONDS))


def begin_by(brought: str, *, now: datetime) -> UUID:
    """The owner of a ticket, which is used up. Raises Refused(VISIT_OVER)."""
    found = Visit.objects.filter(id=_hash(brought), ticket=True, ended_at=None, expires_at__gt=now)
    row = found.first()
    if row is None or not found.update(ended_at=now):
        raise Refused(Code.VISIT_OVER, "Go to the vault from the web once more.")
    return row.owner


def visiting(held: str, *, now: datetime) -> UUID:
    """Whose visit it is. Raises Refused(VISIT_OVER)."""
    row = Visit.objects.filter(id=_hash(held), ticket=False, ended_at=None, expires_at__gt=now).first()
    if row is None:
        raise Refused(Code.VISIT_OVER)
    return row.owner


def leave(owner: UUID, *, now: datetime) -> None:
    Visit.objects.filter(owner=owner, ended_at=None).update(ended_at=now)


def _open(owner: UUID, *, ticket: bool, until: datetime) -> str:
    text = b64(secrets.token_bytes(32))
    Visit.objects.create(id=_hash(text), owner=owner, ticket=ticket, expires_at=until)
    return text


def _hash(text: str) -> str:
    # 99 bits of chance and more: a plain hash is enough to keep a copy of the database from being a key.
    return hashlib.sha256(text.encode()).hexdigest()
