"""What every condition has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np

from strategies.conditions.intervals import INTERVALS, MINUTE
from strategies.conditions.relation import Relation
from strategies.conditions.tape import Bools, Floats, Tape, Times
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting

# A recursive indicator never quite forgets where its history began. This many candles it is left to forget.
SETTLING = 250


def choices(text: str, kind: type[StrEnum]) -> dict[str, Any]:
    """The metadata of a dataclass field that takes one of an enum's values, with its help."""
    return {"help": text, "choices": kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a formula found at each candle: the value that a person is shown, and whether the condition holds."""

    value: Floats
    holds: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(ABC):
    """Something that must hold before a deal starts or closes."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        problems = (*out_of_bounds(self), *self.problems())
        if problems:
            raise SettingsRefused(problems)

    def problems(self) -> Iterator[Problem]:
        """What is wrong beyond the bounds of each field."""
        yield from ()

    @abstractmethod
    def words(self) -> str:
        """The condition as a sentence without its full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Condition):
    """A condition that looks at no candle."""

    @abstractmethod
    def holds(self, closes: Times, signalled_at: Times, span: int) -> Bools:
        """Whether it holds at each close, where `signalled_at` has the latest signal by then (negative: none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Condition):
    """A condition on the candles of one interval, looked at when one of them closes."""

    interval: int = setting("The length of its candles.", unit="minutes", low="1", high="1440")

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if not problems and self.interval not in INTERVALS:
            problems.append(
                Problem(
                    "interval",
                    f"there are no candles of {self.interval} minutes.",
                    f"Choose one of: {', '.join(map(str, INTERVALS))}.",
                )
            )
        problems += self.problems()
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def length(self) -> int:
        """The interval in milliseconds."""
        return self.interval * MINUTE

    @property
    @abstractmethod
    def warmup(self) -> int:
        """How many of its candles must have closed before it can hold."""

    @property
    def history(self) -> int:
        """How many of its candles to prime it with, so that it answers as if it had always looked."""
        return self.warmup

    @abstractmethod
    def look(self, tape: Tape) -> Look:
        """Its formula."""

    def show(self, value: float) -> str:
        """The value as a person reads it."""
        return f"{value:.1f}"

    @property
    def _on(self) -> str:
        return f"on {on_interval(self.interval)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Oscillator(Indicator):
    """An indicator with a number that is held against a level."""

    relation: Relation = field(metadata=choices("How its value must stand to the level.", Relation))

    @property
    @abstractmethod
    def title(self) -> str: ...

    @property
    @abstractmethod
    def at(self) -> float: ...

    @property
    def scale(self) -> float:
        """The usual size of its values."""
        return 100.0

    @abstractmethod
    def value(self, tape: Tape) -> Floats: ...

    def look(self, tape: Tape) -> Look:
        value = self.value(tape)
        return Look(value=value, holds=self.relation.holds(tape, value, self.at, self.scale))

    def words(self) -> str:
        return f"{self.title} {self._on} must {self.relation.words} {number(self.at)}"


def unknown_where(doubtful: Bools, value: Floats) -> Floats:
    """The value, but NaN where it is not to be trusted."""
    return np.where(doubtful, np.nan, value)


def flat(tape: Tape, high: Floats, low: Floats, candles: int) -> Bools:
    """Whether nothing moved in so many candles: an indicator of movement then says nothing."""
    (top,) = tape.study("MAX", high, timeperiod=candles)
    (bottom,) = tape.study("MIN", low, timeperiod=candles)
    return np.equal(top, bottom)


def number(value: float) -> str:
    """Up to eight digits, no exponent, no zeros at the end."""
    digits = np.format_float_positional(value, precision=8, unique=False, fractional=False, trim="-")
    return "0" if digits == "-0" else digits


def on_interval(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h" if minutes < 1440 else "1 day"  # noqa: PLR2004
