"""Signal bot: somebody else says when, by a webhook; the bot does it and looks after the position.

    enter_long      buys, by the signal's amount or the bot's own, at market or at a limit
    enter_long      buys more, as often as the bot allows, up to its largest position
    exit_long       sells everything, or the part that the signal names
    disable         no more entries

Between the signals take profit and stop loss work as in a SmartTrade; they are the bot's own or come with the signal
that entered. A deal waits for its first signal, ends when its position is closed, and the next one waits. A bot on
spot goes one way: long, or short with coins that it was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import AddFunds, Awaited, CancelDeal, CloseAtMarket, Event, ReduceFunds, Signalled, Tick
from strategies.exits import ADDED, Exits, Position
from strategies.exits.funds import add, filling, reduce, refused
from strategies.market import Market
from strategies.orders import Order, Side
from strategies.settings import Problem, SettingsRefused
from strategies.signal_bot import checks
from strategies.signal_bot.entering import ENTER, MORE, entered
from strategies.signal_bot.leaving import EXIT, left
from strategies.signal_bot.order import Action
from strategies.signal_bot.settings import SignalSettings
from strategies.signal_bot.state import FRESH, SignalState
from strategies.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBot(SignalSettings, Strategy):
    """Its settings are those of `SignalSettings`."""

    State: ClassVar[type[msgspec.Struct] | None] = SignalState

    # What the deal should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """The entries, the take profits, what is to be taken out; or the close."""
        state = _state(deal)
        if deal.ending:
            close = self._exits(state).close(deal, state.seen) if deal.started else None
            if close is not None:
                yield close
            return
        if self._over(deal, state):
            return
        if not state.disabled:
            yield from state.funds.orders_in(deal)
        position = self._position(deal, state)
        if position is not None:
            yield from self._exits(state).orders(deal, position, state.seen)
            yield from state.funds.orders_out(deal)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do: the position is closed down to dust. A deal that waits is not finished."""
        if deal.ending is None:
            return self._over(deal, _state(deal))
        if deal.ending is Ending.CANCELLED or not deal.started:
            return True
        position = Position.of(deal)
        return position is None or not deal.market.accepts(position.amount, last_price)

    def _exits(self, state: SignalState) -> Exits:
        return self.bots_exits if state.exits is None else state.exits.exits

    def _over(self, deal: Deal, state: SignalState) -> bool:
        if not deal.reduced:
            return False
        position = Position.of(deal)
        return position is None or self._exits(state).dust(position)

    def _position(self, deal: Deal, state: SignalState) -> Position | None:
        """What the exits are for; None while the deal waits, with dust of the one before or without.

        Coins of entries that fill in parts come to it when they are complete: a take profit that is replaced at every
        part is off the book for most of that time. If nothing else is held the parts are what there is.
        """
        if not deal.started:
            return None
        reserved = state.funds.reserved(deal)
        whole = Position.of(deal, reserved=reserved)
        parts = [] if state.disabled else filling(deal, state.funds.orders_in(deal))
        settled = Position.of(deal, without=parts, reserved=reserved) if parts else whole
        return whole if settled is None or self._exits(state).dust(settled) else settled

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """The prices and times at which the wanted orders change."""
        state = _state(deal)
        position = None if deal.ending or self._over(deal, state) else self._position(deal, state)
        if position is not None:
            yield from self._exits(state).watches(deal, position, state.seen)

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill.

        A signal that is not heeded leaves its reason in the state. Raises SettingsRefused for a wish of the user that
        cannot be.
        """
        state = _state(deal)
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick():
                self._told(deal, state, event)
            case Signalled() if not deal.ending:
                self._signalled(deal, state, event)
            case AddFunds() if not deal.ending and not state.funds.knows(ADDED + event.wish):
                if not deal.started:
                    raise refused("quote", "the deal holds nothing yet.", "Wait for a signal.")
                _keep(deal, replace(self._before_more(deal, state), funds=add(deal, state.funds, event)))
            case ReduceFunds() if not deal.ending:
                _keep(deal, replace(state, funds=reduce(deal, state.funds, event)))

    def _told(self, deal: Deal, state: SignalState, tick: Tick) -> None:
        position = None if deal.ending or self._over(deal, state) else self._position(deal, state)
        if position is None:
            return
        seen, ending = self._exits(state).told(deal, position, state.seen, tick)
        _keep(deal, replace(state, seen=seen))
        if ending is not None:
            deal.end(ending)

    def _signalled(self, deal: Deal, state: SignalState, signal: Signalled) -> None:
        if any(state.funds.knows(prefix + signal.wish) for prefix in (ENTER, MORE, EXIT)):
            return
        try:
            ending = self._heeded(deal, state, signal)
        except SettingsRefused as why:
            _keep(deal, state.not_heeding(signal.wish, signal.action, str(why.problems[0])))
        else:
            if ending is not None:
                deal.end(ending)

    def _heeded(self, deal: Deal, state: SignalState, signal: Signalled) -> Ending | None:
        """Do what a signal says: how the deal ends if it does. Raises SettingsRefused with the reason if it cannot."""
        long = self.side is Side.BUY
        match signal.action:
            case Action.ENTER_LONG if long:
                _keep(deal, entered(self, deal, self._before_more(deal, state), signal))
            case Action.ENTER_SHORT if not long:
                _keep(deal, entered(self, deal, self._before_more(deal, state), signal))
            case Action.EXIT_LONG if long:
                return self._left(deal, state, signal)
            case Action.EXIT_SHORT if not long:
                return self._left(deal, state, signal)
            case Action.DISABLE:
                _keep(deal, replace(state, disabled=True))
                return None if deal.started else Ending.DONE
            case Action.ENTER_LONG | Action.ENTER_SHORT | Action.EXIT_LONG | Action.EXIT_SHORT:
                way = "long" if long else "short"
                raise refused("action", f"this bot goes {way}.", "Send the signal to a bot that goes the other way.")
            case _:
                known = ", ".join(Action)
                raise refused("action", f"there is no action {signal.action!r}.", f"Send one of: {known}.")
        return None

    def _left(self, deal: Deal, state: SignalState, signal: Signalled) -> Ending | None:
        state, ending = left(deal, state, signal)
        _keep(deal, state)
        return ending

    def _before_more(self, deal: Deal, state: SignalState) -> SignalState:
        """Take-profit steps that have sold leave coins that come now to the others."""
        position = self._position(deal, state)
        if position is None:
            return state
        return replace(state, seen=self._exits(state).funds_added(deal, position, state.seen))

    # The bot as a whole

    @property
    def opens_with(self) -> Side:
        """Its side: a short sells first."""
        return self.side

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that a bot which goes short may sell."""
        del market
        return NOTHING_CARRIED if self.coins is None else Carried(amount=self.coins, cost=self.coins * price)

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for the largest position, with the fee; of a short, beyond what the sale brings. Coins apart."""
        return checks.capital(self, price, market)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order that it can send: everything closed, at up to twice the price."""
        return checks.largest_order(self, price, market)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        return checks.problems(self, price, market)

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What will work, but hardly as the user expects."""
        return checks.warnings(self, price, market)


def _state(deal: Deal) -> SignalState:
    state: SignalState | None = deal.state
    return FRESH if state is None else state


def _keep(deal: Deal, state: SignalState) -> None:
    if state != _state(deal):
        deal.state = state
