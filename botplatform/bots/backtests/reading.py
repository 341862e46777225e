"""How a job's words are read: every mistake named by its place, with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, TypeVar

from strategies.settings import Problem, SettingsRefused

Read = TypeVar("Read")


def attempt(problems: list[Problem], read: Callable[[], Read]) -> Read | None:
    """What is read; None if it is refused, and its problems then are among those told."""
    try:
        return read()
    except SettingsRefused as why:
        problems.extend(why.problems)
        return None


def below(place: str, read: Callable[[], Read]) -> Read:
    """What is read; its problems are named from further up: `symbol` below `markets[1]` is `markets[1].symbol`."""
    try:
        return read()
    except SettingsRefused as why:
        problems = tuple(replace(each, field=f"{place}.{each.field}" if each.field else place) for each in why.problems)
        raise SettingsRefused(problems) from None


def rows_of(name: str, listed: Iterable[Any], read: Callable[[Any], Read]) -> list[Read]:
    """Each of a list's rows as it is read; problems are named `name[0]` and so on. Raises SettingsRefused."""
    problems: list[Problem] = []
    found = []
    for place, words in enumerate(listed):
        try:
            found.append(below(f"{name}[{place}]", partial(read, words)))
        except SettingsRefused as why:
            problems += why.problems
    if problems:
        raise SettingsRefused(tuple(problems))
    return found


def object_of(words: Mapping[str, Any], name: str, *, needed: bool = True) -> dict[str, Any]:
    """The object called so; an empty one if it is not needed and not there. Raises SettingsRefused."""
    value = words.get(name)
    if value is None and not needed:
        return {}
    if not isinstance(value, dict):
        raise refused(name, "it is missing or no object.", f'Give "{name}": {{...}}.')
    return value


def positive(value: Any, *, may_be_zero: bool) -> Decimal:
    """A decimal number above zero. Raises ValueError for anything else, a float too: it may not be what was typed."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(value)  # noqa: TRY004 - the caller asks whether the value can be, not what it is
    try:
        number = Decimal(value)
    except InvalidOperation as why:
        raise ValueError(value) from why
    if not number.is_finite() or number < 0 or (number == 0 and not may_be_zero):
        raise ValueError(value)
    return number


def refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    """A refusal with one problem."""
    return SettingsRefused((Problem(field, problem, remedy),))
