"""What a run writes down as it goes, and the result that is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from strategies.backtest.result import GIVEN, DealDone, Filled, Result
from strategies.deal import NOTHING_CARRIED, Carried, Deal
from strategies.market import ZERO, Market
from strategies.orders import Fill, Side
from strategies.settings import Problem


class Notes:
    def __init__(self, market: Market, opens: Side = Side.BUY) -> None:
        self._market = market
        self._short = opens is Side.SELL
        self._rows: list[Filled] = []
        self._done: list[DealDone] = []
        self._opened = (0, 0, 0)  # number, bar, time of the deal that is open
        self._first = 0  # where its rows begin
        self._worth = ZERO  # of the coins that it was given
        self._given: list[Filled] = []
        self._complaint: tuple[int, Problem] | None = None
        self._complaints = 0
        self.unsure = 0  # bars in which the assumed path decided

    @property
    def trades(self) -> int:
        """How many were noted down."""
        return len(self._rows)

    @property
    def next_trade(self) -> str:
        """The id of the next trade."""
        return str(len(self._rows))

    def trade(self, bar: int, fill: Fill) -> None:
        self._rows.append(self._filled(fill, bar, fill.at))

    def alike(self, fills: Sequence[Fill], which: Sequence[int], bars: Sequence[int], times: Sequence[int]) -> None:
        """Trades of which many are alike but for when: `which` of the fills each is, in which bar, at what time."""
        filled = self._filled
        self._rows += [filled(fills[one], bar, at) for one, bar, at in zip(which, bars, times, strict=True)]

    def _filled(self, fill: Fill, bar: int, at: int) -> Filled:
        return Filled(
            bar=bar,
            at=at,
            side=fill.side,
            price=fill.price,
            amount=fill.amount,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            order=fill.order,
            deal=self._opened[0],
            market=self._market.symbol,
        )

    def open(self, number: int, bar: int, at: int) -> None:
        self._opened, self._first, self._worth = (number, bar, at), len(self._rows), ZERO

    def give(self, amount: Decimal, price: Decimal) -> None:
        """The deal that has opened was given coins of its owner, which count at this price."""
        number, bar, at = self._opened
        self._worth = amount * price
        self._given.append(
            Filled(
                bar=bar,
                at=at,
                side=Side.BUY,
                price=price,
                amount=amount,
                fee=ZERO,
                fee_asset=self._market.quote,
                order=GIVEN,
                deal=number,
                market=self._market.symbol,
            )
        )

    def close(self, deal: Deal, bar: int, at: int) -> DealDone:
        done = self._summary(deal, bar, at)
        self._done.append(done)
        return done

    def complain(self, bar: int, problem: Problem | None) -> None:
        """The deal that has opened could not begin: it never was."""
        self._complaints += 1
        if self._given and self._given[-1].deal == self._opened[0]:
            self._given.pop()
        if problem is not None and self._complaint is None:
            self._complaint = (bar, problem)

    def result(self, deal: Deal | None) -> Result:
        """Everything noted; `deal` is the one still open."""
        deals = self._done if deal is None else [*self._done, self._summary(deal, None, None)]
        return Result(
            market=self._market.symbol,
            fills=self._rows,
            deals=deals,
            warnings=self._warnings(),
            given=self._given,
            short=self._short,
        )

    def _summary(self, deal: Deal, closed_bar: int | None, closed_at: int | None) -> DealDone:
        number, bar, at = self._opened
        short = deal.opens is Side.SELL
        held = _owed(deal) if short else deal.dust
        return DealDone(
            number=number,
            market=self._market.symbol,
            opened_bar=bar,
            opened_at=at,
            closed_bar=closed_bar,
            closed_at=closed_at,
            ending="" if closed_bar is None else (deal.ending or "take profit"),
            averaging_orders=len([name for name in deal.by_order if name.startswith("averaging")]),
            invested=self._most_in(deal),
            realised=deal.realised,
            held=held.amount,
            cost_of_held=held.cost,
            entered_at=self._entered_at(),
        )

    def _entered_at(self) -> int | None:
        if self._worth:
            return self._opened[2]
        return self._rows[self._first].at if self._first < len(self._rows) else None

    def _most_in(self, deal: Deal) -> Decimal:
        """The most that was in the deal at one time. It has to be looked for only where it was added to after exits."""
        opens, tally, rows = deal.opens, deal.tally, self._rows[self._first :]
        exited = False
        for row in rows:
            if row.side is not opens:
                exited = True
            elif exited:
                break
        else:
            return self._worth + (tally.spent if opens is Side.BUY else tally.earned)
        most = put_in = self._worth
        for row in rows:
            notional = row.amount * row.price
            put_in += notional if row.side is opens else -notional
            most = max(most, put_in)
        return most

    def _warnings(self) -> list[str]:
        found = []
        if self.unsure:
            where = "1 candle" if self.unsure == 1 else f"{self.unsure:,} candles"
            found.append(
                f"In {where} orders or levels on both sides were within reach; which came first is assumed (low first"
                " in a rising candle). Finer candles would tell."
            )
        if self._complaint is not None:
            bar, problem = self._complaint
            times = "Once" if self._complaints == 1 else f"{self._complaints:,} times"
            found.append(f"{times} no deal could begin, first at candle {bar}. {problem}")
        return found


def _owed(deal: Deal) -> Carried:
    """Of a short: what it has bought beyond what it sold, at what it got for each; below zero while it owes."""
    if not deal.tally.sold:
        return NOTHING_CARRIED
    return Carried(amount=deal.position, cost=deal.position * deal.average_proceeds)
