"""Rows of which each follows the newest one before it: by its number, and by a digest over that one's.

To ask which the newest is takes longer than to write the next one. So what was written here last is taken for it, and
the statement that writes the next one asks whether it is: after a rollback, or once another process has written, it
writes nothing, and then the newest is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import models

from vault.statements import Table

M = TypeVar("M", bound=models.Model)
Next = tuple[int, str]  # the next row's number, and the digest of the one before it


class Chained(Generic[M]):
    """Appends to a model that has its number as key, and a `digest`. `find`: what comes next, as read.

    `also`: SQL that has to be true of the next number, its `%s`, where `find` looks at more than at the newest row.
    """

    def __init__(self, table: Table[M], find: Callable[[], Next], *, also: str = "") -> None:
        meta = table.model._meta  # noqa: SLF001 - Django's documented way to a model's fields
        name, key = meta.db_table, meta.pk.column
        self._table, self._find = table, find
        newest = f'SELECT "digest" FROM "{name}" ORDER BY "{key}" DESC LIMIT 1'  # noqa: S608 - names of ours
        self._still = f"({newest}) = %s" + (f" AND {also}" if also else "")
        self._asks_number = bool(also)
        self._known: Next | None = None

    def append(self, make: Callable[[int, str], M]) -> M:
        """What `make` makes of the next number and the digest before it, written. Inside a transaction.

        Transactions come one after the other (`vault.postgresql`; SQLite's do anyway), so the newest is nobody else's.
        """
        row = self._follow(make) or self._table.insert(make(*self._find()))
        written: Any = row
        self._known = (written.pk + 1, written.digest)
        return row

    def _follow(self, make: Callable[[int, str], M]) -> M | None:
        """Behind the row that was written here last, if that is the newest one."""
        if self._known is None:
            return None
        number, previous = self._known
        row = make(number, previous)
        asked = (previous, number) if self._asks_number else (previous,)
        return row if self._table.insert_where(row, self._still, *asked) else None
