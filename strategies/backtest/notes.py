"""What a run writes down as it goes, and the result that is made of it."""

from __future__ import annotations

from typing import NamedTuple

from strategies.backtest.candles import Candles
from strategies.backtest.result import DealDone, Filled, Result
from strategies.deal import NOTHING_CARRIED, Deal
from strategies.market import Market
from strategies.orders import Fill, Side
from strategies.settings import Problem


class _Row(NamedTuple):
    """A fill as it is noted down; made into a `Filled` when somebody asks."""

    bar: int
    fill: Fill
    deal: int


class Notes:
    def __init__(self, market: Market, candles: Candles) -> None:
        self._market, self._candles = market, candles
        self._rows: list[_Row] = []
        self._done: list[DealDone] = []
        self._opened = (0, 0, 0)  # number, bar, time of the deal that is open
        self._complaint: tuple[int, Problem] | None = None
        self._complaints = 0
        self.unsure = 0  # bars in which the assumed path decided

    @property
    def next_trade(self) -> str:
        """The id of the next trade."""
        return str(len(self._rows))

    def trade(self, bar: int, fill: Fill) -> None:
        self._rows.append(_Row(bar, fill, self._opened[0]))

    def open(self, number: int, bar: int, at: int) -> None:
        self._opened = (number, bar, at)

    def close(self, deal: Deal, bar: int, at: int) -> DealDone:
        done = self._summary(deal, bar, at)
        self._done.append(done)
        return done

    def complain(self, bar: int, problem: Problem | None) -> None:
        """A deal could not begin."""
        self._complaints += 1
        if problem is not None and self._complaint is None:
            self._complaint = (bar, problem)

    def result(self, deal: Deal | None) -> Result:
        """Everything noted; `deal` is the one still open."""
        deals = self._done if deal is None else [*self._done, self._summary(deal, None, None)]
        times, market = self._candles.opened_at, self._market.symbol
        fills = [
            Filled(
                bar=row.bar,
                at=int(times[row.bar]),
                side=row.fill.side,
                price=row.fill.price,
                amount=row.fill.amount,
                fee=row.fill.fee,
                fee_asset=row.fill.fee_asset,
                order=row.fill.order,
                deal=row.deal,
                market=market,
            )
            for row in self._rows
        ]
        return Result(market=market, fills=fills, deals=deals, warnings=self._warnings())

    def _summary(self, deal: Deal, closed_bar: int | None, closed_at: int | None) -> DealDone:
        number, bar, at = self._opened
        short = deal.opens is Side.SELL
        held = deal.dust if not short else NOTHING_CARRIED
        return DealDone(
            number=number,
            market=self._market.symbol,
            opened_bar=bar,
            opened_at=at,
            closed_bar=closed_bar,
            closed_at=closed_at,
            ending="" if closed_bar is None else (deal.ending or "take profit"),
            averaging_orders=sum(name.startswith("averaging") for name in deal.by_order),
            invested=deal.tally.earned if short else deal.tally.cost,
            realised=deal.realised,
            held=deal.position if short else held.amount,
            cost_of_held=held.cost,
        )

    def _warnings(self) -> list[str]:
        found = []
        if self.unsure:
            found.append(
                f"In {self.unsure:,} candles orders or levels on both sides were within reach; which came first is"
                " assumed (low first in a rising candle). Finer candles would tell."
            )
        if self._complaint is not None:
            bar, problem = self._complaint
            found.append(f"{self._complaints:,} times no deal could begin, first at candle {bar}. {problem}")
        return found
