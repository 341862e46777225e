"""One bot's deal on one market, at the price where the path stands: its orders, its fills, and the next deal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from strategies.backtest.awaited import NOTHING, Asked, Levels, Told
from strategies.backtest.book import RestingOrders
from strategies.backtest.entrance import Entrance, Slots
from strategies.backtest.notes import Notes
from strategies.backtest.options import Options
from strategies.backtest.result import Result
from strategies.deal import NOTHING_CARRIED, Carried, Deal
from strategies.events import Answered, Event, Tick
from strategies.market import ONE, ZERO
from strategies.orders import Fill, Order, Side
from strategies.reconcile import Place, same, to_place
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

if TYPE_CHECKING:
    from strategies.backtest.engine import Pair

_BUY = Side.BUY
_MOST_ROUNDS = 10_000  # of reactions at one price: a strategy that never comes to rest is an error, not a loop
_TRY_AGAIN = 100  # bars after which a deal that could not begin is tried again


class NeverRests(Exception):
    """The strategy's orders trade at once, for ever: its settings leave nothing between buying and selling."""


class Desk:
    """Whoever walks the path sets `_bar`, `_at` and `_cursor` to where it stands, and says what happens there."""

    def __init__(self, strategy: Strategy, pair: Pair, options: Options, slots: Slots) -> None:
        self._settings, self._market, self._candles = strategy, pair.market, pair.candles
        self._strategy = strategy  # with the sizes of the deal that is open
        self._slippage = options.slippage
        self._slots = slots
        slots.accounts.append(self)
        self._balance = options.balance
        self._cash = ZERO  # of closed deals; kept only where a balance is
        times = [signal.at for signal in pair.signals]
        self._opening = strategy.opening
        self._entrance = Entrance(self._opening, pair.market, pair.candles, times)
        self._asked = Asked(strategy.asks, pair.candles, times) if strategy.asks else None
        self._told = Told(pair.signals, pair.candles) if pair.signals else None
        self._book = RestingOrders()
        self._due: list[str] = []  # names of orders that trade at once
        self._notes = Notes(pair.market, strategy.opens_with)
        self._levels: Levels = NOTHING
        self._deal: Deal | None = None
        self._over = False
        self._listens = False  # the deal that is open wanted no order when it opened
        self._next = 0  # the first bar not walked
        self._not_before = 0  # no deal opens earlier
        self._bar = 0
        self._at = 0
        self._cursor = 0.0
        self._known = (0.0, ZERO)  # the last price that was asked for exactly
        self._left: Carried = NOTHING_CARRIED  # of the deal before

    @property
    def waits(self) -> bool:
        """Whether no deal is open."""
        return self._deal is None

    @property
    def cash(self) -> Decimal:
        """Quote that this market's deals have brought so far, less what they took."""
        tally = None if self._deal is None else self._deal.tally
        return self._cash if tally is None else self._cash + tally.proceeds - tally.cost

    def at(self, bar: int) -> int:
        """When a bar opens."""
        return int(self._candles.opened_at[bar])

    def result(self) -> Result:
        return self._notes.result(self._deal)

    # What happens at a price

    def _tell(self) -> None:
        self._tell_once()
        self._settle()

    def _tell_once(self) -> None:
        """A price or a time has come that the deal waits for."""
        before = self._levels.each
        self._event(Tick(self._at, self._exact()))
        if self._deal is not None and not self._over and self._levels.each == before:
            waits = "; ".join(each.then for each in before)
            raise NeverRests(f"bar {self._bar}: told of {self._exact()}, the strategy still waits for: {waits}.")

    def _hear(self) -> None:
        """What the open of this bar brings from outside: answers to conditions, signals."""
        price = self._exact()
        if self._asked:
            for name, holds in self._asked.changed(self._bar):
                self._event(Answered(self._at, name, holds, price))
                self._settle()
        if self._told:
            for signal in self._told.at(self._bar):
                self._event(signal)
                self._settle()

    def _event(self, event: Event) -> None:
        deal = self._deal
        if deal is None:
            return
        self._strategy.on_event(deal, event)
        if self._strategy.finished(deal, self._exact()):
            self._clear()
        else:
            self._ask_for_all()

    def _trade(self, order: Order, amount: Decimal, price: Decimal, rate: Decimal) -> None:
        deal, market = self._deal, self._market
        if deal is None:
            return
        buying = order.side is _BUY
        fill = Fill(
            order=order.name,
            side=order.side,
            amount=amount,
            price=price,
            fee=amount * rate if buying else amount * price * rate,
            fee_asset=market.base if buying else market.quote,
            at=self._at,
            trade_id=self._notes.next_trade,
        )
        self._notes.trade(self._bar, fill)
        deal.record(fill)
        strategy = self._strategy
        if strategy.finished(deal, price):
            self._clear()
            return
        names = strategy.touched(deal, fill)
        if names is None:
            self._ask_for_all()
        else:
            self._bring_in_line(deal, {name: strategy.order(deal, name) for name in names})

    def _settle(self, *, seen: bool = True) -> None:
        """Let everything that trades at once do so, and deals that are over make room for the next.

        What has come within reach by that is told at once, too, if the bot has `seen` the price.
        """
        for _ in range(_MOST_ROUNDS):
            if self._due:
                self._trade_at_once(self._due.pop(0))
            elif self._over:
                self._end_deal()
            elif seen and self._levels is not NOTHING and self._levels.due(self._cursor, self._at):
                self._tell_once()
            else:
                return
        raise NeverRests(f"bar {self._bar}: deals trade at one price again and again; widen take profit or stop loss.")

    def _trade_at_once(self, name: str) -> None:
        if (placed := self._at_once(name)) is not None:
            price = self._slipped(placed.order, self._exact()) if self._slippage else self._exact()
            self._trade(placed.order, placed.amount, price, self._market.taker_fee)
        else:
            self._begin_or_not()

    def _at_once(self, name: str) -> Place | None:
        """What can be sent now of an order that trades at once."""
        deal = self._deal
        order = None if deal is None or name in self._book.by_name else self._strategy.order(deal, name)
        if deal is None or order is None:
            return None
        free = ZERO if order.side is _BUY else deal.held - self._book.offered
        amount = to_place(order, deal.filled(name), self._market, free=free, last_price=self._exact())
        return None if amount is None else Place(order, amount)

    def _slipped(self, order: Order, price: Decimal) -> Decimal:
        """A worse price than this one, but never beyond the order's limit."""
        market, limit = self._market, order.price
        if order.side is _BUY:
            price = market.price_up(price * (ONE + self._slippage))
            return price if limit is None else min(price, limit)
        price = market.price_down(price * (ONE - self._slippage))
        return price if limit is None else max(price, limit)

    # What should be on the book

    def _ask_for_all(self) -> None:
        deal = self._deal
        if deal is None:
            return
        orders = self._strategy.orders(deal)
        if self._book.by_name:
            wanted = {order.name: order for order in orders}
            for name in self._book.by_name.keys() - wanted.keys():
                self._book.remove(name)
            self._bring_in_line(deal, wanted)
        else:
            for order in orders:
                self._place(deal, order)
        awaited = tuple(self._strategy.watches(deal))
        self._levels = Levels(awaited) if awaited else NOTHING

    def _bring_in_line(self, deal: Deal, wanted: Mapping[str, Order | None]) -> None:
        """Have these orders on the book as they are wanted; None: not at all.

        What changes goes before anything is placed: coins that an order offers no longer are free for the others.
        """
        resting = self._book.by_name
        for name, order in wanted.items():
            piece = resting.get(name)
            if piece is not None and not same(order, piece.order):
                self._book.remove(name)
        for name, order in wanted.items():
            if order is not None and name not in resting:
                self._place(deal, order)

    def _place(self, deal: Deal, order: Order) -> None:
        """Put what is missing of an order on the book, or have it trade where the price stands."""
        name = order.name
        if order.price is None:
            self._trade_next(name)
            return
        buying = order.side is _BUY
        tally = deal.by_order.get(name)
        amount = to_place(
            order,
            ZERO if tally is None else tally.bought + tally.sold,
            self._market,
            free=ZERO if buying else deal.held - self._book.offered,
            last_price=order.price,
        )
        if amount is None:
            return
        price = float(order.price)
        if price >= self._cursor if buying else price <= self._cursor:
            self._trade_next(name)
        else:
            self._book.add(order, amount, price)

    def _trade_next(self, name: str) -> None:
        """Remember an order that trades at once; the one that came first trades first."""
        if name not in self._due:
            self._due.append(name)

    def _clear(self) -> None:
        """Nothing is left to do in this deal: what is on the book goes, and the next deal may open."""
        self._book.clear()
        self._due.clear()
        self._levels = NOTHING
        self._over = True

    def _exact(self) -> Decimal:
        """The price at which the path stands. A float's shortest text is the price that it was made from."""
        cursor, price = self._known
        if cursor != self._cursor:
            price = Decimal(repr(self._cursor))
            self._known = (self._cursor, price)
        return price

    # Deals

    def _open_deal(self) -> None:
        """A deal opens at the price of now."""
        price = self._exact()
        try:
            strategy = self._strategy = self._settings.for_deal(self._slots.past(self._balance))
        except SettingsRefused as why:
            if self._balance is None:
                raise
            self._notes.complain(self._bar, why.problems[0])
            self._next = self._bar + _TRY_AGAIN
            return
        carried = left = self._left
        given = strategy.given(price, self._market)
        if given.amount > left.amount:
            carried = given  # what the deal before left is among it
        self._deal = Deal(
            market=self._market,
            price=price,
            opened_at=self._at,
            carried=carried,
            opens=strategy.opens_with,
        )
        self._listens = False
        self._notes.open(self._slots.take(), self._bar, self._at)
        if carried is not left and strategy.opens_with is _BUY:
            self._notes.give(given.amount - left.amount, given.cost / given.amount)
        self._ask_for_all()
        if self._asked:
            for name in self._asked.holding(self._bar):
                self._event(Answered(self._at, name, holds=True, price=price))
        if not self._due:
            self._begin_or_not()

    def _begin_or_not(self) -> None:
        """A deal of which nothing has traded, and no order can exist, waits for something or could not begin."""
        deal = self._deal
        if deal is None or deal.started or self._due or self._book.by_name or self._over or self._levels.each:
            return
        # A bot that wanted no order when it opened waits for an answer or a signal, and goes on doing so.
        if not self._listens:
            self._listens = bool(self._asked or self._told) and not any(True for _ in self._strategy.orders(deal))
        if not self._listens:
            self._could_not_begin(next(iter(self._strategy.problems(deal.price, self._market)), None))

    def _could_not_begin(self, problem: Problem | None) -> None:
        """No order of it can exist: what a live bot says in its inbox. It is tried again a little later."""
        self._notes.complain(self._bar, problem)
        self._deal, self._levels = None, NOTHING
        self._due.clear()
        self._slots.opened -= 1
        self._slots.going_on -= 1
        self._next = self._bar + _TRY_AGAIN

    def _end_deal(self) -> None:
        deal = self._deal
        if deal is None:
            return
        self._over = False
        self._slots.count(self._notes.close(deal, self._bar, self._at).realised)
        if self._balance is not None:
            self._cash += deal.tally.proceeds - deal.tally.cost
        self._left = deal.left_to_the_next(self._exact())
        self._deal = None
        self._slots.give_back(self._at + self._candles.span)
        if self._opening.cooldown:
            self._not_before = self._at + self._opening.cooldown
        elif self._slots.free and self._entrance.now(self._bar, self._exact()):
            self._slots.keep()
            self._open_deal()
