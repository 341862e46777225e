"""A list as a CSV file, streamed: exactly the rows that are filtered, however many."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from botplatform.lib.money import written

CHUNK = 2000
# A spreadsheet takes what begins like this for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """What `csv` writes to: the line comes back."""

    def write(self, line: str) -> str:
        return line


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """`name`.csv; numbers exact, times in UTC."""
    answer = StreamingHttpResponse(_lines(head, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> str:
    """One value as text; words that a spreadsheet would run begin with an apostrophe."""
    match value:
        case None:
            return ""
        case Decimal():
            return written(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)
