"""Which sets of settings are tried: the whole grid, or some of it drawn by chance that can be repeated."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from botplatform.bots.sweeps.axes import MOST_SETS, Axis
from strategies.settings import Problem, SettingsRefused

Settings = tuple[tuple[str, str], ...]


def sets_of(axes: Sequence[Axis], drawn: int | None = None, seed: int = 1) -> list[Settings]:
    """The sets in the grid's order, the last axis fastest; only `drawn` different ones of them if that is said.

    Raises SettingsRefused for more sets than anybody waits for.
    """
    total = math.prod(len(axis.values) for axis in axes)
    if drawn is not None and not 0 < drawn <= MOST_SETS:
        raise _refused("random", f"{drawn:,} sets cannot be drawn.", f"Draw from 1 to {MOST_SETS:,}.")
    if drawn is None and total > MOST_SETS:
        raise _refused(
            "vary",
            f"these are {total:,} sets, more than {MOST_SETS:,}.",
            "Vary less, in larger steps, or draw some of them with --random 1000.",
        )
    numbers = range(total) if drawn is None or drawn >= total else _sample(total, drawn, seed)
    return [_set(axes, number) for number in numbers]


def _sample(total: int, drawn: int, seed: int) -> list[int]:
    # Not random.sample: the grid may have more sets than a range has places.
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated is the point
    numbers: set[int] = set()
    while len(numbers) < drawn:
        numbers.add(chance.randrange(total))
    return sorted(numbers)


def _set(axes: Sequence[Axis], number: int) -> Settings:
    chosen = []
    for axis in reversed(axes):
        number, place = divmod(number, len(axis.values))
        chosen.append((axis.name, axis.values[place]))
    return tuple(reversed(chosen))


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
