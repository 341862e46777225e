"""One page of many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

Row = TypeVar("Row")
SIZE = 50
MOST = 10_000  # rows that are counted and leafed through; whoever wants more filters, or takes the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """`count` rows there are in all, or at least, if `more`."""

    rows: Sequence[Row]
    number: int
    size: int
    count: int
    more: bool = False

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number * self.size < self.count else None

    @property
    def total(self) -> str:
        """2,345 or more than 10,000"""
        return f"more than {self.count:,}" if self.more else f"{self.count:,}"


def of_rows(rows: QuerySet[Any], number: int, *, size: int = SIZE) -> Page[Any]:
    """A page of a query; one that lies behind the last is the last."""
    counted = rows.order_by()[: MOST + 1].count()
    count = min(counted, MOST)
    number = _within(number, size, count)
    # Which rows first, and then what belongs to them: a plan that joins before it has chosen reads all of them.
    ids = list(rows.values_list("pk", flat=True)[(number - 1) * size : number * size])
    return Page(rows=list(rows.filter(pk__in=ids)), number=number, size=size, count=count, more=counted > MOST)


def of_list(rows: Sequence[Row], number: int, *, size: int = SIZE) -> Page[Row]:
    """A page of what is here already."""
    number = _within(number, size, len(rows))
    return Page(rows=rows[(number - 1) * size : number * size], number=number, size=size, count=len(rows))


def _within(number: int, size: int, count: int) -> int:
    return max(1, min(number, -(-count // size)))
