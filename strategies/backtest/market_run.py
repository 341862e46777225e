"""One bot's deals on one market's candles: which bar matters next, and the path of that bar."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt
from typing import TYPE_CHECKING

from strategies.backtest.awaited import NOTHING, first_return
from strategies.backtest.book import NEVER, Resting
from strategies.backtest.desk import Desk
from strategies.backtest.entrance import Slots
from strategies.backtest.index import BarIndex
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.strategy import Strategy

if TYPE_CHECKING:
    from strategies.backtest.engine import Pair


class MarketRun(Desk):
    """Asked for the next bar that matters, it is told to walk that one, until there is none."""

    def __init__(self, strategy: Strategy, pair: Pair, options: Options, slots: Slots) -> None:
        super().__init__(strategy, pair, options, slots)
        self._index = pair.index or BarIndex(pair.candles.low, pair.candles.high)
        self._reached: Callable[[float, float], bool] = ge if options.fill is FillRule.TOUCH else gt
        self._at_limit = options.gap is GapRule.LIMIT
        self._below, self._above = -NEVER, NEVER  # the nearest order or level on either side

    @property
    def span(self) -> int:
        return self._candles.span

    def wait_until(self, at: int) -> None:
        """Open no deal before this time."""
        self._not_before = max(self._not_before, at)

    # Which bar

    def next_bar(self) -> int:
        """The next bar at which anything can happen; -1 if there is none."""
        start = self._next
        if self._deal is None:
            return -1 if self._slots.used_up else self._entrance.next(start, self._not_before)
        levels, book = self._levels, self._book
        # Under the through rule an order needs a price beyond its own; the index finds touches, the walk decides.
        self._below, self._above = max(book.bid, levels.stop), min(book.ask, levels.rise)
        bar = self._index.find(start, self._below, self._above)
        if levels.trails or levels.alarm < NEVER or self._asked or self._told:
            return self._sooner(start, bar)
        return bar

    def _sooner(self, start: int, bar: int) -> int:
        """The first of this bar and those at which something else can happen."""
        end = len(self._candles) if bar < 0 else bar
        if self._asked and 0 <= (asked := self._asked.next(start)) < end:
            end = asked
        if self._told and 0 <= (told := self._told.next(start)) < end:
            end = told
        if self._levels.alarm < NEVER:
            end = min(end, max(start, int(self._candles.opened_at.searchsorted(self._levels.alarm))))
        for trail in self._levels.trails:
            if (returned := first_return(trail, self._candles, start, end)) >= 0:
                end = returned
        return end if end < len(self._candles) else -1

    # The path of one bar

    def walk(self, bar: int) -> None:
        """Let one bar happen."""
        candles = self._candles
        if self._levels.trails:
            self._follow(self._next, bar)
        self._bar, self._at, self._next = bar, candles.opened_at.item(bar), bar + 1
        opened, high = candles.open.item(bar), candles.high.item(bar)
        low, close = candles.low.item(bar), candles.close.item(bar)
        if self._deal is None:
            self._cursor = opened
            self._open_deal()
            self._settle()
        else:
            if low < self._below and high > self._above:
                self._notes.unsure += 1  # within this candle the assumed order of high and low decides
            self._jump(opened)
        if self._asked or self._told:
            self._hear()
        if close > opened:
            self._fall(low)
            self._climb(high)
            self._fall(close)
        else:
            self._climb(high)
            self._fall(low)
            self._climb(close)

    def _follow(self, start: int, bar: int) -> None:
        """The bars that were jumped over may have moved a level that follows the price: tell the best of them."""
        if start >= bar:
            return
        highs, lows = self._candles.high[start:bar], self._candles.low[start:bar]
        if highs.max() > self._levels.peak:
            self._tell_of(start + int(highs.argmax()), float(highs.max()))
        if lows.min() < self._levels.trough:
            self._tell_of(start + int(lows.argmin()), float(lows.min()))

    def _tell_of(self, bar: int, price: float) -> None:
        self._bar, self._at, self._cursor = bar, self.at(bar), price
        self._tell()

    def _jump(self, opened: float) -> None:
        """From the close before to the open: resting orders trade at the exchange before the bot sees the price."""
        book, reached = self._book, self._reached
        self._cursor = opened
        while True:
            levels = self._levels
            if reached(book.bid, opened):
                self._take(book.take_bid(), jumped=True)
            elif reached(opened, book.ask):
                self._take(book.take_ask(), jumped=True)
            elif levels is not NOTHING and levels.due(opened, self._at):
                self._tell()
            else:
                return
            self._cursor = opened

    def _fall(self, to: float) -> None:
        book, reached = self._book, self._reached
        while True:
            bid, stop = book.bid, self._levels.stop
            if reached(bid, to) and reached(bid, stop):
                self._cursor = bid
                self._take(book.take_bid())
            elif stop >= to:
                self._cursor = min(stop, self._cursor)
                self._tell()
            else:
                self._cursor = to
                if to >= self._levels.trough:
                    return
                self._tell()

    def _climb(self, to: float) -> None:
        book, reached = self._book, self._reached
        while True:
            ask, rise = book.ask, self._levels.rise
            if reached(to, ask) and reached(rise, ask):
                self._cursor = ask
                self._take(book.take_ask())
            elif rise <= to:
                self._cursor = max(rise, self._cursor)
                self._tell()
            else:
                self._cursor = to
                if to <= self._levels.peak:
                    return
                self._tell()

    def _take(self, resting: Resting, *, jumped: bool = False) -> None:
        """A resting order trades: at its own price, or at the open that jumped over it if that is the rule."""
        price = resting.order.price
        if price is None or (jumped and not self._at_limit):
            price = self._exact()
        elif not jumped:
            self._known = (self._cursor, price)
        self._trade(resting.order, resting.amount, price, self._market.maker_fee)
        self._settle(seen=not jumped)
