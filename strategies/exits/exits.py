"""How a position is left: take-profit steps, the last of which may trail, and a stop loss.

    100.00  entry
    103.00  step 1   sells 30 %; from now on the stop loss stands where nothing is lost
    105.00  step 2   sells 30 %
    110.00  step 3   begins to trail: the rest is sold when the price has fallen 2 % from its best
     95.00  stop loss

A bot has these settings, keeps a `Seen` in its deal's state, makes the deal's `Position`, and passes the questions
that are asked of it on to here. Nothing here changes a deal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import msgspec

from strategies.deal import Deal, Ending
from strategies.events import Awaited, Tick, Trail, Watch
from strategies.exits.position import ADDED, Position
from strategies.exits.seen import Reached, Seen
from strategies.exits.step import Portion, Portions, Step, deal_out
from strategies.exits.stop_loss import StopLoss
from strategies.market import ZERO
from strategies.orders import Order, OrderType

CLOSE = "close"
_TRAILS = "take profit: from here on it follows the price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """`trailing` is the distance, a fraction, at which the last step follows the price once it was reached."""

    steps: tuple[Step, ...] = ()
    trailing: Decimal | None = None
    stop_loss: StopLoss | None = None

    # Orders

    def orders(self, deal: Deal, position: Position, seen: Seen) -> Iterator[Order]:
        """The take profits that should exist by now. A trailing one and the stop loss are no orders until `close`."""
        for portion in self.portions(deal, position, seen).open:
            if self._is_trailing(portion.number):
                continue
            name, total, price = take_profit(portion.number), portion.total, portion.price
            if self.steps[portion.number - 1].order is OrderType.LIMIT:
                yield deal.keep(name, position.exits_with, total, price)
            elif reached := _reached(seen, portion.number):
                yield deal.keep(name, position.exits_with, min(total, reached.total))

    def close(self, deal: Deal, seen: Seen) -> Order | None:
        """The order that ends a deal which is on its way out: everything that is held now, or owed. None: nothing is.

        It is at the market, unless it is a stop loss that sells by a limit order.
        """
        position = None if deal.ending is Ending.CANCELLED else Position.of(deal)
        if position is None:
            return None
        price = None
        if deal.ending is Ending.STOP_LOSS and self.stop_loss is not None and seen.stopped_at is not None:
            price = self.stop_loss.order_price(position, seen.stopped_at)
        return deal.keep(CLOSE, position.exits_with, deal.filled(CLOSE) + position.amount, price)

    def portions(self, deal: Deal, position: Position, seen: Seen) -> Portions:
        """What each step has still to trade."""
        filled = [deal.filled(take_profit(number)) for number in range(1, len(self.steps) + 1)]
        return deal_out(self.steps, position, filled, frozenset(seen.done))

    def dust(self, position: Position) -> bool:
        """Whether what is left of the position is too little for an order of its own."""
        price = self.steps[-1].at(position) if self.steps else position.price
        return not position.market.accepts(position.amount, price)

    # What changes the answer though nothing filled

    def watches(self, deal: Deal, position: Position, seen: Seen) -> Iterator[Awaited]:
        """The prices and times at which the exits change."""
        for portion in self.portions(deal, position, seen).open:
            if self._is_trailing(portion.number):
                yield self._trail(position, seen, portion)
            elif self._awaits_price(portion, seen):
                then = f"take profit {portion.number} at market"
                yield Watch(crossing=position.ahead, price=portion.price, then=then)
        if self.stop_loss is not None:
            yield from self.stop_loss.watches(position, seen, break_even=self._even(deal, position, seen))

    def first_target(self, deal: Deal, position: Position, seen: Seen) -> Watch | None:
        """The price of the nearest take profit, for a position that is not complete yet; None without steps."""
        for portion in self.portions(deal, position, seen).open:
            then = "take profit: what is missing of the entry is let go"
            return Watch(crossing=position.ahead, price=portion.price, then=then)
        return None

    def told(self, deal: Deal, position: Position, seen: Seen, tick: Tick) -> tuple[Seen, Ending | None]:
        """What is seen after this price, and why the deal ends if it does."""
        for portion in self.portions(deal, position, seen).open:
            if self._is_trailing(portion.number):
                trail = self._trail(position, seen, portion)
                if isinstance(trail, Trail) and trail.reached_by(tick.price):
                    return seen, Ending.TAKE_PROFIT
                if isinstance(trail, Trail):
                    seen = msgspec.structs.replace(seen, peak=position.better(trail.best, tick.price))
                elif trail.reached_by(tick.price):
                    seen = msgspec.structs.replace(seen, peak=tick.price)
            elif self._awaits_price(portion, seen) and position.past(tick.price, portion.price):
                reached = tuple(each for each in seen.reached if each.step != portion.number)
                reached += (Reached(step=portion.number, total=portion.total),)
                seen = msgspec.structs.replace(seen, reached=reached)
        return self._told_stop(deal, position, seen, tick)

    def _told_stop(self, deal: Deal, position: Position, seen: Seen, tick: Tick) -> tuple[Seen, Ending | None]:
        stop = self.stop_loss
        if stop is None:
            return seen, None
        level = stop.level(position, seen, break_even=self._even(deal, position, seen))
        since = seen.below_since
        if since is not None and (level is None or position.past(tick.price, stop.recovers_at(position, level))):
            since = None
        elif since is None and level is not None and position.past(level, tick.price):
            since = tick.at
        best = stop.follows(position, seen, tick.price) or seen.best
        seen = msgspec.structs.replace(seen, best=best, below_since=since)
        if level is not None and since is not None and tick.at - since >= 1000 * stop.timeout:
            return msgspec.structs.replace(seen, stopped_at=level), Ending.STOP_LOSS
        return seen, None

    def funds_added(self, deal: Deal, position: Position, seen: Seen) -> Seen:
        """What is seen when the user adds funds: steps that have traded leave the new coins to the others."""
        done = self.portions(deal, position, seen).done
        return msgspec.structs.replace(seen, done=tuple(sorted(done)))

    def _is_trailing(self, number: int) -> bool:
        return self.trailing is not None and number == len(self.steps)

    def _trail(self, position: Position, seen: Seen, portion: Portion) -> Watch | Trail:
        """The trailing take profit: waiting for its price, or following from there."""
        distance = self.trailing or ZERO
        if seen.peak is None or not position.past(seen.peak, portion.price):
            return Watch(crossing=position.ahead, price=portion.price, then=_TRAILS)
        return Trail(
            crossing=position.behind,
            best=seen.peak,
            distance=distance,
            price=position.back(seen.peak, distance),
            then="take profit: everything is sold at market",
        )

    def _awaits_price(self, portion: Portion, seen: Seen) -> bool:
        """Whether a step that trades at the market still waits for its price."""
        if self.steps[portion.number - 1].order is OrderType.LIMIT:
            return False
        reached = _reached(seen, portion.number)
        return reached is None or reached.total < portion.total

    def _even(self, deal: Deal, position: Position, seen: Seen) -> bool:
        """Whether the step has traded after which nothing may be lost. Funds added later do not undo it."""
        after = None if self.stop_loss is None else self.stop_loss.break_even_after
        if after is None:
            return False
        done = self.portions(deal, position, seen).done
        if added := [tally.traded for name, tally in deal.by_order.items() if name.startswith(ADDED)]:
            before = max(position.amount - sum(added, ZERO), ZERO)
            done |= self.portions(deal, replace(position, amount=before), seen).done
        return any(number >= after for number in done)


def take_profit(number: int) -> str:
    """The order name of this step, from 1: not one that other bots use, whose deals may be converted."""
    return f"take-profit-step-{number}"


def _reached(seen: Seen, number: int) -> Reached | None:
    return next((each for each in seen.reached if each.step == number), None)
