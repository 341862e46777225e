"""When a bot opens its next deal on one of its markets.

The bot's rules of opening (`strategies.opening`) are asked in this order: is there room, has the pause passed, do the
conditions hold, may this market be traded at this price. A user's own start asks no condition and no pause.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from botplatform.bots.actions import complain, note
from botplatform.bots.models import Bot, BotEvent, BotMarket, Deal, Wish
from botplatform.exchanges.vault import LeaseHandle
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.runner.listening import Listener
from botplatform.runner.wishes import NEED_A_DEAL, recent_signals, settle
from strategies.deal import Carried
from strategies.events import Tick
from strategies.kinds import to_json
from strategies.market import ZERO
from strategies.opening import Opening, Past
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

_START = "start"
_PAUSE = 30.0  # seconds before settings that cannot work are tried again: sizes in percent ask for the balance


class Doorway:
    """Asked at every beat while no deal is open on this market."""

    def __init__(self, pair: BotMarket, lease: LeaseHandle) -> None:
        self._pair, self._bot, self._lease = pair, pair.bot, lease
        self._strategy: Strategy | None = None
        self._listener: Listener | None = None
        self._not_before = 0.0  # of the monotonic clock

    def look(self, tick: Tick, wishes: list[Wish]) -> bool:
        """Open a deal if it is time; whether one was opened. Raises what the signer raises."""
        by_hand = [wish for wish in wishes if wish.kind == Wish.Kind.START]
        settle([wish for wish in wishes if wish.kind in NEED_A_DEAL], "No deal is open on this market.")
        if not by_hand and (not self._bot.enabled or clock.monotonic() < self._not_before):
            return False
        try:
            strategy = self._strategy = self._strategy or self._bot.strategy
        except SettingsRefused as why:
            complain(self._bot, "settings", f"No deal was opened. {why}")
            return False
        opening = strategy.opening
        if not self._there_is_room(opening) or not (by_hand or self._may_begin(opening, wishes)):
            return False
        market = self._pair.market
        against = next(opening.against(market.symbol, tick.price, market.volume), None)
        if against is not None:
            settle(by_hand, against)
            self._say(BotEvent.Level.INFO, f"No deal opens on {market.symbol} for now.", against)
            return False
        try:
            sized = self._sized(strategy, tick.price)
        except SettingsRefused as why:
            settle(by_hand, str(why))
            self._say(BotEvent.Level.ERROR, f"No deal was opened on {market.symbol}.", str(why))
            self._not_before = clock.monotonic() + _PAUSE
            return False
        self._open(sized, tick)
        settle(by_hand, "")
        return True

    def _say(self, level: BotEvent.Level, begins: str, why: str) -> None:
        """Once, until it is dismissed or a deal opens: the prices in the reason differ at every beat."""
        said = BotEvent.objects.filter(bot=self._bot, level=level, text__startswith=begins, dismissed=False)
        last = Deal.objects.filter(bot=self._bot, market=self._pair.market).aggregate(at=Max("opened_at"))["at"]
        if last is not None:
            said = said.filter(at__gt=last)
        if not said.exists():
            note(self._bot, f"{begins} {why}", level=level, code="settings")

    def _there_is_room(self, opening: Opening) -> bool:
        since = self._bot.started_at or self._bot.created_at
        opened = Deal.objects.filter(bot=self._bot, opened_at__gte=since).count() if opening.deals is not None else 0
        going_on = Deal.objects.filter(bot=self._bot, closed_at=None).count()
        if opening.deals is not None and opened >= opening.deals:
            if self._bot.enabled and not going_on:
                Bot.objects.filter(pk=self._bot.pk).update(enabled=False)
                self._bot.enabled = False
                note(self._bot, "Stopped: it has opened all the deals that it was to open.")
            return False
        return opening.next_one(opened, going_on)

    def _may_begin(self, opening: Opening, wishes: list[Wish]) -> bool:
        if opening.cooldown:
            last = Deal.objects.filter(bot=self._bot, market=self._pair.market).aggregate(at=Max("closed_at"))["at"]
            if last is not None and clock.now() < last + timedelta(milliseconds=opening.cooldown):
                return False
        if opening.conditions is None:
            return True
        if self._listener is None:
            self._listener = Listener(self._pair.market, {_START: opening.conditions})
        for signal in recent_signals(self._bot, self._pair.market):
            self._listener.signal(signal.name, int(signal.wished_at.timestamp() * 1000))
        settle([wish for wish in wishes if wish.kind == Wish.Kind.SIGNAL], "")
        self._listener.listen()
        return self._listener.holds(_START)

    def _open(self, strategy: Strategy, tick: Tick) -> None:
        bot, pair = self._bot, self._pair
        carried = _carried(strategy, pair, tick.price)
        with transaction.atomic():
            number = (Deal.objects.filter(bot=bot).aggregate(last=Max("number"))["last"] or 0) + 1
            deal = Deal.objects.create(
                id=uuid.uuid4(),
                bot=bot,
                market=pair.market,
                number=number,
                kind=bot.kind,
                settings=to_json(strategy),
                opens=strategy.opens_with,
                price=tick.price,
                carried_amount=carried.amount,
                carried_cost=carried.cost,
                opened_at=clock.now(),
            )
            note(bot, f"Deal {number} opened on {pair.market.symbol} at {written(tick.price)}.", deal=deal)

    def _sized(self, strategy: Strategy, price: Decimal) -> Strategy:
        """With the sizes of this deal: what the past and, where it is needed, the balance make of them.

        Raises SettingsRefused if no such deal can work at this price.
        """
        rules = self._pair.market.rules
        _refuse(strategy.problems(price, rules))
        past = Deal.objects.filter(bot=self._bot, closed_at__isnull=False).values_list("realised", flat=True)
        profit = sum((each for each in past if each > 0), ZERO)
        loss = -sum((each for each in past if each < 0), ZERO)
        self._lease.open_grant(self._bot.grant)
        try:
            sized = strategy.for_deal(Past(profit=profit, loss=loss))
        except SettingsRefused:
            sized = strategy.for_deal(Past(balance=self._free(rules.quote), profit=profit, loss=loss))
        if sized is not strategy:
            _refuse(sized.problems(price, rules))
        return sized

    def _free(self, asset: str) -> Decimal:
        answer = self._lease.balances(self._bot.grant)
        return Decimal(answer.free.get(asset, "0"))


def _refuse(problems: Iterator[Problem]) -> None:
    if found := tuple(problems):
        raise SettingsRefused(found)


def _carried(strategy: Strategy, pair: BotMarket, price: Decimal) -> Carried:
    """The dust of the deal before, or the coins of its owner that this one needs: that dust is among them."""
    given = strategy.given(price, pair.market.rules)
    return given if given.amount > pair.carried.amount else pair.carried
