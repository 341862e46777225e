"""The jump backtest: the live strategy over candles.

Between two events nothing changes, so the engine jumps to the next bar that can touch a resting order or a watch,
and walks that one bar with live reactions. A bar's path is O-L-H-C when it closes higher, else O-H-L-C; from the
close before to the open it jumps and nothing trades between.

Look-ahead is impossible by construction: the strategy is only ever told a fill or a price that the path has reached,
and is handed no candles; conditions are answered within a bar from the bars before it. What the engine itself looks
up ahead is where the path next meets an order or a watch that already exists.

An order at the market trades at the price of then, worse by the slippage, and pays the taker's fee; so does a limit
order that could trade at once when it is placed. A resting order trades at its own price, whole, and pays the
maker's. Fees are taken out of what is received. Times are as fine as the bars: an alarm rings at the first open that
is not before it, a signal is told there, and what happens within a bar carries the time of its open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from strategies.backtest.candles import Candles
from strategies.backtest.desk import NeverRests
from strategies.backtest.entrance import Slots
from strategies.backtest.index import BarIndex
from strategies.backtest.market_run import MarketRun
from strategies.backtest.options import Options
from strategies.backtest.result import Result
from strategies.events import Signalled
from strategies.market import Market
from strategies.strategy import Strategy

__all__ = ["NeverRests", "Pair", "run", "run_pairs"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One market of a bot with its candles; `index` may be handed in when it was made before."""

    market: Market
    candles: Candles
    index: BarIndex | None = None
    signals: Sequence[Signalled] = ()


def run(  # noqa: PLR0917 - the four that every backtest has, and two that may be known already
    strategy: Strategy,
    market: Market,
    candles: Candles,
    options: Options | None = None,
    index: BarIndex | None = None,
    signals: Sequence[Signalled] = (),
) -> Result:
    """Fills and deals of one strategy on one market. `index` may be handed in when it was made before.

    Raises NeverRests, and SettingsRefused if conditions need candles that these cannot be made into. Needs at least
    one candle.
    """
    pair = Pair(market, candles, index, signals)
    return to_the_end(MarketRun(strategy, pair, options or Options(), Slots(strategy.opening)))


def to_the_end(one: MarketRun) -> Result:
    """Walk whatever matters to one market."""
    while (bar := one.next_bar()) >= 0:
        one.walk(bar)
    return one.result()


def run_pairs(strategy: Strategy, pairs: Sequence[Pair], options: Options | None = None) -> list[Result]:
    """The bot on several markets at once, sharing its deal slots: a result for each, deals numbered over all.

    Where more markets wait than slots are free, the first in the list goes first. A slot that is given back within a
    bar can be used by another market from the next bar on: two markets' paths within one bar have no common order.
    Candles may begin and end at different times. Raises what `run` does.
    """
    slots = Slots(strategy.opening)
    runs = [MarketRun(strategy, pair, options or Options(), slots) for pair in pairs]
    queue = [(one.at(bar), place, bar) for place, one in enumerate(runs) if (bar := one.next_bar()) >= 0]
    heapify(queue)
    parked: list[int] = []  # markets that wait for a slot
    while queue:
        at, place, bar = heappop(queue)
        one = runs[place]
        if one.waits and (until := slots.wait(at)) != at:
            if until is not None:
                one.wait_until(until)
                if (bar := one.next_bar()) >= 0:
                    heappush(queue, (one.at(bar), place, bar))
            elif not slots.used_up:
                parked.append(place)
            continue
        one.walk(bar)
        ahead = [place]
        if parked and slots.free:
            for each in parked:
                runs[each].wait_until(at + one.span)
            ahead += parked
            parked = []
        for each in ahead:
            if (bar := runs[each].next_bar()) >= 0:
                heappush(queue, (runs[each].at(bar), each, bar))
    return [one.result() for one in runs]
