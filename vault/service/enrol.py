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
