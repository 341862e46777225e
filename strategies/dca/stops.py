"""Getting out without a take profit on the book: stop loss, trailing, close conditions, timeout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace

from strategies.dca.averaging_orders import BASE
from strategies.dca.choices import Direction, Reckoned
from strategies.dca.profit import last_target, step_name, stepwise
from strategies.dca.settings import DCASettings, StepSetting
from strategies.dca.state import FRESH, DCAState
from strategies.deal import Deal, Ending
from strategies.events import Alarm, Awaited, Crossing, Trail, Watch
from strategies.market import ZERO

_SECOND = 1000


class Stops:
    """The levels of one deal that are watched for, under one bot's settings. Asked of a deal whose base has traded."""

    __slots__ = ("_deal", "_settings", "_state", "_steps")

    def __init__(self, settings: DCASettings, deal: Deal, steps: Sequence[StepSetting]) -> None:
        self._settings, self._deal, self._steps = settings, deal, steps
        self._state: DCAState = deal.state or FRESH

    # The stop loss

    def stop_price(self) -> Decimal | None:
        """Where the deal is given up, the best of what holds; None: nowhere.

        The stop itself: `floor to tick of (average price x (1 - stop_loss))`, of the base order or of the whole deal;
        trailing: the same below the best price of the deal; after the take profit step chosen for it: where selling
        the rest loses nothing, the taker's fee included.
        """
        levels = [level for level in (self._fixed(), self._trailing(), self._break_even()) if level is not None]
        if not levels:
            return None
        return max(levels) if self._settings.direction is Direction.LONG else min(levels)

    def _fixed(self) -> Decimal | None:
        settings, deal = self._settings, self._deal
        if settings.stop_loss is None:
            return None
        whole = settings.stop_loss_from is Reckoned.TOTAL
        anchor = deal.entry_average if whole else deal.by_order[BASE].average_price
        return settings.direction.against(anchor, settings.stop_loss, deal.market)

    def _trailing(self) -> Decimal | None:
        settings = self._settings
        if not settings.trailing_stop or settings.stop_loss is None:
            return None
        return settings.direction.against(self._best(), settings.stop_loss, self._deal.market)

    def _best(self) -> Decimal:
        return self._state.best if self._state.best is not None else self._deal.by_order[BASE].average_price

    def _break_even(self) -> Decimal | None:
        settings, deal = self._settings, self._deal
        if settings.break_even_after is None:
            return None
        name = step_name(settings.break_even_after - 1, self._steps)
        if not (filled := deal.filled(name)):
            return None
        for order in stepwise(settings, deal, self._steps):
            if order.name == name and deal.market.accepts(order.amount - filled, order.price or deal.price):
                return None  # more of the step is to come
        return settings.direction.target(deal.entry_average, ZERO, deal.market, deal.market.taker_fee)

    # What is waited for

    def awaited(self) -> Iterator[Awaited]:
        """The prices and times at which one of these acts."""
        yield from self._stop_awaited()
        yield from self._profit_awaited()
        if self._closes and (closing := self.closing_price()) is not None:
            yield self._gain(closing, "the close conditions hold: everything is closed at market")

    def _stop_awaited(self) -> Iterator[Awaited]:
        settings, since = self._settings, self._state.stopped_since
        stop = self.stop_price()
        if stop is None:
            return
        if since is not None:
            tick = self._deal.market.tick_size
            back = stop + tick if settings.direction is Direction.LONG else stop - tick
            yield self._gain(back, "the price recovers from the stop loss")
            rings = since + settings.stop_loss_timeout * _SECOND
            yield Alarm(at=rings, then="stop loss: everything is closed at market")
            return
        then = "stop loss: everything is closed at market"
        if settings.stop_loss_timeout:
            then = f"the stop loss counts down {settings.stop_loss_timeout} s"
        yield Watch(crossing=self._losing, price=stop, then=then)
        trailing = self._trailing()
        if trailing is not None and settings.stop_loss is not None:
            yield Trail(
                crossing=self._losing, best=self._best(), distance=settings.stop_loss, price=trailing, then=then
            )

    def _profit_awaited(self) -> Iterator[Awaited]:
        settings, deal, armed = self._settings, self._deal, self._state.armed
        if settings.trailing is None:
            return
        if armed is None:
            yield self._gain(last_target(settings, deal, self._steps), "the take profit begins to trail")
        else:
            yield Trail(
                crossing=self._losing,
                best=armed,
                distance=settings.trailing,
                price=settings.direction.against(armed, settings.trailing, deal.market),
                then="trailing take profit: everything is closed at market",
            )

    @property
    def _closes(self) -> bool:
        """Whether the close conditions count.

        Those that held already when the deal began count only at a profit. Otherwise the deal would be closed at
        once, and the next one too, each at the cost of its fees.
        """
        profit = self._settings.close_profit
        return self._state.closing and (not self._state.held_before or (profit is not None and profit > 0))

    def closing_price(self) -> Decimal | None:
        """The price from which the close conditions may close; None: at any."""
        profit = self._settings.close_profit
        if profit is None:
            return None
        market = self._deal.market
        return self._settings.direction.target(self._deal.entry_average, profit, market, market.taker_fee)

    # What happens

    def hear(self, at: int, price: Decimal) -> None:
        """The market stands at `price` now: remember what has to be remembered, end the deal if it is time."""
        self._hear_stop(at, price)
        self._hear_profit(price)
        self.hear_conditions(price)
        if self._state is not (self._deal.state or FRESH):
            self._deal.state = self._state

    def hear_conditions(self, price: Decimal) -> None:
        """End the deal if its close conditions hold at a price that is good enough."""
        if not self._closes:
            return
        closing = self.closing_price()
        direction = self._settings.direction
        if closing is None or price == closing or direction.better(price, closing):
            self._deal.end(Ending.CONDITIONS)

    def _hear_stop(self, at: int, price: Decimal) -> None:
        settings, direction = self._settings, self._settings.direction
        if settings.trailing_stop and direction.better(price, self._best()):
            self._state = replace(self._state, best=price)
        stop = self.stop_price()
        if stop is None:
            return
        since = self._state.stopped_since
        if not direction.worse(price, stop):
            if since is not None:
                self._state = replace(self._state, stopped_since=None)
        elif not settings.stop_loss_timeout or (
            since is not None and at >= since + settings.stop_loss_timeout * _SECOND
        ):
            self._deal.end(Ending.STOP_LOSS)
        elif since is None:
            self._state = replace(self._state, stopped_since=at)

    def _hear_profit(self, price: Decimal) -> None:
        settings, deal, armed = self._settings, self._deal, self._state.armed
        direction = settings.direction
        if settings.trailing is None:
            return
        if armed is None:
            reached = last_target(settings, deal, self._steps)
            if price == reached or direction.better(price, reached):
                self._state = replace(self._state, armed=price)
        elif direction.better(price, armed):
            self._state = replace(self._state, armed=price)
        elif direction.worse(price, direction.against(armed, settings.trailing, deal.market)):
            self._deal.end(Ending.TAKE_PROFIT)

    @property
    def _losing(self) -> Crossing:
        return Crossing.BELOW if self._settings.direction is Direction.LONG else Crossing.ABOVE

    def _gain(self, price: Decimal, then: str) -> Watch:
        winning = Crossing.ABOVE if self._settings.direction is Direction.LONG else Crossing.BELOW
        return Watch(crossing=winning, price=price, then=then)
