"""Settings that explain themselves: help, unit and bounds at each field, and mistakes that name the remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_MISSING: Any = dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one setting, and what to do about it."""

    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem} {self.remedy}"


class SettingsRefused(ValueError):
    """Settings that cannot work. `problems` has every one of them, not just the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a person needs to know to fill in a field.

    `unit` is one of: quote, base, fraction, factor, count, seconds, minutes, points.
    """

    help: str
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    above_low: bool = False  # the value must be greater than `low`, not equal

    def problem(self, name: str, value: Decimal | int) -> Problem | None:
        number = Decimal(value)
        if not number.is_finite():
            return Problem(name, f"{value} is not a number.", "Give a plain decimal number.")
        if self.low is not None and (number < self.low or (self.above_low and number == self.low)):
            bound = "more than" if self.above_low else "at least"
            return Problem(name, f"{value} is too small.", f"Give {bound} {self.low}.")
        if self.high is not None and number > self.high:
            return Problem(name, f"{value} is too large.", f"Give at most {self.high}.")
        return None


def setting(
    text: str,
    *,
    unit: str,
    low: str | None = None,
    high: str | None = None,
    above_low: bool = False,
    default: Any = _MISSING,
) -> Any:
    """A dataclass field with its help, unit and bounds."""
    bounds = Bounds(
        help=text,
        unit=unit,
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        above_low=above_low,
    )
    return dataclasses.field(default=default, metadata={"bounds": bounds})


def out_of_bounds(settings: Any) -> Iterator[Problem]:
    """Every field of a settings dataclass whose value lies outside its bounds."""
    for field in dataclasses.fields(settings):
        bounds: Bounds | None = field.metadata.get("bounds")
        value = None if bounds is None else getattr(settings, field.name)
        if bounds is not None and value is not None and (problem := bounds.problem(field.name, value)):
            yield problem
