"""A list as a CSV file, streamed: exactly the rows that are filtered, however many."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from botplatform.lib.money import written

CHUNK = 2000
# A spreadsheet takes what begins like this for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """What `csv` writes to: the line comes back."""

    def write(self, line: str) -> str:
        return line


def csv_answer(
    request: HttpRequest, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """`name`.csv; numbers exact, times in UTC."""
    lines = _lines(head, rows)
    served = _handed_on(lines) if isinstance(request, ASGIRequest) else lines
    answer = StreamingHttpResponse(served, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


async def _handed_on(lines: Iterator[str]) -> AsyncIterator[str]:
    """Some lines at a time, read in a thread: a server that is given a plain iterator reads it to its end first."""
    while part := await sync_to_async(lambda: "".join(islice(lines, CHUNK)))():
        yield part


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
