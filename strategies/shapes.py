"""What a setting may hold beyond a number, and how each of these is read from JSON and written to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Protocol

from strategies.settings import Bounds, Problem, SettingsRefused

_MISSING: Any = dataclasses.MISSING
WHOLE_UNITS = ("count", "seconds", "minutes")
_MOST_ROWS = 200
_LONGEST = 200


class Shape(Protocol):
    """How one setting looks in JSON."""

    @property
    def help(self) -> str:
        """What the setting means."""

    def read(self, value: Any) -> Any:
        """The value that JSON's one stands for. Raises SettingsRefused; a problem's field is a path below it."""

    def write(self, value: Any) -> Any:
        """As JSON has it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal string or an integer; None where the setting may be left empty."""

    bounds: Bounds

    @property
    def help(self) -> str:
        return self.bounds.help

    def read(self, value: Any) -> Decimal | int | None:
        if value is None or value == "":
            return None
        whole = self.bounds.unit in WHOLE_UNITS
        number = _number(value)
        if number is None or (whole and number != int(number)):
            named = "a whole number" if whole else "a plain decimal number"
            raise _refused(f"{value!r} is not {named}.", f"Give {named}.")
        return int(number) if whole else number

    def write(self, value: Decimal | int | None) -> str | int | None:
        return str(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of an enum's values."""

    help: str
    kind: type[StrEnum]

    def read(self, value: Any) -> StrEnum:
        try:
            return self.kind(value)
        except ValueError:
            known = ", ".join(self.kind)
            raise _refused(f"{value!r} is not a choice.", f"Choose one of: {known}.") from None

    def write(self, value: StrEnum) -> str:
        return value.value


@dataclass(frozen=True, slots=True)
class Switch:
    """Yes or no."""

    help: str

    def read(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise _refused(f"{value!r} is neither true nor false.", "Give true or false.")

    def write(self, value: bool) -> bool:  # noqa: FBT001 - the value itself
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """A short text, such as a market."""

    help: str

    def read(self, value: Any) -> str:
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            return value
        raise _refused(f"{value!r} is no text.", f"Give up to {_LONGEST} characters.")

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Names:
    """A list of short texts, such as markets."""

    help: str

    def read(self, value: Any) -> tuple[str, ...]:
        listed = isinstance(value, Sequence) and not isinstance(value, str)
        if not listed or not all(isinstance(each, str) and 0 < len(each) <= _LONGEST for each in value):
            raise _refused(f"{value!r} is not a list of names.", 'Give a list such as ["BTC/USDT", "ETH/USDT"].')
        if len(value) > _MOST_ROWS:
            raise _refused(f"{len(value)} are too many.", f"Give at most {_MOST_ROWS}.")
        return tuple(value)

    def write(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of rows, each a small frozen dataclass of settings."""

    help: str
    kind: type

    def read(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            raise _refused("this is no list.", f"Give a list of objects with: {_names(self.kind)}.")
        if len(value) > _MOST_ROWS:
            raise _refused(f"{len(value)} are too many.", f"Give at most {_MOST_ROWS}.")
        rows, problems = [], []
        for place, row in enumerate(value):
            try:
                rows.append(read(self.kind, row))
            except SettingsRefused as why:
                problems += [_below(f"[{place}]", problem) for problem in why.problems]
        if problems:
            raise SettingsRefused(tuple(problems))
        return tuple(rows)

    def write(self, value: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [write(row) for row in value]


@dataclass(frozen=True, slots=True)
class Part:
    """Settings of their own, such as a stop loss; None where there are none."""

    help: str
    kind: type

    def read(self, value: Any) -> Any:
        return None if value is None else read(self.kind, value)

    def write(self, value: Any) -> dict[str, Any] | None:
        return None if value is None else write(value)


@dataclass(frozen=True, slots=True)
class ConditionList:
    """Conditions that must all hold; None where there are none."""

    help: str

    def read(self, value: Any) -> Any:
        if value is None or value == []:
            return None
        # Asked for only here: indicators bring TA-Lib and NumPy with them, and most bots use none.
        from strategies.conditions import from_json

        try:
            return from_json(value)
        except SettingsRefused as why:
            problems = (dataclasses.replace(p, field=p.field.removeprefix("conditions")) for p in why.problems)
            raise SettingsRefused(tuple(problems)) from None

    def write(self, value: Any) -> list[dict[str, Any]] | None:
        from strategies.conditions import to_json

        return None if value is None else to_json(value)


def choice(text: str, default: StrEnum) -> Any:
    """A dataclass field that takes one of an enum's values."""
    return _field(Choice(text, type(default)), default)


def switch(text: str, *, default: bool = False) -> Any:
    """A dataclass field that is true or false."""
    return _field(Switch(text), default)


def names(text: str, default: tuple[str, ...] = ()) -> Any:
    """A dataclass field with a list of names."""
    return _field(Names(text), default)


def rows(text: str, kind: type, default: Any = ()) -> Any:
    """A dataclass field with a list of small dataclasses of settings; `default` MISSING makes it needed."""
    return _field(Rows(text, kind), default)


def part(text: str, kind: type) -> Any:
    """A dataclass field with a small dataclass of settings, None by default."""
    return _field(Part(text, kind), None)


def conditions(text: str) -> Any:
    """A dataclass field with conditions, None by default."""
    return _field(ConditionList(text), None)


def shape_of(field: dataclasses.Field[Any]) -> Shape:
    """The shape of a settings field."""
    shape: Shape | None = field.metadata.get("shape")
    return shape or Number(field.metadata["bounds"])


def read(kind: type, values: Any) -> Any:
    """A settings dataclass from JSON's object. Raises SettingsRefused with every mistake, not just the first."""
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    if not isinstance(values, Mapping):
        raise _refused("this is no object.", f"Give an object with: {', '.join(fields)}.")
    problems = [
        Problem(str(name), "there is no such setting.", f"Remove it; there are: {', '.join(fields)}.")
        for name in values
        if name not in fields
    ]
    problems += [
        Problem(name, "it is missing.", shape_of(field).help)
        for name, field in fields.items()
        if name not in values and field.default is _MISSING
    ]
    understood: dict[str, Any] = {}
    for name in fields.keys() & values.keys():
        try:
            value = shape_of(fields[name]).read(values[name])
        except SettingsRefused as why:
            problems += [_below(name, problem) for problem in why.problems]
        else:
            if value is None and fields[name].default is not None:
                problems.append(Problem(name, "it is empty.", shape_of(fields[name]).help))
            understood[name] = value
    if problems:
        raise SettingsRefused(tuple(problems))
    return kind(**understood)


def write(settings: Any) -> dict[str, Any]:
    """The settings as JSON values: decimals as strings, counts as integers, unset ones as None."""
    fields = [field for field in dataclasses.fields(settings) if field.init]
    return {field.name: shape_of(field).write(getattr(settings, field.name)) for field in fields}


def refuse(problems: Iterator[Problem]) -> None:
    """Raises SettingsRefused when there are any."""
    found = tuple(problems)
    if found:
        raise SettingsRefused(found)


def _number(value: Any) -> Decimal | None:
    """None for what is no finite number. A float is none: it may not be what was typed."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _field(shape: Shape, default: Any) -> Any:
    return dataclasses.field(default=default, metadata={"shape": shape})


def _names(kind: type) -> str:
    return ", ".join(field.name for field in dataclasses.fields(kind))


def _below(path: str, problem: Problem) -> Problem:
    """A problem of a part, seen from the whole: `steps` and `[1].share` make `steps[1].share`."""
    dot = "." if problem.field and not problem.field.startswith("[") else ""
    return dataclasses.replace(problem, field=f"{path}{dot}{problem.field}")


def _refused(problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem("", problem, remedy),))
