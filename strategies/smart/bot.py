"""SmartTrade: one position, entered the way you like and looked after until it is closed.

    100.00  entry: at market, at a limit, or when a price was reached and has turned
    103.00  take profit 1 sells 30 %; the stop loss moves to where nothing is lost
    105.00  take profit 2 sells 30 %
    110.00  take profit 3 follows the price from here and sells the rest once it has come back by 2 %
     95.00  stop loss, if the price stays there for a minute

It can also look after coins that are held already, or sell coins first and buy them back lower: then everything
above lies below. While it goes on, funds can be added and taken out, and every setting of the exit be changed.
A deal of another bot that is made a SmartTrade goes on with what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Self

import msgspec
from msgspec.structs import replace

from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import AddFunds, Alarm, Awaited, CancelDeal, CloseAtMarket, Event, ReduceFunds, Signalled, Tick
from strategies.exits import ADDED, Position, Seen
from strategies.exits.funds import add, filling, reduce, refused
from strategies.market import Market
from strategies.opening import ONCE, Opening
from strategies.orders import Order, Side
from strategies.settings import Problem
from strategies.shapes import refuse
from strategies.smart import checks, entry
from strategies.smart.settings import Entry, SmartSettings
from strategies.smart.state import FRESH, SmartState
from strategies.strategy import Strategy

_SECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartTrade(SmartSettings, Strategy):
    """One trade. Its settings are those of `SmartSettings`."""

    State: ClassVar[type[msgspec.Struct] | None] = SmartState

    # What the deal should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """The entry, what the user added, the take profits, what the user takes out; or the close."""
        state = self._state(deal)
        if deal.ending:
            close = self.exits.close(deal, state.seen)
            if close is not None:
                yield close
            return
        if self._over(deal):
            return
        order = entry.order(self, deal, state)
        if order is not None:
            yield order
            if entry.more_to_come(deal, order):
                return
        yield from state.funds.orders_in(deal)
        position = self._position(deal, state)
        if position is not None:
            yield from self.exits.orders(deal, position, state.seen)
            yield from state.funds.orders_out(deal)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do: the position is closed down to dust, or is to be kept."""
        if deal.ending is None:
            return self._over(deal)
        position = None if deal.ending is Ending.CANCELLED else Position.of(deal)
        return position is None or not deal.market.accepts(position.amount, last_price)

    def _over(self, deal: Deal) -> bool:
        """Whether something was sold and what is left is dust."""
        if not deal.reduced:
            return False
        position = Position.of(deal)
        return position is None or self.exits.dust(position)

    def _position(self, deal: Deal, state: SmartState) -> Position | None:
        """What the exits are for. Coins of orders that fill in parts come to it when they are complete.

        A take profit that is replaced at every part is off the book for most of that time. If nothing else is held
        the parts are what there is.
        """
        reserved = state.funds.reserved(deal)
        whole = Position.of(deal, reserved=reserved)
        parts = filling(deal, state.funds.orders_in(deal))
        settled = Position.of(deal, without=parts, reserved=reserved) if parts else whole
        return whole if settled is None or self.exits.dust(settled) else settled

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """The prices and times at which the wanted orders change."""
        state = self._state(deal)
        if deal.ending or self._over(deal):
            return
        if self.timeout is not None:
            rings = deal.opened_at + self.timeout * _SECOND
            yield Alarm(at=rings, then="the trade is too old: everything is closed at market")
        if entry.waits(self, deal, state):
            yield entry.awaited(self, deal, state)
        position = self._position(deal, state)
        if position is None:
            return
        if self._entering(deal, state):
            if self.stop_loss is not None:
                yield from self.stop_loss.watches(position, state.seen, break_even=False)
            first = self.exits.first_target(deal, position, state.seen)
            if first is not None:
                yield first
            return
        yield from self.exits.watches(deal, position, state.seen)

    def _state(self, deal: Deal) -> SmartState:
        """Coins that the trade was given to look after have seen the price at which it began."""
        state: SmartState | None = deal.state
        if state is not None:
            return state
        if self.entry is Entry.HELD and not entry.opened_by_others(deal):
            return SmartState(seen=Seen(best=deal.price))
        return FRESH

    def _entering(self, deal: Deal, state: SmartState) -> bool:
        """Whether more of the entry is to come."""
        order = entry.order(self, deal, state)
        return order is not None and entry.more_to_come(deal, order)

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill. Raises SettingsRefused for a wish that cannot be."""
        state = self._state(deal)
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick():
                self._told(deal, state, event)
            case AddFunds():
                self._add(deal, state, event)
            case ReduceFunds() if not deal.ending:
                _keep(deal, replace(state, funds=reduce(deal, state.funds, event)))
            case Signalled(action="force_start", price=price) if not deal.ending:
                if entry.waits(self, deal, state) or self._entering(deal, state):
                    _keep(deal, entry.forced(self, deal, state, price))

    def _told(self, deal: Deal, state: SmartState, tick: Tick) -> None:
        """The market stands at this price at this time."""
        if deal.ending or self._over(deal):
            return
        if entry.waits(self, deal, state):
            state = entry.told(self, deal, state, tick.price)
        position = self._position(deal, state)
        if position is not None:
            if self._entering(deal, state):
                first = self.exits.first_target(deal, position, state.seen)
                state = replace(state, let_go=first is not None and first.reached_by(tick.price))
            seen, ending = self.exits.told(deal, position, state.seen, tick)
            state = replace(state, seen=seen)
            if ending is not None:
                deal.end(ending)
        _keep(deal, state)
        if self.timeout is not None and tick.at >= deal.opened_at + self.timeout * _SECOND:
            deal.end(Ending.TIMED_OUT)

    def _add(self, deal: Deal, state: SmartState, event: AddFunds) -> None:
        if deal.ending or state.funds.knows(ADDED + event.wish):
            return
        position = Position.of(deal)
        if position is None:
            raise refused("quote", "the deal holds nothing yet.", "Wait for its entry.")
        seen = self.exits.funds_added(deal, position, state.seen)
        _keep(deal, replace(state, seen=seen, funds=add(deal, state.funds, event)))

    # The trade as a whole

    @property
    def opens_with(self) -> Side:
        """Its side: a short sells first."""
        return self.side

    @property
    def opening(self) -> Opening:
        """One deal, at once."""
        return ONCE

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that are held already, at what was paid for them, or those that a short sells."""
        if self.entry is Entry.HELD and self.base_amount is not None and self.price is not None:
            return Carried(amount=self.base_amount, cost=self.base_amount * self.price)
        if self.side is Side.BUY:
            return NOTHING_CARRIED
        coins = checks.coins(self, price, market)
        return Carried(amount=coins, cost=coins * price)

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed in the worst case, with the fee; of a short, beyond what the sale brings. Coins apart."""
        return checks.capital(self, price, market)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order that it can send, in quote."""
        return checks.largest_order(self, price, market)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        return checks.problems(self, price, market)

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What will work, but hardly as the user expects."""
        return checks.warnings(self, price, market)

    def takes_over(self, deal: Deal, before: Self) -> None:
        """The deal goes on under these settings. Raises SettingsRefused for what it cannot change any more."""
        refuse(before.edits(self, deal))

    def edits(self, new: SmartSettings, deal: Deal) -> Iterator[Problem]:
        """What of the new settings cannot take the place of these while the deal goes on."""
        return checks.edits(self, new, deal)


def _keep(deal: Deal, state: SmartState) -> None:
    if state != deal.state:
        deal.state = state
