"""What is varied: `take_profit=0.005:0.03:0.005` (from, to, step) or `step=0.01,0.015,0.02` (each of these)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from botplatform.lib.money import written
from strategies.kinds import KINDS, settings_of
from strategies.settings import Problem, SettingsRefused
from strategies.shapes import Choice, Number, Switch, shape_of

MOST_SETS = 100_000
NONE = "none"  # as a person writes an empty setting
SWITCH = {"true": True, "false": False}
_RANGE_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting and the values that it takes, in their order, each once."""

    name: str
    values: tuple[str, ...]


def axes_of(kind: str, texts: Sequence[str]) -> tuple[Axis, ...]:
    """The axes that these words describe for a kind of bot. Raises SettingsRefused with every mistake."""
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise SettingsRefused((Problem("kind", f"there is no bot kind {kind!r}.", f"Choose one of: {known}."),))
    fields = {field.name: field for field in settings_of(kind) if _can_vary(field)}
    found: dict[str, Axis] = {}
    problems = []
    for text in texts:
        name, _, values = text.partition("=")
        name = name.strip()
        if name not in fields:
            problems.append(Problem(name, "there is no such setting.", f"Vary one of: {', '.join(fields)}."))
        elif name in found:
            problems.append(Problem(name, "it is varied twice.", "Give all its values in one --vary."))
        else:
            try:
                found[name] = Axis(name=name, values=_values(fields[name], values.strip()))
            except SettingsRefused as why:
                problems.extend(why.problems)
    if problems:
        raise SettingsRefused(tuple(problems))
    return tuple(found.values())


def _values(field: dataclasses.Field[Any], text: str) -> tuple[str, ...]:
    if not text:
        raise _refused(field.name, "it has no values.", f"Write {field.name}=0.01,0.02 or {field.name}=0.01:0.05:0.01.")
    words = [word.strip() for word in text.split(",")]
    shape = shape_of(field)
    if not isinstance(shape, Number):
        known = [str(each.value) for each in shape.kind] if isinstance(shape, Choice) else list(SWITCH)
        return tuple(dict.fromkeys(_choice(field.name, word, known) for word in words))
    if ":" in text:
        return _range(field.name, text)
    optional = field.default is None
    return tuple(
        dict.fromkeys(NONE if optional and word == NONE else written(_number(field.name, word)) for word in words)
    )


def _can_vary(field: dataclasses.Field[Any]) -> bool:
    return isinstance(shape_of(field), Number | Choice | Switch)


def _choice(name: str, word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise _refused(name, f"{word!r} is not a choice.", f"Use some of: {', '.join(known)}.")
    return word


def _range(name: str, text: str) -> tuple[str, ...]:
    parts = text.split(":")
    if len(parts) < _RANGE_PARTS or not parts[-1].strip():
        raise _refused(name, f"the range {text} has no step.", "Write from:to:step, such as 0.005:0.03:0.005.")
    if len(parts) > _RANGE_PARTS:
        raise _refused(name, f"{text} is no range.", "Write from:to:step, such as 0.005:0.03:0.005.")
    low, high, step = (_number(name, part.strip()) for part in parts)
    if step <= 0:
        raise _refused(name, f"the step {parts[2]} leads nowhere.", "Give a step above 0.")
    if high < low:
        raise _refused(name, f"the range {text} ends below its beginning.", f"Write {parts[1]}:{parts[0]}:{parts[2]}.")
    if (high - low) / step >= MOST_SETS:
        raise _refused(name, f"the range {text} has more than {MOST_SETS:,} values.", "Give a larger step.")
    return tuple(written(low + step * n) for n in range(int((high - low) // step) + 1))


def _number(name: str, word: str) -> Decimal:
    try:
        number = Decimal(word)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 15:  # noqa: PLR2004 - no setting is so large or so small
        raise _refused(name, f"{word!r} is not a number.", "Give plain decimal numbers, such as 0.01,0.02.")
    return number


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
