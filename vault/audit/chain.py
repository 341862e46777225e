"""Appending to the chain and checking it."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from vault.audit.models import Entry
from vault.messages.canonical import canonical, digest

GENESIS = "0" * 64


class Broken(Exception):
    """The chain does not hold: an entry was changed, removed or put in. `height` is the first bad one."""

    def __init__(self, height: int, why: str) -> None:
        super().__init__(f"The audit chain breaks at entry {height}: {why}.")
        self.height = height


def append(kind: str, subject: str, body: dict[str, Any], *, now: datetime, closes: Entry | None = None) -> Entry:
    """Add a link. Run inside the transaction of the act that it speaks of, before the act."""
    last = Entry.objects.order_by("-height").first()
    entry = Entry(
        height=1 if last is None else last.height + 1,
        at=now,
        kind=kind,
        subject=subject,
        opens=None if closes is None else closes.height,
        body=canonical(body).decode(),
        previous=GENESIS if last is None else last.digest,
    )
    entry.digest = _digest(entry)
    entry.save(force_insert=True)
    return entry


def verify() -> int:
    """The height of an unbroken chain. Raises Broken."""
    previous, height = GENESIS, 0
    for entry in Entry.objects.order_by("height").iterator():
        height += 1
        if entry.height != height:
            raise Broken(height, "it is missing")
        if not hmac.compare_digest(entry.previous, previous):
            raise Broken(height, "it does not follow the one before")
        if not hmac.compare_digest(entry.digest, _digest(entry)):
            raise Broken(height, "its words were changed")
        previous = entry.digest
    return height


def _digest(entry: Entry) -> str:
    return digest(
        {
            "v": 1,
            "height": entry.height,
            "at": entry.at.isoformat(),
            "kind": entry.kind,
            "subject": entry.subject,
            "opens": entry.opens,
            "body": entry.body,
            "previous": entry.previous,
        }
    )
