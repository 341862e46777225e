"""The kinds of bot by name, and their settings and state to and from plain JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from strategies import shapes
from strategies.dca import DCA
from strategies.grid import Grid
from strategies.rebalance import Rebalance
from strategies.recurring import Recurring
from strategies.settings import Problem, SettingsRefused
from strategies.signal_bot import SignalBot
from strategies.smart import SmartTrade
from strategies.strategy import Strategy
from strategies.twap import TWAP

KINDS: Mapping[str, type[Strategy]] = {
    "dca": DCA,
    "grid": Grid,
    "rebalance": Rebalance,
    "recurring": Recurring,
    "signal": SignalBot,
    "smart": SmartTrade,
    "twap": TWAP,
}


def from_json(kind: str, values: Mapping[str, Any]) -> Strategy:
    """The strategy of this kind with these settings; numbers come as decimal strings or integers.

    Raises SettingsRefused with every mistake: an unknown kind or field, a missing one, a value that is none, one out
    of its bounds.
    """
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise SettingsRefused((Problem("kind", f"there is no bot kind {kind!r}.", f"Choose one of: {known}."),))
    strategy: Strategy = shapes.read(KINDS[kind], values)
    return strategy


def settings_of(kind: str) -> tuple[dataclasses.Field[Any], ...]:
    """The settings of a kind of bot, in the order in which a trader fills them in. Raises KeyError."""
    fields = dataclasses.fields(KINDS[kind])  # type: ignore[arg-type]  # a Protocol cannot say "dataclass"
    return tuple(field for field in fields if field.init)


def to_json(strategy: Strategy) -> dict[str, Any]:
    """The settings as JSON values: decimals as strings, counts as integers, unset ones as None."""
    return shapes.write(strategy)


def state_to_text(state: msgspec.Struct | None) -> str:
    """A deal's state as it is kept; empty when there is none."""
    return "" if state is None else msgspec.json.encode(state).decode()


def state_from_text(strategy: Strategy, text: str) -> msgspec.Struct | None:
    """What `state_to_text` kept. Raises msgspec.ValidationError for a text of another kind of bot."""
    kept: type[msgspec.Struct] | None = strategy.State
    return None if kept is None or not text else msgspec.json.decode(text, type=kept)
