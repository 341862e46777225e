"""Appending to the chain, and what came of an opening entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from vault.audit.models import OF_ORDERS, Entry
from vault.chained import Chained, Next
from vault.messages.canonical import canonical, digest
from vault.statements import Select, Table

GENESIS = "0" * 64
_ENTRIES = Table(Entry)
_LAST = Select(Entry.objects.order_by("-height").values_list("height", "digest")[:1])
OPENINGS: Mapping[str, str] = {"order.place": "order.placed", "order.cancel": "order.cancelled"}  # and what closes each
# As the index of kinds has it: a database does not see through values.
_OF_NO_ORDER = ~Q(kind__in=[RawSQL(f"'{kind}'", ()) for kind in OF_ORDERS])  # noqa: S611 - words of ours
_UNDER_WAY = timedelta(minutes=10)  # far longer than anything is


def append(kind: str, subject: str, body: dict[str, Any], *, now: datetime, closes: Entry | None = None) -> Entry:
    """Add a link. Run inside the transaction of the act that it speaks of, before the act."""
    said = canonical(body).decode()

    def link(height: int, previous: str) -> Entry:
        entry = _ENTRIES.new(
            height=height,
            at=now,
            kind=kind,
            subject=subject,
            opens=None if closes is None else closes.height,
            body=said,
            previous=previous,
        )
        entry.digest = digest(_hashed(entry))
        return entry

    return _CHAIN.append(link)


def head() -> tuple[int, str]:
    """Height and digest of the newest entry; 0 and the genesis before there is one."""
    found = _LAST.rows()
    return (found[0][0], found[0][1]) if found else (0, GENESIS)


def _next() -> Next:
    height, digested = head()
    return height + 1, digested


_CHAIN = Chained(_ENTRIES, _next)


def of_kind(kind: str) -> Q:
    """Entries of this kind, found by its index. Those of orders are found by what they are about alone."""
    if kind in OF_ORDERS:
        raise ValueError(f"{kind} is not in the index")
    return _OF_NO_ORDER & Q(kind=kind)


def is_open(opening: Entry) -> bool:
    """Whether nothing has closed it yet."""
    return not Entry.objects.filter(subject=opening.subject, opens=opening.height).exists()


def close(kind: str, subject: str, body: dict[str, Any], *, now: datetime) -> None:
    """Close every opening of this kind about this subject that nobody closes any more. There may be none."""
    for opening in Entry.objects.filter(subject=subject, kind=kind).order_by("height"):
        if is_open(opening):
            append(OPENINGS[kind], subject, body, now=now, closes=opening)


def close_what_was_left(body: dict[str, Any], *, now: datetime) -> None:
    """Close whatever was under way when the last process ended. Before anything new is opened.

    What was under way then is among its last entries: a request takes seconds.
    """
    newest = Entry.objects.order_by("-height").first()
    if newest is None:
        return
    closed: set[int | None] = set()
    left = []
    for entry in Entry.objects.order_by("-height").iterator():
        if newest.at - entry.at > _UNDER_WAY:
            break
        closed.add(entry.opens)
        if entry.kind in OPENINGS and entry.height not in closed:
            left.append(entry)
    for opening in reversed(left):
        append(OPENINGS[opening.kind], opening.subject, body, now=now, closes=opening)


def plain(entry: Entry) -> dict[str, Any]:
    """An entry as it is exported."""
    return {**_hashed(entry), "digest": entry.digest}


def _hashed(entry: Entry) -> dict[str, Any]:
    return {
        "v": 1,
        "height": entry.height,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "subject": entry.subject,
        "opens": entry.opens,
        "body": entry.body,
        "previous": entry.previous,
    }


def entry_digest(entry: Mapping[str, Any]) -> str:
    """What an entry's digest has to be."""
    return digest({name: value for name, value in entry.items() if name != "digest"})
