"""A portfolio over the candles of its coins.

It is valued at the opens that all its markets have in common, and trades there, at the market: whatever a round sells
and buys happens at one open. Between two rounds nothing changes, so the run jumps to the next open at which the time
has come or a weight may have drifted too far. That is looked for in floats, a hair on the safe side, and decided by
the strategy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from strategies.backtest.desk import NeverRests
from strategies.backtest.entrance import Slots
from strategies.backtest.market_run import MarketRun
from strategies.backtest.options import Options
from strategies.backtest.result import Result
from strategies.deal import Deal
from strategies.events import Valued
from strategies.rebalance import Drift, Rebalance, Standing, portfolio
from strategies.settings import Problem, SettingsRefused

if TYPE_CHECKING:
    from strategies.backtest.engine import Pair

_MINUTE = 60_000  # milliseconds
_TURNS = 8  # of valuing at one open; a round takes three
_HAIR = 1e-9
_STRETCH = 4096  # opens that are looked at together

Floats = npt.NDArray[np.float64]


def run_portfolio(strategy: Rebalance, pairs: Sequence[Pair], options: Options | None = None) -> list[Result]:
    """Fills and deals of a portfolio, a result for each of its coins; deals are numbered in the order of `pairs`.

    Raises SettingsRefused unless there are candles for each of the coins, some of which open at the same time, and
    NeverRests if orders at one open never come to an end.
    """
    times = _common(strategy, pairs)
    slots = Slots(strategy.opening)
    runs = [_CoinRun(strategy, pair, options or Options(), slots) for pair in pairs]
    bars = [pair.candles.opened_at.searchsorted(times) for pair in pairs]
    opens = np.column_stack([pair.candles.open[rows] for pair, rows in zip(pairs, bars, strict=True)])
    place = 0
    while place < len(times):
        for run, rows in zip(runs, bars, strict=True):
            run.stand(int(rows[place]))
        _round(strategy, runs, int(times[place]))
        place = _next(strategy, runs, times, opens, place + 1)
    return [run.result() for run in runs]


class _CoinRun(MarketRun):
    """One coin's deal: it stands at a bar's open and is told what the whole is worth."""

    def stand(self, bar: int) -> None:
        """Go to the open of a bar; the deal opens at the first."""
        self._bar, self._at = bar, self.at(bar)
        self._cursor = self._candles.open.item(bar)
        if self._deal is None:
            self._open_deal()
            self._settle()

    def _could_not_begin(self, problem: Problem | None) -> None:
        """A coin has no order before it is told what the whole is worth; that is no reason not to begin."""

    @property
    def standing(self) -> Standing:
        return Standing(self.deal, self._exact())

    @property
    def deal(self) -> Deal:
        if self._deal is None:
            raise LookupError("no deal is open")
        return self._deal

    def tell(self, event: Valued) -> None:
        """What the whole is worth; what follows from it trades at once."""
        self._event(event)
        self._settle()


def _common(strategy: Rebalance, pairs: Sequence[Pair]) -> npt.NDArray[np.int64]:
    """The opens that all markets have in common. Raises SettingsRefused."""
    named = [pair.market.symbol for pair in pairs]
    missing = [coin.symbol for coin in strategy.coins if coin.symbol not in named]
    if missing or len(named) != len(strategy.coins):
        what = f"there are no candles of {missing[0]}." if missing else "there are candles of other markets."
        raise SettingsRefused((Problem("coins", what, "Give candles of each coin once, and of nothing else."),))
    times = reduce(np.intersect1d, [pair.candles.opened_at for pair in pairs])
    if not len(times):
        raise SettingsRefused((Problem("coins", "no candles of all coins open at the same time.", "Give others."),))
    return times


def _round(strategy: Rebalance, runs: Sequence[_CoinRun], at: int) -> None:
    """Tell what everything is worth until nobody has anything more to do at this open."""
    for _ in range(_TURNS):
        before = [run.deal.state for run in runs]
        events = portfolio.valued(strategy, [run.standing for run in runs], at)
        for run, event in zip(runs, events, strict=True):
            if event is not None:
                run.tell(event)
        if [run.deal.state for run in runs] == before:
            return
    raise NeverRests(f"at {at}: the portfolio trades again and again.")


def _next(
    strategy: Rebalance, runs: Sequence[_CoinRun], times: npt.NDArray[np.int64], opens: Floats, start: int
) -> int:
    """The first open from `start` on at which a round may be due; beyond the last if there is none."""
    end = len(times)
    if strategy.every is not None:
        end = int(times.searchsorted(runs[0].deal.state.at + strategy.every * _MINUTE))
    if strategy.drift is None:
        return max(start, end)
    held = np.array([float(run.deal.held) for run in runs])
    coins = [strategy.coin(run.deal.market.symbol) for run in runs]
    weights = np.array([0.0 if coin is None else float(coin.weight) for coin in coins])
    money = float(portfolio.cash(strategy, [run.standing for run in runs]))
    limit = float(strategy.drift) * (1.0 if strategy.measured is Drift.POINTS else weights)
    for first in range(start, end, _STRETCH):
        worth = opens[first : min(first + _STRETCH, end)] * held
        total = worth.sum(axis=1, keepdims=True) + money
        apart = np.abs(worth - weights * total)
        far = (apart >= limit * total * (1 - _HAIR)) & (apart >= float(strategy.smallest_trade) * (1 - _HAIR))
        hits = far.any(axis=1)
        if hits.any():
            return first + int(hits.argmax())
    return max(start, end)
