"""Settings as the fields of a page: label, help, unit, what was typed, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botplatform.dashboard.builder.sections import KINDS, Section
from botplatform.dashboard.builder.typed import Typed, in_percent, indices, settings_of
from botplatform.lib.money import written
from strategies import kinds as strategies
from strategies.conditions.conditions import KINDS as CONDITIONS
from strategies.conditions.intervals import INTERVALS
from strategies.settings import Bounds
from strategies.shapes import Choice, ConditionList, Names, Number, Part, Rows, Shape, Switch, shape_of

Problems = Mapping[str, str]  # sentences by path
UNITS = {
    "fraction": "%",
    "factor": "\N{MULTIPLICATION SIGN}",
    "count": "",
    "seconds": "s",
    "minutes": "min",
    "points": "",
}
_LABELS = {
    "asap": "At once",
    "manual": "By hand only",
    "signal": "A signal came",
    "rsi": "RSI",
    "macd": "MACD",
    "bollinger": "Bollinger bands",
    "mfi": "Money flow index",
    "cci": "CCI",
    "ult": "Ultimate oscillator",
    "parabolic_sar": "Parabolic SAR",
    "average_cross": "Two moving averages",
    "price_average": "Price and moving average",
    "heikin_ashi": "Heikin Ashi",
    "qfl": "QFL: a broken base",
    "price": "The price",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A row of a list, or one condition."""

    place: str  # its path
    title: str
    fields: tuple[Field, ...]
    kind: str = ""  # of a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting. `widget` is the template that draws it."""

    path: str
    label: str
    help: str
    widget: str
    typed: str = ""
    unit: str = ""  # "quote" and "base" are the market's own
    range: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    groups: tuple[Group, ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def id(self) -> str:
        return "id_" + self.path.replace(".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A section with its fields. `open` says whether what is folded away has something in it that matters."""

    section: Section
    usual: tuple[Field, ...]
    more: tuple[Field, ...]
    open: bool


def sections(kind: str, typed: Typed, problems: Problems) -> list[Shown]:
    """The five sections of a kind of bot with what was typed."""
    fields = {field.name: field for field in strategies.settings_of(kind)}
    drawing = _Drawing(typed, problems)
    shown = []
    for section in KINDS[kind].sections:
        more = tuple(drawing.field(fields[name]) for name in section.more)
        usual = tuple(drawing.field(fields[name]) for name in section.usual)
        shown.append(Shown(section=section, usual=usual, more=more, open=any(_matters(f, fields) for f in more)))
    return shown


def _matters(shown: Field, fields: Mapping[str, dataclasses.Field[Any]]) -> bool:
    """Whether a folded field has a problem or is not at its default."""
    default = fields[shown.path].default
    usual = "" if default in (None, dataclasses.MISSING, ()) else _default_text(fields[shown.path])
    return bool(shown.problem or shown.groups or shown.fields or shown.typed not in ("", usual))


def _default_text(field: dataclasses.Field[Any]) -> str:
    from botplatform.dashboard.builder.typed import number_text

    shape = shape_of(field)
    if isinstance(shape, Number):
        return number_text(field.default, shape.bounds)
    return "on" if field.default is True else "" if field.default is False else str(field.default)


class _Drawing:
    def __init__(self, typed: Typed, problems: Problems) -> None:
        self._typed, self._problems = typed, problems

    def field(self, field: dataclasses.Field[Any], prefix: str = "") -> Field:
        shape, path = shape_of(field), f"{prefix}{field.name}"
        common: dict[str, Any] = {
            "path": path,
            "label": label(field.name),
            "help": shape.help,
            "typed": self._typed.get(path, ""),
            "required": field.default is dataclasses.MISSING,
            "problem": self._problem(path, deep=isinstance(shape, Rows | ConditionList | Part)),
        }
        return Field(**common, **self._widget(shape, path))

    def _widget(self, shape: Shape, path: str) -> dict[str, Any]:  # noqa: PLR0911 - one for each shape
        match shape:
            case Number(bounds=bounds):
                return {"widget": "number", "unit": UNITS.get(bounds.unit, bounds.unit), "range": within(bounds)}
            case Choice(kind=kind):
                return {"widget": "choice", "options": _options(kind)}
            case Switch():
                return {"widget": "switch"}
            case Rows(kind=kind):
                return {"widget": "rows", "groups": tuple(self._rows(kind, path))}
            case Part(kind=kind):
                on = self._typed.get(path) == "on"
                inner = (self.field(each, f"{path}.") for each in settings_of(kind)) if on else ()
                return {"widget": "part", "fields": tuple(inner)}
            case ConditionList():
                return {"widget": "conditions", "groups": tuple(self._conditions(path)), "options": CONDITION_KINDS}
            case Names():
                return {"widget": "names"}
            case _:
                return {"widget": "text"}

    def _rows(self, kind: type, path: str) -> Iterator[Group]:
        for number, place in enumerate(indices(self._typed, path), 1):
            fields = tuple(self.field(each, f"{path}.{place}.") for each in settings_of(kind))
            yield Group(place=f"{path}.{place}", title=str(number), fields=fields)

    def _conditions(self, path: str) -> Iterator[Group]:
        for place in indices(self._typed, path):
            prefix = f"{path}.{place}."
            kind = self._typed.get(f"{prefix}kind", "")
            if kind in CONDITIONS:
                fields = tuple(self._of_condition(each, prefix) for each in dataclasses.fields(CONDITIONS[kind]))
                yield Group(place=f"{path}.{place}", title=_LABELS.get(kind, kind), fields=fields, kind=kind)

    def _of_condition(self, field: dataclasses.Field[Any], prefix: str) -> Field:
        path = f"{prefix}{field.name}"
        choices: type[StrEnum] | None = field.metadata.get("choices")
        bounds: Bounds | None = field.metadata.get("bounds")
        default = field.default
        common: dict[str, Any] = {
            "path": path,
            "label": label(field.name),
            "help": bounds.help if bounds else field.metadata["help"],
            "typed": self._typed.get(path, "" if default is dataclasses.MISSING else str(default)),
            "required": default is dataclasses.MISSING,
            "problem": self._problem(path, deep=False),
        }
        if choices is not None:
            return Field(**common, widget="choice", options=_options(choices))
        if field.name == "interval":
            return Field(**common, widget="choice", options=_INTERVALS)
        if bounds is None:  # every field of a condition is a choice or a number
            raise TypeError(path)
        return Field(**common, widget="number", unit=UNITS.get(bounds.unit, bounds.unit), range=within(bounds))

    def _problem(self, path: str, *, deep: bool) -> str:
        """What is wrong with it; of a list also what is wrong with a row that is not there."""
        own = self._problems.get(path, "")
        if own or not deep:
            return own
        drawn = {f"{path}.{place}" for place in indices(self._typed, path)} | (
            {path} if self._typed.get(path) == "on" else set()
        )
        lost = (text for where, text in self._problems.items() if where.startswith(f"{path}."))
        return "" if drawn else next(lost, "")


def label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def within(bounds: Bounds) -> str:
    """What the field takes: "more than 0, at most 99"."""
    typed, said = in_percent(bounds), []
    if typed.low is not None:
        said.append(f"{'more than' if typed.above_low else 'at least'} {written(typed.low)}")
    if typed.high is not None:
        said.append(f"at most {written(typed.high)}")
    return ", ".join(said)


def _options(kind: Iterable[StrEnum]) -> tuple[tuple[str, str], ...]:
    return tuple((each.value, label(each.value)) for each in kind)


def _interval(minutes: int) -> str:
    if minutes % 1440 == 0:
        return f"{minutes // 1440} day{'s' if minutes > 1440 else ''}"  # noqa: PLR2004 - a day
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


_INTERVALS = tuple((str(minutes), _interval(minutes)) for minutes in INTERVALS)
CONDITION_KINDS = tuple((kind, _LABELS.get(kind, label(kind))) for kind in CONDITIONS)
