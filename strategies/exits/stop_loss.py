"""The stop loss: where it stands, which may change as the price rises, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from strategies.events import Alarm, Awaited, Trail, Watch
from strategies.exits.position import Position
from strategies.exits.seen import Seen
from strategies.exits.step import MOST_STEPS
from strategies.market import ZERO
from strategies.orders import OrderType
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice, switch

_LONGEST = 30 * 86_400  # seconds


class MeasuredFrom(StrEnum):
    """Which average a stop loss is measured from."""

    ENTRY = "entry"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLoss:
    """Where and how a position is given up. Of a short, read rise for fall."""

    loss: Decimal | None = setting(
        "Fall from the average price, before fees, at which everything is sold.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    price: Decimal | None = setting(
        "The price at which everything is sold. Give this or the loss.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    measured_from: MeasuredFrom = choice(
        "The average of the entry alone, or of all that was bought, funds added later among it.", MeasuredFrom.ENTRY
    )
    trailing: bool = switch("The stop loss follows the best price since the entry at the distance of the loss.")
    timeout: int = setting(
        "How long the price has to stay at the stop loss or beyond. If it recovers the time starts anew.",
        unit="seconds",
        low="0",
        high=str(_LONGEST),
        default=0,
    )
    break_even_after: int | None = setting(
        "The take-profit step after which the stop loss moves to where nothing is lost, fees counted. Empty: never.",
        unit="count",
        low="1",
        high=str(MOST_STEPS),
        default=None,
    )
    order: OrderType = choice("How everything is sold.", OrderType.MARKET)
    limit: Decimal | None = setting(
        "How far beyond the stop loss a limit order still sells. It may stay unsold if the price falls faster.",
        unit="fraction",
        low="0",
        high="0.99",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *self._impossible()]
        if problems:
            raise SettingsRefused(tuple(problems))

    def _impossible(self) -> Iterator[Problem]:
        if self.loss is not None and self.price is not None:
            yield Problem("price", "the stop loss has both a loss and a price.", "Give one of the two.")
        if self.loss is None and self.price is None and self.break_even_after is None:
            yield Problem("loss", "the stop loss stands nowhere.", "Give a loss, a price or a break-even step.")
        if self.trailing and self.loss is None:
            yield Problem("trailing", "there is no distance to follow at.", "Give the loss as a share of the price.")
        if self.order is OrderType.LIMIT and self.limit is None:
            yield Problem("limit", "a limit order needs a price.", "Say how far beyond the stop loss it may sell.")
        if self.order is OrderType.MARKET and self.limit is not None:
            yield Problem("limit", "a market order has no limit.", "Leave it empty, or choose a limit order.")

    def level(self, position: Position, seen: Seen, *, break_even: bool) -> Decimal | None:
        """Where it stands now, on a tick; None while it stands nowhere.

        `break_even`: whether the step has traded after which nothing may be lost.
        """
        levels = [self._follows(position, seen)] if self.trailing else [self._fixed(position)]
        if break_even:
            levels.append(position.target(ZERO, position.market.taker_fee))
        known = [each for each in levels if each is not None]
        return (max if position.long else min)(known) if known else None

    def _basis(self, position: Position) -> Decimal:
        return position.entry_price if self.measured_from is MeasuredFrom.ENTRY else position.price

    def _fixed(self, position: Position) -> Decimal | None:
        if self.price is not None:
            return position.back(self.price, ZERO)
        return None if self.loss is None else position.back(self._basis(position), self.loss)

    def _best(self, position: Position, seen: Seen) -> Decimal:
        basis = self._basis(position)
        return basis if seen.best is None else position.better(seen.best, basis)

    def _follows(self, position: Position, seen: Seen) -> Decimal | None:
        return position.back(self._best(position, seen), self.loss or ZERO)

    def follows(self, position: Position, seen: Seen, price: Decimal) -> Decimal | None:
        """The best price since the entry, now that this one was seen; None for a stop loss that stays."""
        return position.better(self._best(position, seen), price) if self.trailing else None

    def recovers_at(self, position: Position, level: Decimal) -> Decimal:
        """The first price at which the stop loss is not reached any more."""
        tick = position.market.tick_size
        return level + tick if position.long else level - tick

    def watches(self, position: Position, seen: Seen, *, break_even: bool) -> Iterator[Awaited]:
        """What the stop loss waits for."""
        level = self.level(position, seen, break_even=break_even)
        if level is None:
            return
        if seen.below_since is not None:
            recovery = self.recovers_at(position, level)
            yield Alarm(at=seen.below_since + 1000 * self.timeout, then="stop loss: the price has stayed beyond it")
            yield Watch(crossing=position.ahead, price=recovery, then="the price recovers from the stop loss")
            return
        then = f"stop loss: {self._then()}"
        if self.timeout:
            then = f"stop loss, if the price stays there for {self.timeout} seconds"
        yield Watch(crossing=position.behind, price=level, then=then)
        if self.trailing:
            yield Trail(
                crossing=position.behind,
                best=self._best(position, seen),
                distance=self.loss or ZERO,
                price=self._follows(position, seen) or level,
                then=then,
            )

    def _then(self) -> str:
        return "everything is sold at market" if self.order is OrderType.MARKET else "a limit order for everything"

    def order_price(self, position: Position, level: Decimal) -> Decimal | None:
        """The price of the order that gives the position up; None at the market."""
        return None if self.order is OrderType.MARKET else position.back(level, self.limit or ZERO)
