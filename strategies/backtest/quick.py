"""The same backtest for whoever waits for it: orders that only take turns are run through at once.

The result is that of `engine.run`, to the last digit. A grid over a year of minutes takes a third of the time. But each
bar is looked at, if only for some nanoseconds: over candles of a second `engine.run`, which jumps, is the quicker one.
"""

from __future__ import annotations

from operator import ge

from strategies.backtest.book import NEVER
from strategies.backtest.engine import Pair, to_the_end
from strategies.backtest.entrance import Slots
from strategies.backtest.market_run import MarketRun
from strategies.backtest.options import Options
from strategies.backtest.result import Result
from strategies.backtest.turning import Row, fills_of, grouped
from strategies.deal import Deal
from strategies.strategy import Strategy

BARS_AN_ORDER = 8  # for each order on the book, from which on a stretch is run through at once: shorter ones are walked
_ASKED_AGAIN = 256  # trades after which orders that did not only take turns may do so


def run_quickly(strategy: Strategy, pair: Pair, options: Options | None = None) -> Result:
    """Fills and deals of one strategy on one market. Raises what `engine.run` does."""
    return to_the_end(TurningRun(strategy, pair, options or Options(), Slots(strategy.opening)))


class TurningRun(MarketRun):
    """Asks, before the next bar is looked for, whether all orders only take turns."""

    _turns_from = 0  # trades, after which it is asked again

    def next_bar(self) -> int:
        """As of any run."""
        if self._deal is not None and self._notes.trades >= self._turns_from:
            self._take_turns(self._deal)
        return super().next_bar()

    def _ask_for_all(self) -> None:
        self._turns_from = 0
        super()._ask_for_all()

    def _take_turns(self, deal: Deal) -> None:
        """If all orders only take turns, run through the bars before the next level at once."""
        self._turns_from = self._notes.trades + _ASKED_AGAIN
        levels, candles, start = self._levels, self._candles, self._next
        if levels.trails or levels.alarm < NEVER or self._asked or self._told or self._balance is not None:
            return
        worth = len(self._book.by_name) * BARS_AN_ORDER
        if self._until(levels.stop, levels.rise) - start < worth or not (turns := self._strategy.turns(deal)):
            return
        above = levels.stop if turns.above is None else max(levels.stop, float(turns.above))
        end = self._until(above, levels.rise)
        row = Row.of(turns.each, self._book, self._market) if end - start > worth else None
        if row is None:
            return
        found = row.through(candles, start, end, touch=self._reached is ge)
        fills, which = fills_of(row, found, self._market, None if self._at_limit else candles.open)
        first = self._notes.trades
        self._notes.alike(fills, which.tolist(), found.bar.tolist(), candles.opened_at[found.bar].tolist())
        for one, places in grouped(which):
            deal.record_alike(fills[one], [str(first + place) for place in places])
        self._notes.unsure += found.unsure
        self._book.clear()
        for order in self._strategy.orders(deal):
            if order.price is not None:
                self._book.add(order, order.amount - deal.filled(order.name), float(order.price))
        self._bar, self._next = end - 1, end
        self._at, self._cursor = self.at(end - 1), candles.close.item(end - 1)

    def _until(self, below: float, above: float) -> int:
        """The first bar that reaches one of these prices, or the end."""
        bar = self._index.find(self._next, below, above)
        return len(self._candles) if bar < 0 else bar
