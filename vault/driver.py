"""The database as its driver sees it, for statements that are written once: this thread's cursor, values to and fro.

Django's cursors look at six things before each statement, and its fields convert every value anew by general rules.
Here both are settled when a statement is written; what is bound and read is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

Values = tuple[Any, ...]
Bind = Callable[[Any], Any]
Read = Callable[[Any], Any]


class _Here(threading.local):
    """This thread's connection, and a cursor on it for as long as it lasts. In one piece: to look here takes time."""

    def __init__(self) -> None:
        self.now: tuple[Any, Any, Any] = (connections[DEFAULT_DB_ALIAS], None, None)

    def attach(self) -> tuple[Any, Any, Any]:
        wrapper, _, _ = self.now
        wrapper.ensure_connection()
        cursor = wrapper.plain_cursor() if hasattr(wrapper, "plain_cursor") else wrapper.connection.cursor()
        self.now = (wrapper, wrapper.connection, cursor)
        return self.now


_here = _Here()


def execute(statement: str, parameters: Sequence[Any]) -> Any:
    """The cursor, with what the statement has found; read it before the next. Raises Django's own exceptions."""
    wrapper, raw, cursor = _here.now
    if raw is None or raw is not wrapper.connection:
        wrapper, raw, cursor = _here.attach()
    if wrapper.needs_rollback:
        wrapper.validate_no_broken_transaction()
    try:
        return cursor.execute(statement, parameters)
    except wrapper.Database.Error:
        with wrapper.wrap_database_errors:
            raise


def session() -> object:
    """What this thread's last statement was given to; another one after the database went away."""
    return _here.now[1]


def let_go_of_a_broken_one() -> None:
    """Before a transaction: a connection that broke is given up, so that the next statement makes a new one."""
    wrapper = _here.now[0]
    if wrapper.errors_occurred or not wrapper.autocommit or wrapper.close_at is not None:  # else Django keeps it
        wrapper.close_if_unusable_or_obsolete()


def alone() -> AbstractContextManager[None]:
    """A transaction on this thread that has no other around it."""
    wrapper = _here.now[0]
    return wrapper.alone if hasattr(wrapper, "alone") else transaction.atomic()


def placed(sql: str) -> str:
    """Django's SQL with this database's own marks for values."""
    return sql.replace("%s", "?").replace("%%", "%") if connection.vendor == "sqlite" else sql


def binder(field: Any) -> Bind | None:
    """How a value of this field is given to the driver; None: as it is."""
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    to = _ON_SQLITE if connection.vendor == "sqlite" else {}
    for kind, bind in to.items():
        if isinstance(field, kind):
            return bind
    return _text if field.choices else None  # a member of an enumeration, or its value


def reader(field: Any, convert: Sequence[Callable[..., Any]], column: Any) -> Read:
    """How what the driver gives becomes a value of this field; `convert` is Django's way."""
    if connection.vendor == "sqlite":
        for held, read in _READ.items():
            if isinstance(field, held):
                return read

    def by_django(value: Any) -> Any:
        for function in convert:
            value = function(value, column, connection)
        return value

    return by_django


def _hex(value: UUID | None) -> str | None:
    if type(value) is UUID:
        return f"{value.int:032x}"
    return None if value is None else UUID(str(value)).hex


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ")[: -len("+00:00")]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@lru_cache(maxsize=65_536)  # the same grants, keys and deals again and again
def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _utc(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _truth(value: int | None) -> bool | None:
    return None if value is None else value != 0


# what SQLite wants otherwise than as it is; text, integers and truth it takes, as PostgreSQL takes everything
_ON_SQLITE: dict[type[Any], Bind] = {models.UUIDField: _hex, models.DateTimeField: _moment, models.DateField: _text}
_READ: dict[type[Any], Read] = {
    models.UUIDField: _uuid,
    models.DateTimeField: _utc,  # before the field that it is a kind of
    models.DateField: _day,
    models.BooleanField: _truth,
}
