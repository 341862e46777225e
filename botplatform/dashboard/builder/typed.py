"""What was typed, and the settings that it means.

A form is flat: `own_ladder.0.deviation` is the first row's deviation. What was typed stays text until it is certain
that it can be used, so that nothing typed is lost or rounded. Fractions are typed in percent and kept as fractions,
exactly.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from botplatform.lib.money import written
from strategies.conditions.conditions import KINDS as CONDITIONS
from strategies.settings import Bounds, Problem, SettingsRefused
from strategies.shapes import WHOLE_UNITS, ConditionList, Names, Number, Part, Rows, Shape, Switch, shape_of

Typed = Mapping[str, str]
_LONGEST = 24  # characters; a Decimal of this length is shifted without rounding
_MOST_ROWS = 200
_USUAL_INTERVAL = 15  # minutes
_PATH = re.compile(r"\[(\d+)\]")


def settings_of(kind: type) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass of settings that somebody fills in."""
    return [field for field in dataclasses.fields(kind) if field.init]


def on_paper(problem: Problem) -> Problem:
    """A problem with its path as a form writes it: `steps[1].share` is `steps.1.share`."""
    return dataclasses.replace(problem, field=_PATH.sub(r".\1", problem.field).lstrip("."))


def in_percent(bounds: Bounds) -> Bounds:
    """The same bounds in the unit in which a fraction is typed."""
    if bounds.unit != "fraction":
        return bounds
    return dataclasses.replace(
        bounds,
        low=None if bounds.low is None else Decimal(written(bounds.low.scaleb(2))),
        high=None if bounds.high is None else Decimal(written(bounds.high.scaleb(2))),
    )


def read(kind: type, typed: Typed, prefix: str = "") -> dict[str, Any]:
    """JSON settings of this dataclass, those at their defaults left out.

    Raises SettingsRefused with every text that cannot be understood.
    """
    reading = _Reading(typed)
    values = reading.object(settings_of(kind), prefix)
    if reading.problems:
        raise SettingsRefused(tuple(reading.problems))
    return values


def texts(kind: type, values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """What would have to be typed for these settings: paths and texts. Settings that are not there have defaults."""
    for field in settings_of(kind):
        shape = shape_of(field)
        if field.name in values:
            value = values[field.name]
        elif field.default is dataclasses.MISSING or field.default is None:
            value = None
        else:
            value = shape.write(field.default)
        yield from _texts(shape, value, f"{prefix}{field.name}")


def indices(typed: Iterable[str], path: str) -> list[int]:
    """The numbers of the rows that a list has in a form."""
    start = f"{path}."
    found = {name.removeprefix(start).partition(".")[0] for name in typed if name.startswith(start)}
    return sorted(int(each) for each in found if each.isdecimal())[:_MOST_ROWS]


def new_row(kind: type, path: str, typed: Typed, chosen: str = "") -> dict[str, str]:
    """What stands in a new row of the list at `path`, or in the part that is switched on there; `chosen`: its kind."""
    field = next((field for field in settings_of(kind) if field.name == path), None)
    prefix = f"{path}.{max(indices(typed, path), default=-1) + 1}."
    match None if field is None else shape_of(field):
        case Rows(kind=row):
            return dict(texts(row, {}, prefix))
        case Part(kind=part):
            return {path: "on", **dict(texts(part, {}, f"{path}."))}
        case ConditionList() if chosen in CONDITIONS:
            return dict(_condition_texts(_usual(chosen), prefix))
        case _:
            return {}


def _usual(kind: str) -> dict[str, Any]:
    """A condition with what is usual: defaults where there are some, the first choice where one is needed."""
    row: dict[str, Any] = {"kind": kind}
    for field in dataclasses.fields(CONDITIONS[kind]):
        choices = field.metadata.get("choices")
        if field.default is not dataclasses.MISSING:
            row[field.name] = field.default
        elif choices is not None:
            row[field.name] = next(iter(choices))
        elif field.name == "interval":
            row[field.name] = _USUAL_INTERVAL
    return row


class _Reading:
    """One form being read; `problems` gathers what cannot be understood."""

    def __init__(self, typed: Typed) -> None:
        self._typed = typed
        self.problems: list[Problem] = []

    def object(self, fields: Iterable[dataclasses.Field[Any]], prefix: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in fields:
            shape, path = shape_of(field), f"{prefix}{field.name}"
            optional = field.default is not dataclasses.MISSING
            if optional and path not in self._typed and not indices(self._typed, path):
                continue
            value = self._value(shape, path)
            if not optional or value != (None if field.default is None else shape.write(field.default)):
                values[field.name] = value
        return values

    def _value(self, shape: Shape, path: str) -> Any:  # noqa: PLR0911 - one for each shape
        text = self._typed.get(path, "").strip()
        match shape:
            case Number(bounds=bounds):
                return self._number(bounds, path, text)
            case Switch():
                return text == "on"
            case Names():
                return [name for name in re.split(r"[\s,]+", text) if name]
            case Rows(kind=kind):
                return [self.object(settings_of(kind), f"{path}.{place}.") for place in indices(self._typed, path)]
            case Part(kind=kind):
                return self.object(settings_of(kind), f"{path}.") if text == "on" else None
            case ConditionList():
                return [self._condition(f"{path}.{place}.") for place in indices(self._typed, path)] or None
            case _:
                return text

    def _number(self, bounds: Bounds, path: str, text: str) -> str | int | None:
        if not text:
            return None
        number = self._decimal(path, text)
        if number is None:
            return None
        if problem := in_percent(bounds).problem(path, number):
            self.problems.append(problem)
            return None
        if bounds.unit in WHOLE_UNITS:
            if number != number.to_integral_value():
                self._complain(path, f"{text} is not a whole number.", "Give a whole one.")
                return None
            return int(number)
        return written(number.scaleb(-2) if bounds.unit == "fraction" else number)

    def _decimal(self, path: str, text: str) -> Decimal | None:
        if len(text) > _LONGEST:
            self._complain(path, "it is too long.", f"Give at most {_LONGEST} characters.")
            return None
        try:
            number = Decimal(text.removesuffix("%").strip())
        except InvalidOperation:
            self._complain(path, f"“{text}” is not a number.", "Write it like 1000 or 0.5.")
            return None
        if not number.is_finite():
            self._complain(path, f"“{text}” is not a number.", "Write it like 1000 or 0.5.")
            return None
        return number

    def _condition(self, prefix: str) -> dict[str, Any]:
        kind = self._typed.get(f"{prefix}kind", "")
        values: dict[str, Any] = {"kind": kind}
        for field in dataclasses.fields(CONDITIONS[kind]) if kind in CONDITIONS else ():
            path = f"{prefix}{field.name}"
            text = self._typed.get(path, "").strip()
            bounds: Bounds | None = field.metadata.get("bounds")
            value = text if bounds is None else self._number(bounds, path, text)
            if value not in (None, ""):
                values[field.name] = value
        return values

    def _complain(self, path: str, problem: str, remedy: str) -> None:
        self.problems.append(Problem(path, problem, remedy))


def _texts(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    match shape:
        case Number(bounds=bounds):
            yield path, number_text(value, bounds)
        case Switch():
            yield path, "on" if value else ""
        case Names():
            yield path, ", ".join(value or ())
        case Rows(kind=kind):
            for place, row in enumerate(value or ()):
                yield from texts(kind, row, f"{path}.{place}.")
        case Part(kind=kind):
            yield path, "" if value is None else "on"
            if value is not None:
                yield from texts(kind, value, f"{path}.")
        case ConditionList():
            for place, row in enumerate(value or ()):
                yield from _condition_texts(row, f"{path}.{place}.")
        case _:
            yield path, str(value or "")


def _condition_texts(row: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    yield f"{prefix}kind", str(row["kind"])
    for field in dataclasses.fields(CONDITIONS[row["kind"]]):
        value = row.get(field.name)
        bounds: Bounds | None = field.metadata.get("bounds")
        if value is not None:
            yield f"{prefix}{field.name}", str(value) if bounds is None else number_text(value, bounds)


def number_text(value: Any, bounds: Bounds) -> str:
    """A number as it is typed in its unit."""
    if value is None or value == "":
        return ""
    number = Decimal(str(value))
    return written(number.scaleb(2) if bounds.unit == "fraction" else number)
