"""Looking after one bot on one of its markets: its open deal, or the opening of the next.

A beat, whenever something may have changed:

1. Without a fresh price, or with trades that are told but not yet read, wait.
2. Open a deal if the bot is to run, has none here, and its rules of opening say so.
3. Tell the strategy what happened: the price, the time, answers to its conditions, the user's wishes.
4. Look up what was sent without an answer.
5. Reconcile: cancel what should not be there, place what is missing.
6. End the deal when nothing is left to do and its book is empty.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from botplatform.bots.actions import complain, note
from botplatform.bots.models import Bot, BotMarket, Deal, Fill, Order, Wish
from botplatform.bots.sums.keeping import close, tally
from botplatform.exchanges.vault import LeaseHandle
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.runner import placing
from botplatform.runner.doorway import Doorway
from botplatform.runner.hearing import Edited, Hearing
from botplatform.runner.news import News
from botplatform.runner.pricing import short_of_ours, worst_price
from strategies.deal import Deal as DealState
from strategies.events import Tick, Valued
from strategies.orders import OpenOrder, Side
from strategies.reconcile import Cancel, Place, reconcile
from strategies.settings import SettingsRefused
from strategies.strategy import Strategy

_SMALLEST = Decimal("1e-8")  # profit is told to this many places; what an average leaves behind them is noise
_PAUSES = (1, 2, 5, 15, 60)  # seconds before an order that came to nothing is tried again
_NOTHING_CAME = (Order.State.REFUSED, Order.State.REJECTED, Order.State.ABSENT)


class BotKeeper:
    """One bot on one market, as long as this slice runs it. Everything that matters is in the rows."""

    def __init__(self, pair: BotMarket, lease: LeaseHandle) -> None:
        self._lease = lease
        self._strategy: Strategy | None = None
        self._hearing: Hearing | None = None
        self._doorway: Doorway | None = None
        self._wishes: list[Wish] = []
        self._deal: Deal | None = None
        self._state: DealState | None = None
        self._orders: dict[str, Order] = {}  # the newest generation of each name
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._not_before: dict[str, float] = {}
        self.pair, self.bot = pair, pair.bot
        self.reload(pair)

    @property
    def stirred(self) -> bool:
        """Whether something was asked of the exchange, or told by it, that the rows do not show yet."""
        return not self._read_up

    @property
    def restless(self) -> bool:
        """Whether the rows were read anew since the last beat: what follows from them should not wait for a tick."""
        return self._restless

    @property
    def deal_id(self) -> uuid.UUID | None:
        return None if self._deal is None else self._deal.pk

    @property
    def strategy(self) -> Strategy | None:
        """That of the open deal."""
        return self._strategy

    @property
    def state_at_rest(self) -> DealState | None:
        """The open deal, if every trade of it is known and nothing of it is on the book."""
        return self._state if self._read_up and not self._open_orders() else None

    def differs_from(self, pair: BotMarket) -> bool:
        """Whether the bot, the open deal's settings or what its user wishes has changed since they were read."""
        deal = self._deal
        known = (None, None) if deal is None else (deal.wish, deal.edited)
        return (
            _facts(self.pair) != _facts(pair)
            or known != (getattr(pair, "open_wish", known[0]), getattr(pair, "open_edited", known[1]))
            or len(self._wishes) != getattr(pair, "wished", 0)
        )

    @property
    def market(self) -> tuple[str, str]:
        return (self.pair.market.exchange, self.pair.market.symbol)

    def reload(self, pair: BotMarket) -> None:
        """Read bot, deal, orders and fills anew: what booting, a takeover and news all come down to."""
        changed = _facts(self.pair) != _facts(pair)
        before, self.pair, self.bot = self._deal, pair, pair.bot
        self._deal = Deal.objects.filter(bot=pair.bot, market=pair.market, closed_at=None).first()
        self._orders, self._state, self._strategy, self._read_up = {}, None, None, True
        self._restless = True
        self._wishes = list(Wish.objects.filter(bot=pair.bot, market=pair.market, done_at=None))
        self._orphans = list(
            Order.objects.filter(deal__bot=pair.bot, deal__market=pair.market, deal__closed_at__isnull=False)
            .exclude(state__in=Order.OVER)
            .select_related("deal__bot", "deal__market")
        )
        if self._doorway is None or changed:
            self._doorway = Doorway(pair, self._lease)
        if self._deal is None:
            self._hearing = None
            return
        self._deal.bot, self._deal.market = pair.bot, pair.market
        try:
            self._strategy = self._deal.strategy
        except SettingsRefused as why:
            # Rows of another version: this deal waits for a person, and the other bots go on.
            self.complain("settings", f"Deal {self._deal.number} is not looked after: its settings are refused. {why}")
            return
        fills = list(Fill.objects.filter(order__deal=self._deal).select_related("order"))
        self._state = self._deal.state(fills)
        tally(self._deal, self._state)
        # Conditions go on from where they were heard, unless it is another deal or has other settings.
        same = before is not None and (before.pk, before.edited) == (self._deal.pk, self._deal.edited)
        listener = self._hearing.listener if same and self._hearing is not None else None
        self._hearing = Hearing(self.bot, self._deal, self._state, self._strategy, listener)
        for order in self._deal.orders.order_by("generation"):
            order.deal = self._deal
            self._orders[order.name] = order
        self._read_up = _all_trades_read(self._deal, fills)

    def beat(self, tick: Tick | None) -> None:
        """One turn. Raises LeaseLost, and Retry or OutcomeUnknown when the signer does not answer."""
        for order in self._orphans:
            # A deal ends only when its book is empty; what turns up afterwards is taken off the exchange.
            placing.cancel(self._lease, order)
        if tick is None:
            return
        self._restless = False
        if self._deal is None and self._doorway is not None and self._doorway.look(tick, self._wishes):
            self.reload(self.pair)
        deal, state, strategy = self._deal, self._state, self._strategy
        if deal is None or state is None or strategy is None or self._hearing is None or not self._read_up:
            return
        try:
            self._hearing.hear(tick, self._wishes)
        except Edited:
            self.reload(self.pair)
            return
        self._wishes = []
        if not self._settle_wished():
            return
        steps = reconcile(
            strategy.orders(state),
            self._open_orders(),
            state.filled_amounts,
            state.market,
            held=state.held,
            last_price=tick.price,
            owed=state.most_bought_back,
        )
        for step in steps:
            if isinstance(step, Cancel):
                self._cancel(step)
            else:
                self._place(deal, state, step, tick.price)
        if not steps and strategy.finished(state, tick.price) and not self._open_orders():
            self._close(deal, state, tick.price)

    def _settle_wished(self) -> bool:
        """Look up every row that got no answer. False: there were some, so the rows are read anew first."""
        wished = [row for row in self._orders.values() if row.state == Order.State.WISHED]
        for row in wished:
            if not placing.look_up(self._lease, row):
                # The signer never wrote it down, so nothing was sent: it is as if it had not been wished.
                row.state, row.reason = Order.State.REFUSED, "never reached the signer"
                row.save()
        if wished:
            self._read_up = False
        return not wished

    def _open_orders(self) -> list[OpenOrder]:
        return [
            OpenOrder(
                order=row.wanted,
                remaining=row.remaining,
                leaving=row.cancelling or row.state != Order.State.ACCEPTED,
            )
            for row in self._orders.values()
            if not row.over
        ]

    def _cancel(self, step: Cancel) -> None:
        # Apart from what became of placing it: a cancel that came too late says nothing against the next piece.
        attempt = f"cancel {step.name}"
        if self._waits(attempt):
            return
        row = self._orders[step.name]
        placing.cancel(self._lease, row)
        self._read_up = False
        if not row.over:
            self._failed(attempt, row)

    def _place(self, deal: Deal, state: DealState, step: Place, last: Decimal) -> None:
        wanted = step.order
        if self._waits(wanted.name):
            return
        price = wanted.price
        if price is None:
            tries = self._failures[wanted.name]
            price = worst_price(wanted.side, last, state.market, tries=tries, exit_order=wanted.side is not state.opens)
            price = short_of_ours(wanted.side, price, self._opposite(wanted.side), state.market)
        row = placing.write_ahead(deal, wanted, step.amount, price)
        self._orders[wanted.name] = row
        placing.send(self._lease, row)
        self._read_up = False  # its trades, if any, are read before the next beat
        if row.state in _NOTHING_CAME:
            self._failed(wanted.name, row)
        elif row.state == Order.State.ACCEPTED:
            self._failures.pop(wanted.name, None)

    def _opposite(self, side: Side) -> Decimal | None:
        """The best price on the other side of this market among all open orders of this installation."""
        other = Side.SELL if side is Side.BUY else Side.BUY
        rows = Order.objects.filter(side=other.value, deal__market=self.pair.market).exclude(state__in=Order.OVER)
        prices = list(rows.values_list("price", flat=True))
        if not prices:
            return None
        return min(prices) if other is Side.SELL else max(prices)

    def _failed(self, what: str, row: Order) -> None:
        failures = self._failures[what]
        self._failures[what] += 1
        self._not_before[what] = clock.monotonic() + _PAUSES[min(failures, len(_PAUSES) - 1)]
        if row.state in _NOTHING_CAME:
            self.complain(row.name, f"{what}: {row.get_state_display()}. {row.reason}")

    def _waits(self, name: str) -> bool:
        return clock.monotonic() < self._not_before.get(name, 0)

    def value(self, event: Valued) -> None:
        """Tell the open deal what the bot's portfolio is worth; what follows is placed at the next beat."""
        try:
            if self._hearing is not None and self._hearing.value(event):
                self._restless = True
        except Edited:
            self.reload(self.pair)

    def complain(self, code: str, text: str) -> None:
        """Put an error into the bot's inbox."""
        complain(self.bot, code, text, deal=self._deal)

    def tell(self, news: News) -> None:
        """A line on the timeline for every trade."""
        for fill in news.fills:
            order = fill.order
            if order.deal_id == self.deal_id:
                verb = "Bought" if order.side == "buy" else "Sold"
                what = f"{verb} {written(fill.amount)} at {written(fill.price)} ({order.name})"
                note(self.bot, f"{what}, fee {written(fill.fee)} {fill.fee_asset}.", deal=self._deal)

    def _close(self, deal: Deal, state: DealState, price: Decimal) -> None:
        left = state.left_to_the_next(price)
        profit = state.realised
        with transaction.atomic():
            close(deal, profit.quantize(_SMALLEST), clock.now())
            BotMarket.objects.filter(pk=self.pair.pk).update(
                carried_amount=left.amount,
                carried_cost=left.cost,
            )
            quote = state.market.quote
            note(self.bot, f"Deal {deal.number} closed: {profit:+.4f} {quote}.", deal=deal)
        # Pauses belong to this deal's orders, not to their names in the next one.
        self._failures.clear()
        self._not_before.clear()
        self.reload(BotMarket.objects.select_related("bot__account", "market").get(pk=self.pair.pk))


def pairs_to_look_after() -> QuerySet[BotMarket]:
    """Markets of bots that may open deals, have one open, left an order behind or were asked for something.

    Made-up ones are never among them.

    With what the user wishes for the open deal, how often that was edited, and how many wishes wait.
    """
    real = {"bot__account__made_up": False}
    ids = (
        set(Bot.objects.filter(enabled=True, account__made_up=False).values_list("pk", flat=True))
        | set(Deal.objects.filter(closed_at=None, **real).values_list("bot", flat=True))
        | set(Order.objects.filter(**real).exclude(state__in=Order.OVER).values_list("bot", flat=True))
        | set(Wish.objects.filter(done_at=None, **real).values_list("bot", flat=True))
    )
    going_on = Deal.objects.filter(bot=OuterRef("bot"), market=OuterRef("market"), closed_at=None)
    waiting = Count("bot__wishes", filter=Q(bot__wishes__done_at=None, bot__wishes__market=F("market")))
    return (
        BotMarket.objects.filter(bot__in=ids)
        .select_related("bot__account", "market")
        .annotate(
            open_wish=Subquery(going_on.values("wish")[:1]),
            open_edited=Subquery(going_on.values("edited")[:1]),
            wished=waiting,
        )
    )


def _facts(pair: BotMarket) -> tuple[object, ...]:
    bot = pair.bot
    carried = (pair.carried_amount, pair.carried_cost)
    return (bot.enabled, bot.started_at, bot.name, bot.kind, bot.settings, bot.grant_version, *carried)


def _all_trades_read(deal: Deal, fills: list[Fill]) -> bool:
    """Whether every trade that the signer counts in an order is here as a fill: before that, sums are wrong."""
    read: defaultdict[uuid.UUID, Decimal] = defaultdict(Decimal)
    for fill in fills:
        read[fill.order_id] += fill.amount
    return all(order.filled == read[order.pk] for order in deal.orders.all())
