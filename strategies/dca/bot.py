"""Dollar-cost averaging.

Buy once. Each time the price falls a further step, buy again. Sell everything when the price stands a fixed
percentage above the average paid.

    100.00  base order
     98.00  averaging order 1      2 % below the base order
     95.00  averaging order 2      another 2 % x 1.5 below
     90.50  averaging order 3      another 3 % x 1.5 below

The take profit is reckoned from the whole cost, fees included, so that the percentage is what is left after
them. The stop loss is measured from the base order's price, not from the average, unless you choose so.

A short deal is the mirror image: it sells coins that you hold, sells more each time the price rises a step, and buys
them back when the price stands a fixed percentage below the average. Its profit is in quote; your coins come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec
from msgspec.structs import replace

from strategies.dca import averaging_orders, by_hand, checks, profit
from strategies.dca.averaging_orders import BASE
from strategies.dca.choices import Direction, VolumeIn
from strategies.dca.ladder import Rung
from strategies.dca.profit import TAKE_PROFIT
from strategies.dca.settings import DCASettings, StepSetting
from strategies.dca.state import FRESH, DCAState
from strategies.dca.stops import Stops
from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import (
    AddFunds,
    Alarm,
    Answered,
    Awaited,
    CancelDeal,
    CloseAtMarket,
    Event,
    ReduceFunds,
    Tick,
)
from strategies.market import ONE, ZERO, Market
from strategies.opening import Opening, Past
from strategies.orders import Fill, Order, OrderType, Side
from strategies.settings import Problem
from strategies.shapes import refuse

if TYPE_CHECKING:
    from strategies.conditions import Conditions

CLOSE = "close"
_SECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DCA(DCASettings):
    """The bot. What it does is in the module's words, what it can be told in its settings."""

    State: ClassVar[type[msgspec.Struct] | None] = DCAState

    _steps: tuple[StepSetting, ...] = field(init=False, repr=False, compare=False)
    _plain: bool = field(init=False, repr=False, compare=False)  # one take profit is all that a fill can move
    _stops: bool = field(init=False, repr=False, compare=False)  # whether a price can end a deal

    def __post_init__(self) -> None:
        """Raises SettingsRefused with every mistake."""
        super(DCA, self).__post_init__()
        object.__setattr__(self, "_steps", profit.steps_of(self))
        object.__setattr__(
            self,
            "_stops",
            self.stop_loss is not None
            or self.trailing is not None
            or self.break_even_after is not None
            or self.close_conditions is not None,
        )
        object.__setattr__(self, "_plain", checks.only_profit_moves(self))

    # What the deal should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """Every order that the deal should have by now, filled or not."""
        if deal.ending:
            if deal.ending is not Ending.CANCELLED and deal.started:
                yield profit.kept(deal, CLOSE, deal.filled(CLOSE) + deal.to_exit, None)
            return
        if deal.reduced and self._sold_out(deal):
            return
        base = self._base_order(deal)
        yield base
        if BASE not in deal.by_order:
            return
        if not self._awaited(deal, base):
            yield from averaging_orders.standing(self, deal)
        elif base.price is None:
            return
        if deal.state is not None:
            yield from by_hand.orders(deal)
        yield from self._take_profits(deal)

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""
        if self._plain and not deal.ending:
            if name == TAKE_PROFIT and BASE in deal.by_order:
                return self._take_profit(deal)
            if name == BASE and not deal.reduced:
                return self._base_order(deal)
        return next((order for order in self.orders(deal) if order.name == name), None)

    def touched(self, deal: Deal, fill: Fill) -> tuple[str, ...] | None:
        """Of a plain bot an averaging order that filled moves the take profit and nothing else."""
        if fill.order == BASE or not self._plain:
            return None
        if fill.order == CLOSE:
            return (CLOSE,)
        if fill.order == TAKE_PROFIT and self._sold_out(deal):
            return None
        return (TAKE_PROFIT,)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do: the coins are sold down to dust, or are to be kept."""
        if deal.ending is None:
            return bool(deal.reduced) and self._sold_out(deal)
        if deal.ending is Ending.CANCELLED or not deal.started:
            return True
        return not deal.market.accepts(deal.to_exit, last_price)

    def _sold_out(self, deal: Deal) -> bool:
        """Whether what is left is too little to be exited at the take profit: dust."""
        left = deal.to_exit
        return left <= 0 or not deal.market.accepts(left, self.target(deal))

    def _base_order(self, deal: Deal) -> Order:
        kept = deal.kept.get(BASE)
        if kept is None:
            market, direction = deal.market, self.direction
            limit = direction.against(deal.price, ZERO, market) if self.base_order_type is OrderType.LIMIT else None
            amount = self._base_amount(deal.price if limit is None else limit, market)
            kept = deal.kept[BASE] = Order(name=BASE, side=direction.opens, amount=amount, price=limit)
        return kept

    def _base_amount(self, price: Decimal, market: Market) -> Decimal:
        size = self.base_order + self.more_each
        return market.amount_up(size if self.volume_in is VolumeIn.BASE else size / price)

    def _awaited(self, deal: Deal, base: Order) -> bool:
        """Whether more of the base order can still trade: a rest too small for the exchange will not come."""
        missing = base.amount - deal.filled(BASE)
        return missing > 0 and deal.market.accepts(missing, deal.price)

    def _take_profits(self, deal: Deal) -> Iterator[Order]:
        if len(self._steps) == 1 and self.trailing is None:
            yield self._take_profit(deal)
        elif self._steps:
            yield from profit.stepwise(self, deal, self._steps)

    def _take_profit(self, deal: Deal) -> Order:
        """One order for all that is held."""
        amount, average = profit.position(deal)
        price = profit.target(self, deal, average, self._steps[0].profit)
        return profit.kept(deal, TAKE_PROFIT, deal.filled(TAKE_PROFIT) + amount, price)

    def ladder(self, anchor: Decimal, market: Market) -> Iterator[Rung]:
        """The averaging orders around a base order that cost `anchor` a coin, fee included."""
        return averaging_orders.ladder(self, anchor, market)

    def target(self, deal: Deal) -> Decimal:
        """The last take profit's price; without one, where the deal loses nothing. Something has traded."""
        if self._steps:
            return profit.last_target(self, deal, self._steps)
        return self.direction.target(deal.entry_average, ZERO, deal.market, deal.market.maker_fee)

    def stop_price(self, deal: Deal) -> Decimal | None:
        """Where the deal is given up; None without a stop or before the base order."""
        return Stops(self, deal, self._steps).stop_price() if BASE in deal.by_order else None

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """The prices and times at which the wanted orders change."""
        if deal.ending or (deal.reduced and self._sold_out(deal)):
            return
        if self.deal_timeout is not None and (deal.started or self._awaited(deal, self._base_order(deal))):
            rings = deal.opened_at + self.deal_timeout * _SECOND
            yield Alarm(at=rings, then="the deal is too old: everything is closed at market")
        if BASE not in deal.by_order:
            return
        if self._stops:
            yield from Stops(self, deal, self._steps).awaited()
        if not self.rests_whole and not self._awaited(deal, self._base_order(deal)):
            yield from averaging_orders.awaited(self, deal)

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill. Raises SettingsRefused for a wish that cannot be."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick(at=at, price=price):
                self._pass(deal, at, price)
            case Answered(at=at, ask=ask, holds=holds, price=price):
                state: DCAState = deal.state or FRESH
                deal.state = state.answered(ask, holds=holds, begun=BASE in deal.by_order)
                self._pass(deal, at, price)
            case AddFunds():
                by_hand.add(self, deal, event)
            case ReduceFunds():
                by_hand.reduce(deal, event)

    def takes_over(self, deal: Deal, before: Self) -> None:
        """The deal goes on under these settings instead of those `before`; what has filled stays as it is.

        Raises SettingsRefused for what only a new deal can have.
        """
        refuse(checks.fixed(self, before))
        state: DCAState = deal.state or FRESH
        if done := {*averaging_orders.complete(before, deal)} - {*state.done}:
            deal.state = replace(state, done=(*state.done, *sorted(done)))

    def _pass(self, deal: Deal, at: int, price: Decimal) -> None:
        """The market stands at this price at this time."""
        if deal.ending or (deal.reduced and self._sold_out(deal)):
            return
        if BASE in deal.by_order:
            if self._stops:
                Stops(self, deal, self._steps).hear(at, price)
            if not self.rests_whole and not self._awaited(deal, self._base_order(deal)):
                averaging_orders.release(self, deal, price)
        if self.deal_timeout is not None and at >= deal.opened_at + self.deal_timeout * _SECOND:
            deal.end(Ending.TIMED_OUT)

    # The bot as a whole

    @property
    def opens_with(self) -> Side:
        """Long deals open with a buy, short ones with a sell."""
        return self.direction.opens

    @property
    def opening(self) -> Opening:
        """When deals may open."""
        return checks.opening(self)

    @property
    def asks(self) -> Mapping[str, Conditions]:
        """Averaging and close conditions, under the names of the state's fields that keep the answers."""
        asked = {"averaging": self.averaging_conditions, "closing": self.close_conditions}
        return {name: conditions for name, conditions in asked.items() if conditions is not None}

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that a short deal sells, the whole ladder's."""
        if self.direction is Direction.LONG:
            return NOTHING_CARRIED
        if self.volume_in is VolumeIn.PERCENT:
            return self._at_most().given(price, market)
        coins = self._coins(price, market)
        return Carried(amount=coins, cost=coins * price)

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for the whole ladder if the base order is bought at `price`, as it is really rounded.

        For a short deal, what the coins that it may sell are worth at `price`.
        """
        if self.volume_in is VolumeIn.PERCENT:
            return self._at_most().capital(price, market)
        if self.direction is Direction.SHORT:
            return self._coins(price, market) * price
        base = self._base_amount(price, market) * price
        return base + sum((rung.notional for rung in self.ladder(self._anchor(price, market), market)), ZERO)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order that the bot can ever send, in quote, if it opens at `price`.

        The exit trades all coins at once: at up to the take profit's price, or, buying a short back, at twice the
        price of the highest averaging order.
        """
        if self.volume_in is VolumeIn.PERCENT:
            return self._at_most().largest_order(price, market)
        if self.direction is Direction.SHORT:
            highest = max((rung.price for rung in self.ladder(price, market)), default=price)
            return self._coins(price, market) * 2 * max(highest, price)
        best = max((step.profit for step in self._steps), default=ONE)
        return self.capital(price, market) * (ONE + best) / (ONE - market.maker_fee)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        if self.volume_in is VolumeIn.PERCENT:
            return self._at_most().problems(price, market)
        return checks.problems(self, self._steps, self._base_amount(price, market), price, market)

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What works, but hardly as it was meant."""
        return checks.warnings(self, self._anchor(price, market), market)

    def _at_most(self) -> DCA:
        """Its sizes with the most balance that they are reckoned from. Raises SettingsRefused when there is no such."""
        return self.for_deal(Past(balance=self.most_balance))

    def _coins(self, price: Decimal, market: Market) -> Decimal:
        rungs = self.ladder(self._anchor(price, market), market)
        return self._base_amount(price, market) + sum((rung.amount for rung in rungs), ZERO)

    def _anchor(self, price: Decimal, market: Market) -> Decimal:
        """What a base order that trades at `price` costs, or brings, after its fee."""
        if self.direction is Direction.LONG:
            return price / (ONE - market.taker_fee)
        return price * (ONE - market.taker_fee)
