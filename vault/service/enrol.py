"""Letting a process in: its key is made in its own file, and only the public half is kept here."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.messages import proofs
from vault.tokens import process_key
from vault.tokens.models import EnrolledKey


class CannotEnrol(Exception):
    """The key file cannot be used, or its key was enrolled as something else or withdrawn."""


class NotEnrolled(Exception):
    """No such key was ever let in."""


def withdraw(kid: str) -> EnrolledKey:
    """From now on nothing by this key counts, nor by a lease or token that it took. Raises NotEnrolled."""
    with transaction.atomic():
        key = EnrolledKey.objects.select_for_update().filter(id=kid).first()
        if key is None:
            raise NotEnrolled("No key of this id was ever enrolled. `python -m vault keys` lists them.")
        if key.revoked_at is None:
            key.revoked_at = clock.now()
            chain.append("key.withdrawn", kid, {"kind": key.kind}, now=key.revoked_at)
            key.save(update_fields=["revoked_at"])
    return key


def enrolled() -> list[EnrolledKey]:
    """Every key that was ever let in, oldest first."""
    return list(EnrolledKey.objects.order_by("enrolled_at"))


def enrol(kind: str, path: Path) -> str:
    """Enrol the key in this file, making the file where there is none; its id. Doing it again changes nothing."""
    public = process_key.public_half(path)
    kid = proofs.thumbprint(public)
    with transaction.atomic():
        known = EnrolledKey.objects.filter(id=kid).first()
        if known is None:
            now = clock.now()
            EnrolledKey.objects.create(id=kid, kind=kind, public=public, enrolled_at=now)
            chain.append("key.enrolled", kid, {"kind": kind}, now=now)
        elif known.kind != kind:
            raise CannotEnrol(f"This key is enrolled as {known.kind}. Make another one for the {kind}.")
        elif known.revoked_at:
            raise CannotEnrol("This key was withdrawn. Remove its file, and enrol a new one.")
    return kid
