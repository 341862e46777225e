"""The statements of the paths on which somebody waits: Django writes their SQL once, and each call only binds values.

To write the SQL of a query takes Django ten times as long as SQLite needs to answer it, and placing one order is
about thirty of them. What is read and written is the same as by querysets and `save`; signals are not sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, models
from django.db.models.base import ModelState

from vault.driver import Bind, Read, Values, binder, execute, placed, reader

M = TypeVar("M", bound=models.Model)

_SAMPLES: dict[type[models.Field[Any, Any]], Callable[[int], Any]] = {
    models.UUIDField: lambda n: uuid.UUID(int=n + 1),
    models.CharField: lambda n: f"sample {n}",
    models.DateTimeField: lambda n: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=n),
    models.IntegerField: lambda n: 7_000_000 + n,
}


_KEPT = 4096  # rows that are not made anew


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    fixed: Values  # parameters of the queryset's own conditions, before those of a call
    binds: Sequence[tuple[int, Bind]]  # of the parameters, those that the driver does not take as they are
    readers: Sequence[tuple[int, Read]]
    names: Sequence[str]
    related: Sequence[_Related]


@dataclass(frozen=True, slots=True)
class _Related:
    """A row that another one points to, read with it."""

    name: str  # as the other one calls it
    model: type[models.Model]
    columns: slice
    names: Sequence[str]


class Select(Generic[M]):
    """The queryset's rows with `lookups`, such as `grant` or `counted_at__gt`; a call gives each its value in order.

    An `__in` takes a tuple. A queryset of `values_list` has `rows` alone, any other `all` and `first`, with what it
    annotates as attributes and what it names in `select_related`.
    """

    def __init__(self, queryset: models.QuerySet[M, Any], *lookups: str) -> None:
        self._queryset, self._lookups = queryset, lookups
        # `name__lookup`: the primary key may be called `pk`
        meta = queryset.model._meta  # noqa: SLF001 - Django's documented way to a model's fields
        names = [lookup.partition("__")[0] for lookup in lookups]
        self._fields = [_column(meta.pk if name == "pk" else meta.get_field(name)) for name in names]
        self._several = any(lookup.endswith("__in") for lookup in lookups)
        self._written: dict[tuple[int, ...], _Written] = {}

    def rows(self, *values: Any) -> list[Values]:
        """What was asked for, as columns."""
        written, found = self._run(values)
        return [_read(row, written.readers) for row in found] if written.readers else found

    def all(self, *values: Any) -> list[M]:
        """The rows as models."""
        written, found = self._run(values)
        return [self._loaded(written, row) for row in found]

    def first(self, *values: Any) -> M | None:
        """The first of them; the queryset should be cut to one."""
        written, found = self._run(values)
        return self._loaded(written, found[0]) if found else None

    def _loaded(self, written: _Written, row: Values) -> M:
        """A row as `from_db` would make it."""
        if written.readers:
            row = _read(row, written.readers)
        made = _there(self._queryset.model, written.names, row)
        for each in written.related:
            there = _there(each.model, each.names, row[each.columns])
            made._state.fields_cache[each.name] = there  # noqa: SLF001 - where Django keeps it
        return made

    def _run(self, values: Values) -> tuple[_Written, list[Values]]:
        shape: tuple[int, ...] = ()
        if self._several:
            shape = tuple([len(value) if isinstance(value, tuple) else 0 for value in values])
            values = tuple([each for value in values for each in (value if isinstance(value, tuple) else (value,))])
        written = self._written.get(shape) or self._keep(shape)
        parameters = [*written.fixed, *values]
        for place, bind in written.binds:
            parameters[place] = bind(parameters[place])
        found: list[Values] = execute(written.sql, parameters).fetchall()
        return written, found

    def _keep(self, shape: tuple[int, ...]) -> _Written:
        written = self._written[shape] = self._write(shape or (0,) * len(self._lookups))
        return written

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
        fields = [field for field, size in zip(self._fields, shape, strict=True) for _ in range(size or 1)]
        columns = [column for column, _, _ in compiler.select]
        readers = [
            (place, reader(column.output_field, functions, column))
            for place, (functions, column) in compiler.get_converters(columns).items()
        ]
        names = [*_names(self._queryset.model), *query.query.annotation_select]
        along = (compiler.klass_info or {}).get("related_klass_infos", ())
        if any(each["field"].null or each["related_klass_infos"] for each in along):
            raise AssertionError(f"{sql} reads along what may be missing, or more than one step away")
        related = [
            _Related(
                name=each["field"].name,
                model=each["model"],
                columns=slice(each["select_fields"][0], each["select_fields"][-1] + 1),
                names=_names(each["model"]),
            )
            for each in along
        ]
        return _Written(
            sql=placed(sql),
            fixed=tuple(fixed),
            binds=_binds(fields, after=len(fixed)),
            readers=readers,
            names=names,
            related=related,
        )


class Steady(Select[M]):
    """Of rows that seldom change, one at a time by one value.

    A row that reads as it did the last time is the same object again: nobody may change it.
    """

    def __init__(self, queryset: models.QuerySet[M, Any], lookup: str) -> None:
        super().__init__(queryset, lookup)
        self._kept: dict[Any, tuple[Values, M]] = {}

    def first(self, *values: Any) -> M | None:
        written, found = self._run(values)
        if not found:
            return None
        (value,) = values
        row, made = self._kept.get(value, (None, None))
        if made is None or row != found[0]:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            made = self._loaded(written, found[0])
            self._kept[value] = (found[0], made)
        return made


class Table(Generic[M]):
    """Writes whole rows of one model; over an old row, what is not in its `FIXED`, nor in `stay`: columns that do."""

    def __init__(self, model: type[M], *stay: str) -> None:
        meta = model._meta  # noqa: SLF001 - see above
        self.model, self._name, self._pk = model, meta.db_table, meta.pk
        self._key = meta.pk.attname
        self._others = [field for field in meta.concrete_fields if not field.primary_key]
        fixed = (*getattr(model, "FIXED", ()), *stay)
        if unknown := {*fixed} - {_named(field) for field in self._others}:
            raise AssertionError(f"{self._name} has no {', '.join(sorted(unknown))}")
        self._changing = [field for field in self._others if _named(field) not in fixed]
        fields = (self._pk, *self._others)
        made = [field for field in fields if field.has_default() and callable(field.default)]  # anew for each row
        self._made = [(field.attname, field.get_default) for field in made]
        self._plain = {field.attname: field.get_default() for field in fields if field not in made}
        self._size = len(fields)
        self._insert: dict[bool, _Write] = {}
        self._insert_where: dict[str, _Write] = {}
        self._update: _Write | None = None

    def new(self, **values: Any) -> M:
        """As the model's own constructor, by the names of the columns. Raises TypeError for one that it has not."""
        made = _made(self.model)
        made.__dict__.update(self._plain)
        for name, default in self._made:
            made.__dict__[name] = default()
        made.__dict__.update(values)
        if len(made.__dict__) > self._size + 1:  # its fields, and what Django knows of its state
            unknown = made.__dict__.keys() - self._plain.keys() - {"_state", *(name for name, _ in self._made)}
            raise TypeError(f"{self._name} has no {', '.join(sorted(unknown))}")
        return made

    def save(self, row: M) -> None:
        """Insert a new row, or write what may change of one that was read. Raises DatabaseError if that one is gone."""
        if row._state.adding:  # noqa: SLF001 - Django's documented way to tell
            self.insert(row)
            return
        if self._update is None:
            quote = connection.ops.quote_name
            columns = ", ".join(f"{quote(_named(field))} = %s" for field in self._changing)
            sql = f"UPDATE {quote(self._name)} SET {columns} WHERE {quote(_named(self._pk))} = %s"  # noqa: S608 - names of ours
            self._update = _Write(sql, (*self._changing, self._pk))
        if self._update.run(row).rowcount != 1:
            raise DatabaseError(f"{self._name}: the row is gone")

    def insert(self, row: M) -> M:
        """A new row; the database numbers it if it has no key yet."""
        keyed = row.__dict__[self._key] is not None
        if keyed not in self._insert:
            returning = "" if keyed else f" RETURNING {connection.ops.quote_name(_named(self._pk))}"
            self._insert[keyed] = self._inserting("VALUES ({})" + returning, keyed=keyed)
        done = self._insert[keyed].run(row)
        if not keyed:
            row.pk = done.fetchone()[0]
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as `save` leaves it
        return row

    def insert_where(self, row: M, condition: str, *values: Any) -> bool:
        """A new row that has its key, if this is so; whether it was. `values`: the condition's, for the driver."""
        if condition not in self._insert_where:
            self._insert_where[condition] = self._inserting(f"SELECT {{}} WHERE {condition}", keyed=True)
        if self._insert_where[condition].run(row, *values).rowcount != 1:
            return False
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as `save` leaves it
        return True

    def _inserting(self, what: str, *, keyed: bool) -> _Write:
        """`{}` of what is inserted: the values of the row's columns."""
        fields = [self._pk, *self._others] if keyed else self._others
        quote = connection.ops.quote_name
        columns, places = ", ".join(quote(_named(field)) for field in fields), ", ".join(["%s"] * len(fields))
        return _Write(f"INSERT INTO {quote(self._name)} ({columns}) {what.format(places)}", fields)


class _Write:
    """A statement that takes these fields of a row, two or more, and what else a call has for it."""

    def __init__(self, sql: str, fields: Sequence[models.Field[Any, Any]]) -> None:
        self._sql = placed(sql)
        self._values = itemgetter(*[field.attname for field in fields])
        self._binds = _binds(fields)

    def run(self, row: models.Model, *more: Any) -> Any:
        parameters = [*self._values(row.__dict__), *more]
        for place, bind in self._binds:
            parameters[place] = bind(parameters[place])
        return execute(self._sql, parameters)


def _binds(fields: Sequence[models.Field[Any, Any]], after: int = 0) -> Sequence[tuple[int, Bind]]:
    """Those of these fields' values that the driver does not take as they are, by their places; `after` so many."""
    return [(place, bind) for place, field in enumerate(fields, after) if (bind := binder(field)) is not None]


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - see above


def _there(model: type[M], names: Sequence[str], values: Values) -> M:
    """A row as `from_db` would make it; values that no name is left for are not its own."""
    made = _made(model)
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - Django's documented way to tell
    made.__dict__.update(zip(names, values, strict=False))
    return made


def _made(model: type[M]) -> M:
    made = model.__new__(model)
    made._state = ModelState()  # noqa: SLF001 - as Django's own constructor does it
    return made


def _column(field: Any) -> models.Field[Any, Any]:
    """The field whose values are bound: of a foreign key that which it points to."""
    found: models.Field[Any, Any] = field.target_field if isinstance(field, models.ForeignKey) else field
    return found


def _named(field: models.Field[Any, Any]) -> str:
    return str(field.get_attname_column()[1])


def _read(row: Values, readers: Sequence[tuple[int, Read]]) -> Values:
    values = [*row]
    for place, read in readers:
        values[place] = read(values[place])
    return tuple(values)


def _sample(field: models.Field[Any, Any], n: int) -> Any:
    return next(sample for kind, sample in _SAMPLES.items() if isinstance(field, kind))(n)
