"""Challenges: one for each act, bound to what is done by it, used once. Run inside a transaction."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from vault.messages.canonical import b64, canonical, digest
from vault.messages.passkeys import Act
from vault.messages.refusals import Code, Refused
from vault.passkeys.models import Ceremony

SECONDS = 300  # reading a grant and finding the key takes a person some time

MOST = 500  # challenges for signing in at a time


def begin(act: Act, owner: UUID | None, subject: Mapping[str, object], *, now: datetime) -> Ceremony:
    """A fresh challenge for this act on this very subject."""
    Ceremony.objects.filter(expires_at__lt=now).delete()  # the audit keeps what they led to
    if owner is None:
        _make_room()
    return Ceremony.objects.create(
        id=uuid.uuid4(),
        act=act,
        owner=owner,
        subject=canonical(dict(subject)).decode(),
        nonce=b64(secrets.token_bytes(32)),
        expires_at=now + timedelta(seconds=SECONDS),
    )


def _make_room() -> None:
    """Anybody may ask for a challenge to sign in with: the oldest go, so that nobody fills the disk."""
    surplus = Ceremony.objects.filter(owner=None).order_by("-expires_at").values_list("id", flat=True)[MOST - 1 :]
    Ceremony.objects.filter(id__in=list(surplus)).delete()


def challenge(ceremony: Ceremony) -> str:
    """base64url of the SHA-256 of nonce, act, owner and subject, each in its place in canonical JSON."""
    text = {
        "v": 1,
        "nonce": ceremony.nonce,
        "act": ceremony.act,
        "owner": None if ceremony.owner is None else str(ceremony.owner),
        "subject": ceremony.subject,
    }
    return b64(bytes.fromhex(digest(text)))


def use(ceremony_id: UUID, act: Act, owner: UUID | None, *, now: datetime) -> Ceremony:
    """The ceremony, used up by this, whatever is found wrong afterwards. Raises Refused(CEREMONY_OVER)."""
    open_ones = Ceremony.objects.filter(id=ceremony_id, act=act, owner=owner, used_at=None, expires_at__gt=now)
    if not open_ones.update(used_at=now):
        raise Refused(Code.CEREMONY_OVER)
    return Ceremony.objects.get(id=ceremony_id)
