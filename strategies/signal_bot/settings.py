"""The settings of a signal bot, and what contradicts itself in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from strategies.exits import Exits, Step, StopLoss, impossible
from strategies.orders import Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice, part, rows


class ExitsFrom(StrEnum):
    """Who says where take profit and stop loss are."""

    BOT = "bot"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """As the trader fills them in. Percentages are fractions of one."""

    side: Side = choice(
        "Buy: the bot goes long and heeds long signals. Sell: it sells coins that it was given, buys them back lower,"
        " and heeds short signals.",
        Side.BUY,
    )
    order_amount: Decimal = setting(
        "What an entry spends (of a short: is worth) if its signal does not say.",
        unit="quote",
        low="0",
        above_low=True,
    )
    max_position: Decimal = setting(
        "The most that a position may be worth at what it came at. Signals that would go beyond it are not heeded.",
        unit="quote",
        low="0",
        above_low=True,
    )
    entries: int = setting(
        "How many entering signals one position heeds (pyramiding).", unit="count", low="1", high="100", default=1
    )
    coins: Decimal | None = setting(
        "The coins that a bot which goes short may sell. It buys them back.",
        unit="base",
        low="0",
        above_low=True,
        default=None,
    )
    exits_from: ExitsFrom = choice(
        "Whether take profit and stop loss are those below, or come with the signals.", ExitsFrom.BOT
    )
    take_profit: tuple[Step, ...] = rows(
        "Up to ten steps, each with a profit and its share of the position. Exit signals close whatever is left.", Step
    )
    trailing: Decimal | None = setting(
        "The last take-profit step is not sold at its price: from there on the price is followed, and everything sold"
        " at market once it has come back by this much.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.5",
        default=None,
    )
    stop_loss: StopLoss | None = part("Where a position is given up. Empty: never.", StopLoss)
    max_lag: int | None = setting(
        "How old a signal may be. Older ones are refused, and so are those that do not say when they were sent. Empty:"
        " any age.",
        unit="seconds",
        low="1",
        high="86400",
        default=300,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *self._impossible(), *impossible(self.bots_exits)]
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def bots_exits(self) -> Exits:
        """The exits of these settings."""
        return Exits(steps=self.take_profit, trailing=self.trailing, stop_loss=self.stop_loss)

    def _impossible(self) -> Iterator[Problem]:
        if self.order_amount > self.max_position:
            yield Problem(
                "max_position",
                f"an entry of {self.order_amount} is more than the position may be.",
                f"Give at least {self.order_amount}.",
            )
        if self.side is Side.SELL and self.coins is None:
            yield Problem("coins", "a short sells coins, and the bot has none.", "Say how many it may sell.")
        if self.side is Side.BUY and self.coins is not None:
            yield Problem("coins", "a bot that goes long sells what it bought.", "Leave it empty.")
        if self.exits_from is ExitsFrom.SIGNAL and (self.take_profit or self.trailing or self.stop_loss):
            yield Problem(
                "exits_from",
                "the bot has exits of its own, and they are to come with the signals.",
                "Choose one of the two.",
            )
        for number, step in enumerate(self.take_profit):
            if step.price is not None:
                yield Problem(
                    f"take_profit[{number}].price",
                    "where the next signal enters is not known.",
                    "Give a profit instead.",
                )
        if self.stop_loss is not None and self.stop_loss.price is not None:
            yield Problem("stop_loss.price", "where the next signal enters is not known.", "Give a loss instead.")
