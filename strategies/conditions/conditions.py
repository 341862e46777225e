"""Conditions together, and their JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from strategies.conditions.bollinger import Bollinger
from strategies.conditions.cci import CCI
from strategies.conditions.condition import Condition, Fact, Indicator
from strategies.conditions.facts import ASAP, Manual, Signal
from strategies.conditions.heikin_ashi import HeikinAshi
from strategies.conditions.macd import MACD
from strategies.conditions.mfi import MFI
from strategies.conditions.moving_average import AverageCross, PriceAverage
from strategies.conditions.price import Price
from strategies.conditions.qfl import QFL
from strategies.conditions.rsi import RSI
from strategies.conditions.sar import ParabolicSAR
from strategies.conditions.ult import ULT
from strategies.settings import Bounds, Problem, SettingsRefused

KINDS: Mapping[str, type[Fact | Indicator]] = {
    condition.kind: condition
    for condition in (
        ASAP,
        Manual,
        Signal,
        RSI,
        MACD,
        Bollinger,
        MFI,
        CCI,
        ULT,
        ParabolicSAR,
        AverageCross,
        PriceAverage,
        HeikinAshi,
        QFL,
        Price,
    )
}
MOST = 20


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of these must hold at the same moment, each on its own interval."""

    each: tuple[Fact | Indicator, ...]

    def __post_init__(self) -> None:
        if not self.each:
            raise SettingsRefused(
                (Problem("conditions", "there is none.", 'Give at least one; "asap" starts at once.'),)
            )
        if len(self.each) > MOST:
            raise SettingsRefused((Problem("conditions", f"{len(self.each)} are too many.", f"Give at most {MOST}."),))

    def __iter__(self) -> Iterator[Fact | Indicator]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    def history(self) -> dict[int, int]:
        """How many closed candles of which interval (in minutes) a stream must be primed with to know all."""
        needs: dict[int, int] = {}
        for condition in self.each:
            if isinstance(condition, Indicator):
                needs[condition.interval] = max(needs.get(condition.interval, 0), condition.history)
        return needs


def from_json(values: Sequence[Mapping[str, Any]]) -> Conditions:
    """The conditions that a list of dicts describes; numbers are decimal strings or plain numbers.

    Raises SettingsRefused with every mistake: an unknown kind or field, a missing one, a value that is none of its
    choices, no number or out of its bounds. A problem's field is a path: `conditions[1].period`.
    """
    if isinstance(values, str | Mapping) or not isinstance(values, Sequence):
        raise SettingsRefused((Problem("conditions", "this is no list.", "Give a list of conditions."),))
    if len(values) > MOST:
        raise SettingsRefused((Problem("conditions", f"{len(values)} are too many.", f"Give at most {MOST}."),))
    each: list[Fact | Indicator] = []
    problems: list[Problem] = []
    for place, value in enumerate(values):
        try:
            each.append(_condition(value))
        except SettingsRefused as refused:
            problems += (
                dataclasses.replace(p, field=f"conditions[{place}]{'.' if p.field else ''}{p.field}")
                for p in refused.problems
            )
    if problems:
        raise SettingsRefused(tuple(problems))
    return Conditions(tuple(each))


def to_json(conditions: Conditions) -> list[dict[str, Any]]:
    """The conditions as JSON values: decimals as strings, counts as integers, choices as their names."""
    return [
        {"kind": condition.kind}
        | {field.name: _plain(getattr(condition, field.name)) for field in dataclasses.fields(condition)}
        for condition in conditions
    ]


def _condition(values: Any) -> Fact | Indicator:
    if not isinstance(values, Mapping):
        raise SettingsRefused((Problem("", "this is no condition.", 'Give an object with a "kind".'),))
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        problem = "it is missing." if kind is None else f"there is no condition {kind!r}."
        raise SettingsRefused((Problem("kind", problem, f"Choose one of: {', '.join(KINDS)}."),))
    fields = {field.name: field for field in dataclasses.fields(KINDS[kind])}
    has = f"{kind} has: {', '.join(fields)}." if fields else f"{kind} has no settings."
    problems = [
        Problem(str(name), "there is no such setting.", f"Remove it; {has}")
        for name in values
        if name != "kind" and name not in fields
    ]
    settings: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            found = _value(field, values[name])
            if isinstance(found, Problem):
                problems.append(found)
            else:
                settings[name] = found
        elif field.default is dataclasses.MISSING:
            problems.append(Problem(name, "it is missing.", _help(field)))
    if problems:
        raise SettingsRefused(tuple(problems))
    return KINDS[kind](**settings)


def _help(field: dataclasses.Field[Any]) -> str:
    if (choices := field.metadata.get("choices")) is not None:
        return f"{field.metadata['help']} Choose one of: {', '.join(choices)}."
    bounds: Bounds = field.metadata["bounds"]
    return bounds.help


def _value(field: dataclasses.Field[Any], value: Any) -> StrEnum | Decimal | int | Problem:
    choices: type[StrEnum] | None = field.metadata.get("choices")
    if choices is not None:
        if isinstance(value, str) and value in set(choices):
            return choices(value)
        return Problem(field.name, f"{value!r} is none of its choices.", f"Choose one of: {', '.join(choices)}.")
    bounds: Bounds = field.metadata["bounds"]
    whole = bounds.unit in {"count", "minutes"}
    try:
        number = _number(value)
        if whole and number != number.to_integral_value():
            return Problem(field.name, f"{value!r} is not a whole number.", "Give a whole number.")
    except (InvalidOperation, ValueError, TypeError):
        return Problem(field.name, f"{value!r} is not a number.", "Give a plain decimal number.")
    # Looked at here as well, so that one field's mistake does not hide another's.
    return bounds.problem(field.name, number) or (int(number) if whole else number)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError(value)
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _plain(value: Condition | Decimal | int | StrEnum) -> str | int:
    if isinstance(value, StrEnum):
        return value.value
    return value if isinstance(value, int) else str(value)
