"""The kinds of bot by name, and their settings to and from plain JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from strategies.dca import DCA
from strategies.grid import Grid
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

KINDS: Mapping[str, type[DCA | Grid]] = {"dca": DCA, "grid": Grid}


def from_json(kind: str, values: Mapping[str, Any]) -> Strategy:
    """The strategy of this kind with these settings; numbers come as decimal strings or integers.

    Raises SettingsRefused with every mistake: an unknown kind or field, a missing one, a value that is no number,
    one out of its bounds.
    """
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise SettingsRefused((Problem("kind", f"there is no bot kind {kind!r}.", f"Choose one of: {known}."),))
    strategy = KINDS[kind]
    fields = {field.name: field for field in dataclasses.fields(strategy)}
    problems = [
        Problem(name, "there is no such setting.", f"Remove it; {kind} has: {', '.join(fields)}.")
        for name in values
        if name not in fields
    ]
    problems += [
        Problem(name, "it is missing.", field.metadata["bounds"].help)
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING
    ]
    understood: dict[str, Any] = {}
    for name in fields.keys() & values.keys():
        try:
            understood[name] = _understood(fields[name], values[name])
        except _NotUnderstood as why:
            problems.append(Problem(name, f"{values[name]!r} is {why}.", why.remedy))
    if problems:
        raise SettingsRefused(tuple(problems))
    return strategy(**understood)


def to_json(strategy: Strategy) -> dict[str, Any]:
    """The settings as JSON values: decimals as strings, counts as integers, unset ones as None."""
    fields = dataclasses.fields(strategy)  # type: ignore[arg-type]  # a Protocol cannot say "dataclass"
    values = {field.name: getattr(strategy, field.name) for field in fields}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


class _NotUnderstood(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def _understood(field: dataclasses.Field[Any], value: Any) -> Any:
    if isinstance(field.default, Enum):
        choices = type(field.default)
        try:
            return choices(value)
        except ValueError:
            known = ", ".join(str(each.value) for each in choices)
            raise _NotUnderstood("not a choice", f"Choose one of: {known}.") from None
    try:
        return _number(value, whole=field.metadata["bounds"].unit == "count")
    except (InvalidOperation, ValueError, TypeError):
        raise _NotUnderstood("not a number", "Give a plain decimal number.") from None


def _number(value: Any, *, whole: bool) -> Decimal | int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(value)
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    if whole:
        if number != int(number):
            raise ValueError(value)
        return int(number)
    return number
