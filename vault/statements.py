"""The statements of the paths on which somebody waits: Django writes their SQL once, and each call only binds values.

To write the SQL of a query takes Django ten times as long as SQLite needs to answer it, and placing one order is
about thirty of them. What is read and written is the same as by querysets and `save`; signals are not sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, models

M = TypeVar("M", bound=models.Model)
Values = tuple[Any, ...]

_SAMPLES: dict[type[models.Field[Any, Any]], Callable[[int], Any]] = {
    models.UUIDField: lambda n: uuid.UUID(int=n + 1),
    models.CharField: lambda n: f"sample {n}",
    models.DateTimeField: lambda n: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=n),
    models.IntegerField: lambda n: 7_000_000 + n,
}


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    fixed: Values  # parameters of the queryset's own conditions, before those of a call
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]
    names: Sequence[str]


class Select(Generic[M]):
    """The queryset's rows with `lookups`, such as `grant` or `counted_at__gt`; a call gives each its value in order.

    An `__in` takes a tuple. A queryset of `values_list` has `rows` alone, any other `all` and `first`.
    """

    def __init__(self, queryset: models.QuerySet[M, Any], *lookups: str) -> None:
        self._queryset, self._lookups = queryset, lookups
        # `name__lookup`: the primary key may be called `pk`
        meta = queryset.model._meta  # noqa: SLF001 - Django's documented way to a model's fields
        names = [lookup.partition("__")[0] for lookup in lookups]
        self._fields = [_column(meta.pk if name == "pk" else meta.get_field(name)) for name in names]
        self._written: dict[tuple[int, ...], _Written] = {}

    def rows(self, *values: Any) -> list[Values]:
        """What was asked for, as columns."""
        return self._run(values)[1]

    def all(self, *values: Any) -> list[M]:
        """The rows as models."""
        written, found = self._run(values)
        return [self._queryset.model.from_db(DEFAULT_DB_ALIAS, written.names, row) for row in found]

    def first(self, *values: Any) -> M | None:
        """The first of them; the queryset should be cut to one."""
        return next(iter(self.all(*values)), None)

    def _run(self, values: Values) -> tuple[_Written, list[Values]]:
        shape = tuple(len(value) if isinstance(value, tuple) else 0 for value in values)
        written = self._written.get(shape)
        if written is None:
            written = self._written[shape] = self._write(shape)
        parameters = [*written.fixed]
        for field, value in zip(self._fields, values, strict=True):
            every = value if isinstance(value, tuple) else (value,)
            parameters += [field.get_db_prep_value(each, connection) for each in every]
        found = _execute(written.sql, parameters)
        return written, [_converted(row, written.converters) for row in found] if written.converters else found

    def _write(self, shape: tuple[int, ...]) -> _Written:
        """Let Django write it with sample values, and make sure that they went where those of a call will."""
        query, expected, count = self._queryset.all(), list[Any](), 0
        cut = (query.query.low_mark, query.query.high_mark)
        query.query.clear_limits()
        for lookup, field, size in zip(self._lookups, self._fields, shape, strict=True):
            samples = [_sample(field, count + n) for n in range(size or 1)]
            count += len(samples)
            query = query.filter(**{lookup: tuple(samples) if size else samples[0]})
            expected += [field.get_db_prep_value(each, connection) for each in samples]
        query.query.set_limits(*cut)
        compiler = query.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        fixed = parameters[: len(parameters) - len(expected)]
        if list(parameters[len(fixed) :]) != expected:
            raise AssertionError(f"{sql} does not take its values in the order of {self._lookups}")
        columns = [column for column, _, _ in compiler.select]
        converters = [
            (place, functions, column) for place, (functions, column) in compiler.get_converters(columns).items()
        ]
        names = [field.attname for field in self._queryset.model._meta.concrete_fields]  # noqa: SLF001 - see above
        return _Written(sql=sql, fixed=tuple(fixed), converters=converters, names=names)


class Table(Generic[M]):
    """Writes whole rows of one model; over an old row, whatever is not in its `FIXED`: columns that stay."""

    def __init__(self, model: type[M]) -> None:
        meta = model._meta  # noqa: SLF001 - see above
        self._name, self._pk = meta.db_table, meta.pk
        self._others = [field for field in meta.concrete_fields if not field.primary_key]
        fixed: tuple[str, ...] = getattr(model, "FIXED", ())
        self._changing = [field for field in self._others if _named(field) not in fixed]
        self._insert: dict[bool, str] = {}
        self._update = ""

    def save(self, row: M) -> None:
        """Insert a new row, or write what may change of one that was read. Raises DatabaseError if that one is gone."""
        if row._state.adding:  # noqa: SLF001 - Django's documented way to tell
            self.insert(row)
            return
        if not self._update:
            quote = connection.ops.quote_name
            columns = ", ".join(f"{quote(_named(field))} = %s" for field in self._changing)
            self._update = f"UPDATE {quote(self._name)} SET {columns} WHERE {quote(_named(self._pk))} = %s"  # noqa: S608 - names of ours
        with connection.cursor() as cursor:
            cursor.execute(self._update, _prepared(row, (*self._changing, self._pk)))
            if cursor.rowcount != 1:
                raise DatabaseError(f"{self._name}: the row is gone")

    def insert(self, row: M) -> M:
        """A new row; the database numbers it if it has no key yet."""
        keyed = row.pk is not None
        fields = [self._pk, *self._others] if keyed else self._others
        if keyed not in self._insert:
            quote = connection.ops.quote_name
            columns = ", ".join(quote(_named(field)) for field in fields)
            places = ", ".join(["%s"] * len(fields))
            returning = "" if keyed else f" RETURNING {quote(_named(self._pk))}"
            self._insert[keyed] = f"INSERT INTO {quote(self._name)} ({columns}) VALUES ({places}){returning}"  # noqa: S608 - names of ours
        with connection.cursor() as cursor:
            cursor.execute(self._insert[keyed], _prepared(row, fields))
            if not keyed:
                row.pk = cursor.fetchone()[0]
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as `save` leaves it
        return row


def _column(field: Any) -> models.Field[Any, Any]:
    """The field whose values are bound: of a foreign key that which it points to."""
    found: models.Field[Any, Any] = field.target_field if isinstance(field, models.ForeignKey) else field
    return found


def _named(field: models.Field[Any, Any]) -> str:
    return str(field.get_attname_column()[1])


def _prepared(row: models.Model, fields: Sequence[models.Field[Any, Any]]) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _execute(sql: str, parameters: Sequence[Any]) -> list[Values]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[Values] = cursor.fetchall()
        return found


def _converted(row: Values, converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]) -> Values:
    values = list(row)
    for place, functions, column in converters:
        value = values[place]
        for function in functions:
            value = function(value, column, connection)
        values[place] = value
    return tuple(values)


def _sample(field: models.Field[Any, Any], n: int) -> Any:
    return next(sample for kind, sample in _SAMPLES.items() if isinstance(field, kind))(n)
