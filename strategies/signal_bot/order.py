"""What a signal may say beyond its action, and how it travels in a `Signalled` event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from strategies import shapes
from strategies.events import Signalled
from strategies.exits import Exits, Step, StopLoss, impossible
from strategies.market import ONE
from strategies.orders import OrderType
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice, part, rows


class Action(StrEnum):
    ENTER_LONG = "enter_long"
    EXIT_LONG = "exit_long"
    ENTER_SHORT = "enter_short"
    EXIT_SHORT = "exit_short"
    DISABLE = "disable"


class AmountIn(StrEnum):
    """What an amount counts."""

    QUOTE = "quote"
    BASE = "base"
    POSITION = "position"  # a fraction of what is held now


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOrder:
    """The order that a signal asks for."""

    amount: Decimal | None = setting(
        "How much. Empty: what the bot's settings say for an entry, everything for an exit.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    amount_in: AmountIn = choice("What the amount counts: quote, coins, or a fraction of the position.", AmountIn.QUOTE)
    order: OrderType = choice("A limit order rests on the exchange; a market order trades at once.", OrderType.MARKET)
    price: Decimal | None = setting("The limit price.", unit="quote", low="0", above_low=True, default=None)
    better_by: Decimal | None = setting(
        "The limit as a distance from the signal's price, to the better side: below it for a buy, above for a sell.",
        unit="fraction",
        low="-0.5",
        high="0.5",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *self._impossible()]
        if problems:
            raise SettingsRefused(tuple(problems))

    def _impossible(self) -> Iterator[Problem]:
        prices = (self.price is not None) + (self.better_by is not None)
        if self.order is OrderType.LIMIT and prices != 1:
            given = "no price" if not prices else "two prices"
            yield Problem("price", f"the limit order has {given}.", "Give a price, or a distance.")
        if self.order is OrderType.MARKET and prices:
            yield Problem("price", "an order at market has no price.", "Leave it out, or ask for a limit order.")
        if self.amount_in is AmountIn.POSITION and (self.amount is None or self.amount > ONE):
            yield Problem("amount", f"{self.amount} is no fraction of a position.", "Give more than 0 and at most 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalExits:
    """The exits that came with a signal, for bots that take them from there."""

    take_profit: tuple[Step, ...] = rows("Take-profit steps.", Step)
    trailing: Decimal | None = setting(
        "How far the last step comes back from its best price before it sells.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.5",
        default=None,
    )
    stop_loss: StopLoss | None = part("Where the position is given up.", StopLoss)

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *impossible(self.exits)]
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def exits(self) -> Exits:
        return Exits(steps=self.take_profit, trailing=self.trailing, stop_loss=self.stop_loss)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a signal says beyond its action."""

    order: SignalOrder = SignalOrder()
    exits: SignalExits | None = None

    @classmethod
    def of(cls, signal: Signalled) -> Details:
        """Read a signal's details. Raises SettingsRefused for what is none."""
        texts = dict(signal.details)
        order, exits = texts.get("order"), texts.get("exits")
        return cls(
            order=SignalOrder() if order is None else shapes.read(SignalOrder, _loaded(order)),
            exits=None if exits is None else shapes.read(SignalExits, _loaded(exits)),
        )


def signalled(  # noqa: PLR0917 - what every signal has, and what it may have
    wish: str,
    at: int,
    action: Action,
    price: Decimal,
    order: SignalOrder | None = None,
    exits: SignalExits | None = None,
) -> Signalled:
    """The event of such a signal; `at` in milliseconds since 1970, `price` what the market stood at."""
    said: Mapping[str, Any] = {"order": order, "exits": exits}
    details = tuple((name, json.dumps(shapes.write(each))) for name, each in said.items() if each is not None)
    return Signalled(wish=wish, at=at, action=action.value, price=price, details=details)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise SettingsRefused((Problem("details", f"{text!r} is no JSON.", "Give an object."),)) from None
