"""One running deal in a drill: the backtest's walk over a market, begun from a deal that exists, on shared cash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal

from strategies.backtest.candles import Candles
from strategies.backtest.drill.funds import FundedOrders, Funds
from strategies.backtest.drill.outcome import DealAfter, Starved
from strategies.backtest.engine import Pair
from strategies.backtest.entrance import Slots
from strategies.backtest.market_run import MarketRun
from strategies.backtest.notes import Notes
from strategies.backtest.options import Options
from strategies.deal import Deal
from strategies.events import Awaited, Event
from strategies.market import ONE, ZERO, Market
from strategies.opening import ONCE, Opening
from strategies.orders import Fill, Order, Side
from strategies.settings import Problem
from strategies.strategy import Strategy


class OneDeal(Strategy):
    """A strategy that opens no other deal and hears nothing of conditions: a scenario has no history for them."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def orders(self, deal: Deal) -> Iterable[Order]:
        return self._strategy.orders(deal)

    def order(self, deal: Deal, name: str) -> Order | None:
        return self._strategy.order(deal, name)

    def touched(self, deal: Deal, fill: Fill) -> Iterable[str] | None:
        return self._strategy.touched(deal, fill)

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        return self._strategy.watches(deal)

    def on_event(self, deal: Deal, event: Event) -> None:
        self._strategy.on_event(deal, event)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        return self._strategy.finished(deal, last_price)

    @property
    def opening(self) -> Opening:
        return ONCE

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        return self._strategy.problems(price, market)

    def capital(self, price: Decimal, market: Market) -> Decimal:
        return self._strategy.capital(price, market)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        return self._strategy.largest_order(price, market)


class _DrillNotes(Notes):
    @property
    def next_trade(self) -> str:
        """An id that no exchange gives: the deal has trades of one already."""
        return f"drill-{super().next_trade}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A deal as it stands, with its fills and state so far; it is left as it is. `price`: its market's."""

    name: str
    strategy: Strategy
    deal: Deal
    price: Decimal


class DealRun(MarketRun):
    """A deal through a scenario: what it buys is paid from the shared funds, and refused if they do not cover it."""

    def __init__(self, running: Running, number: int, candles: Candles, funds: Funds) -> None:
        market, slots = running.deal.market, Slots(ONCE)
        super().__init__(OneDeal(running.strategy), Pair(market, candles), Options(), slots)
        self.name = running.name
        self.began = deepcopy(running.deal, {id(market): market})
        self._starving: set[str] = set()  # orders that were refused when the price had reached them
        self._number, self._funds = number, funds
        self._book = FundedOrders(number, funds)
        self._notes = _DrillNotes(market)
        self._earned = ZERO  # of the funds, when it last asked for what was refused
        self._low = ZERO
        self._began_at = 0
        slots.take()

    def begin(self, price: Decimal, at: int) -> None:
        """The deal as it stands: its orders go on the book before the first candle."""
        self._began_at = self._at = at
        self._cursor, self._deal = float(price), self.began
        self._notes.open(1, 0, at)
        if self._strategy.finished(self.began, price):
            self._clear()
        else:
            self._ask_for_all()
        self._settle()
        self._low = self.profit(price)

    def try_again(self, piece: int) -> bool:
        """Ask again for what was refused, if cash has come in since; whether it did."""
        if not self._starving or self._earned == self._funds.earned or self._deal is None:
            return False
        self._earned = self._funds.earned
        if self._levels.trails:
            self._follow(self._next, piece)
        self._bar, self._at, self._next = piece, self.at(piece), piece
        self._cursor = self._candles.open.item(piece)
        self._ask_for_all()
        self._settle()
        return True

    def stand_at(self, price: Decimal) -> None:
        """Where the market stands at the end of a piece of the path."""
        self._low = min(self._low, self.profit(price))

    def profit(self, price: Decimal) -> Decimal:
        """Quote after fees: realised, and what is held or owed at `price`."""
        return self.began.realised + self.began.open_profit(price)

    def worth(self, price: Decimal) -> Decimal:
        """Quote that its coins are worth; those that a short was given and has not sold are among them."""
        return self.began.held * price

    def after(self, price: Decimal) -> DealAfter:
        """What became of it, with its market at `price`."""
        result = self.result()
        (done,) = result.deals
        return DealAfter(
            deal=self.name,
            market=result.market,
            ending=done.ending,
            held=self.began.held,
            profit=self.profit(price),
            low=self._low,
            fills=tuple(result.fills),
        )

    def _trade(self, order: Order, amount: Decimal, price: Decimal, rate: Decimal) -> None:
        if self._deal is None:
            return
        if order.side is Side.SELL:
            self._funds.earn(amount * price * (ONE - rate))
        elif missing := self._funds.pay((self._number, order.name), amount * price):
            if order.name not in self._starving:
                self._starving.add(order.name)
                self._funds.starved.append(
                    Starved(
                        deal=self.name,
                        order=order.name,
                        at=self._at - self._began_at,
                        price=price,
                        cost=amount * price,
                        missing=missing,
                    )
                )
            self._earned = self._funds.earned
            return
        super()._trade(order, amount, price, rate)
