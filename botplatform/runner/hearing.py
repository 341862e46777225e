"""Telling an open deal's strategy what happened, and writing down what it makes of it before anything is sent."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from botplatform.bots.actions import complain, note
from botplatform.bots.models import Bot, Deal, Wish
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.runner.listening import Listener
from botplatform.runner.wishes import settle
from strategies.deal import Deal as DealState
from strategies.events import AddFunds, Answered, CancelDeal, CloseAtMarket, Event, ReduceFunds, Signalled, Tick, Valued
from strategies.kinds import state_to_text
from strategies.settings import SettingsRefused
from strategies.signal_bot.state import SignalState, Unheeded
from strategies.strategy import Strategy


class Edited(Exception):
    """The deal's settings were changed since it was read: read it anew before anything else."""


class Hearing:
    """One open deal. `wishes` are told once: each is marked done together with what the strategy made of it."""

    def __init__(self, bot: Bot, deal: Deal, state: DealState, strategy: Strategy, listener: Listener | None) -> None:
        self._bot, self._deal, self._state, self._strategy = bot, deal, state, strategy
        self._told: dict[str, bool] = {}
        self.listener = listener or (Listener(deal.market, strategy.asks) if strategy.asks else None)

    def hear(self, tick: Tick, wishes: list[Wish]) -> None:
        """The price and the time, answers to conditions that have changed, the user's wishes."""
        now = int(clock.now().timestamp() * 1000)
        self._tell(Tick(now, tick.price), tick.price)
        if self.listener is not None:
            self.listener.listen()
            for name, holds in self.listener.answers():
                if self._told.get(name) is not holds:
                    self._told[name] = holds
                    self._tell(Answered(now, name, holds, tick.price), tick.price)
        for wish in wishes:
            self._grant(wish, tick.price)
        if self._deal.wish == Deal.Wish.CLOSE:
            self._tell(CloseAtMarket(), tick.price)
        elif self._deal.wish == Deal.Wish.CANCEL:
            self._tell(CancelDeal(), tick.price)

    def _say_what_was_not_heeded(self, before: object) -> None:
        """A signal that nothing came of is told its user, and why."""
        known = _not_heeded(before)
        for each in _not_heeded(self._state.state):
            if each not in known:
                note(self._bot, f"A signal was not heeded ({each.action}): {each.reason}", deal=self._deal)

    def value(self, event: Valued) -> bool:
        """The portfolio is worth this; whether the deal remembers anything new."""
        before = self._state.state
        self._tell(event, event.price)
        return self._state.state is not before

    def _grant(self, wish: Wish, price: Decimal) -> None:
        """A wish comes to the strategy as an event of its own; one that cannot be is told its user."""
        if wish.kind == Wish.Kind.START:
            settle([wish], "A deal is open on this market already.")
            return
        if self.listener is not None and wish.kind == Wish.Kind.SIGNAL:
            self.listener.signal(wish.name, int(wish.wished_at.timestamp() * 1000))
        refused = ""
        with transaction.atomic():
            try:
                self._tell(_event(wish, price), price)
            except SettingsRefused as why:
                refused = str(why)
                complain(self._bot, "wish", f"{wish.get_kind_display()}: {why}", deal=self._deal)
            settle([wish], refused)

    def _tell(self, event: Event, price: Decimal) -> None:
        state, deal = self._state, self._deal
        before = state.state
        self._strategy.on_event(state, event)
        if state.state is not before:
            deal.memory = state_to_text(state.state)
            if not Deal.objects.filter(pk=deal.pk, edited=deal.edited).update(memory=deal.memory):
                # What an edit made of the state must not be overwritten; the deal is read anew and told again.
                raise Edited
            self._say_what_was_not_heeded(before)
        if state.ending and state.ending != deal.ending:
            deal.ending = state.ending
            Deal.objects.filter(pk=deal.pk).update(ending=state.ending)
            note(self._bot, f"Deal {deal.number} ends: {state.ending} at {written(price)}.", deal=deal)


def _not_heeded(state: object) -> tuple[Unheeded, ...]:
    return state.unheeded if isinstance(state, SignalState) else ()


def _event(wish: Wish, price: Decimal) -> Event:
    what = wish.what
    limit = Decimal(what["price"]) if what.get("price") else None
    match wish.kind:
        case Wish.Kind.ADD:
            return AddFunds(wish=wish.name, quote=Decimal(what["quote"]), price=limit, at_price=price)
        case Wish.Kind.REDUCE:
            return ReduceFunds(wish=wish.name, share=Decimal(what["share"]), price=limit)
        case _:
            return Signalled(
                wish=wish.name,
                at=what.get("at", int(wish.wished_at.timestamp() * 1000)),
                action=what.get("action", ""),
                price=Decimal(what["price"]) if what.get("price") else price,
                details=tuple(what.get("details", {}).items()),
            )
