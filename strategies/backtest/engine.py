"""The jump backtest: the live strategy over candles.

Between two events nothing changes, so the engine jumps to the next bar that can touch a resting order or a watch,
and walks that one bar with live reactions. A bar's path is O-L-H-C when it closes higher, else O-H-L-C; from the
close before to the open it jumps and nothing trades between.

Look-ahead is impossible by construction: the strategy is only ever told a fill or a price that the path has reached,
and is handed no candles. What the engine itself looks up ahead is where the path next meets an order or a watch that
already exists.

An order at the market trades at the price of then, worse by the slippage, and pays the taker's fee; so does a limit
order that could trade at once when it is placed. A resting order trades at its own price, whole, and pays the
maker's. Fees are taken out of what is received.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from strategies.backtest.book import NEVER, Resting, RestingOrders
from strategies.backtest.candles import Candles
from strategies.backtest.index import BarIndex
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.backtest.result import DealDone, Filled, Result
from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import Alarm, Crossing, Tick
from strategies.market import ONE, ZERO, Market
from strategies.orders import Fill, Order, Side
from strategies.reconcile import same, to_place
from strategies.strategy import Strategy

_MOST_ROUNDS = 10_000  # of reactions at one price: a strategy that never comes to rest is an error, not a loop


class NeverRests(Exception):
    """The strategy's orders trade at once, for ever: its settings leave nothing between buying and selling."""


class _Row(NamedTuple):
    """A fill as the engine notes it down; made into a `Filled` when somebody asks."""

    bar: int
    fill: Fill
    deal: int


def run(
    strategy: Strategy, market: Market, candles: Candles, options: Options | None = None, index: BarIndex | None = None
) -> Result:
    """Fills and deals of one strategy on one market. `index` may be handed in when it was made before.

    Raises NeverRests. Needs at least one candle.
    """
    return _Run(strategy, market, candles, options or Options()).over(index or BarIndex(candles.low, candles.high))


class _Run:
    def __init__(self, strategy: Strategy, market: Market, candles: Candles, options: Options) -> None:
        self._strategy, self._market, self._candles = strategy, market, candles
        self._touch = options.fill is FillRule.TOUCH
        self._at_limit = options.gap is GapRule.LIMIT
        self._slippage = options.slippage
        self._book = RestingOrders()
        self._due: list[str] = []  # names of orders that trade at once
        self._rows: list[_Row] = []
        self._done: list[DealDone] = []
        self._bar = 0
        self._at = int(candles.opened_at[0])
        self._cursor = float(candles.open[0])
        self._known = (self._cursor, Decimal(repr(self._cursor)))  # the last price that was asked for exactly
        self._stop, self._rise = -NEVER, NEVER  # the nearest watches below and above
        self._deal = Deal(market=market, price=self._exact())
        self._opened = (0, self._at)
        self._over = False

    def over(self, index: BarIndex) -> Result:
        candles, book, find = self._candles, self._book, index.find
        times, opens, highs, lows, closes = (
            candles.opened_at,
            candles.open,
            candles.high,
            candles.low,
            candles.close,
        )
        self._ask_for_all()
        self._settle()
        bar = 0
        while True:
            # Under the through rule an order needs a price beyond its own; the index finds touches, the walk decides.
            bar = find(bar, max(book.best_bid(), self._stop), min(book.best_ask(), self._rise))
            if bar < 0:
                return self._result()
            self._bar, self._at = bar, int(times[bar])
            self._walk(float(opens[bar]), float(highs[bar]), float(lows[bar]), float(closes[bar]))
            bar += 1

    # The path of one bar

    def _walk(self, opened: float, high: float, low: float, close: float) -> None:
        self._jump(opened)
        if close > opened:
            self._fall(low)
            self._climb(high)
            self._fall(close)
        else:
            self._climb(high)
            self._fall(low)
            self._climb(close)

    def _jump(self, opened: float) -> None:
        """From the close before to the open: resting orders trade at the exchange before the bot sees the price."""
        book, reached = self._book, self._reached
        self._cursor = opened
        while True:
            if reached(book.best_bid(), opened):
                self._take(book.take_bid(), jumped=True)
            elif reached(opened, book.best_ask()):
                self._take(book.take_ask(), jumped=True)
            elif opened <= self._stop or opened >= self._rise:
                self._tell()
            else:
                return
            self._cursor = opened

    def _fall(self, to: float) -> None:
        book, reached = self._book, self._reached
        while True:
            bid, stop = book.best_bid(), self._stop
            if reached(bid, to) and reached(bid, stop):
                self._cursor = bid
                self._take(book.take_bid())
            elif stop >= to:
                self._cursor = min(stop, self._cursor)
                self._tell()
            else:
                self._cursor = to
                return

    def _climb(self, to: float) -> None:
        book, reached = self._book, self._reached
        while True:
            ask, rise = book.best_ask(), self._rise
            if reached(to, ask) and reached(rise, ask):
                self._cursor = ask
                self._take(book.take_ask())
            elif rise <= to:
                self._cursor = max(rise, self._cursor)
                self._tell()
            else:
                self._cursor = to
                return

    def _reached(self, higher: float, lower: float) -> bool:
        return higher >= lower if self._touch else higher > lower

    # What happens at a price

    def _take(self, resting: Resting, *, jumped: bool = False) -> None:
        """A resting order trades: at its own price, or at the open that jumped over it if that is the rule."""
        price = resting.order.price
        if price is None or (jumped and not self._at_limit):
            price = self._exact()
        elif not jumped:
            self._known = (self._cursor, price)
        self._trade(resting.order, resting.amount, price, self._market.maker_fee)
        self._settle()

    def _tell(self) -> None:
        """A watch was reached."""
        price, watches = self._exact(), (self._stop, self._rise)
        self._strategy.on_event(self._deal, Tick(self._at, price))
        if self._strategy.finished(self._deal, price):
            self._clear()
        else:
            self._ask_for_all()
            if (self._stop, self._rise) == watches:
                raise NeverRests(f"bar {self._bar}: the strategy waits for {price} and, told of it, still does.")
        self._settle()

    def _trade(self, order: Order, amount: Decimal, price: Decimal, rate: Decimal) -> None:
        deal, market = self._deal, self._market
        buying = order.side is Side.BUY
        fill = Fill(
            order=order.name,
            side=order.side,
            amount=amount,
            price=price,
            fee=amount * rate if buying else amount * price * rate,
            fee_asset=market.base if buying else market.quote,
            at=self._at,
            trade_id=str(len(self._rows)),
        )
        self._rows.append(_Row(self._bar, fill, len(self._done) + 1))
        deal.record(fill)
        strategy = self._strategy
        if strategy.finished(deal, price):
            self._clear()
            return
        names = strategy.touched(deal, fill)
        if names is None:
            self._ask_for_all()
        else:
            for name in names:
                self._want(name, strategy.order(deal, name))

    def _settle(self) -> None:
        """Let everything that trades at once do so, and deals that are over make room for the next."""
        for _ in range(_MOST_ROUNDS):
            if self._due:
                self._trade_at_once(self._due.pop(0))
            elif self._over:
                self._next_deal()
            else:
                return
        raise NeverRests(f"bar {self._bar}: the orders trade at once, again and again; widen the take profit.")

    def _trade_at_once(self, name: str) -> None:
        order = self._strategy.order(self._deal, name)
        if order is None or name in self._book.by_name:
            return
        market, price, deal = self._market, self._exact(), self._deal
        free = ZERO if order.side is Side.BUY else deal.held - self._book.offered
        amount = to_place(order, deal.filled(name), market, free=free, last_price=price)
        if amount is None:
            return
        if order.side is Side.BUY:
            price = market.price_up(price * (ONE + self._slippage)) if self._slippage else price
        elif self._slippage:
            price = market.price_down(price * (ONE - self._slippage))
        self._trade(order, amount, price, market.taker_fee)

    # What should be on the book

    def _ask_for_all(self) -> None:
        wanted = {order.name: order for order in self._strategy.orders(self._deal)}
        if self._book.by_name:
            for name in self._book.by_name.keys() - wanted.keys():
                self._book.remove(name)
        for name, order in wanted.items():
            self._want(name, order)
        self._stop, self._rise = -NEVER, NEVER
        for watch in self._strategy.watches(self._deal):
            if isinstance(watch, Alarm):
                continue
            if watch.crossing is Crossing.BELOW:
                self._stop = max(self._stop, float(watch.price))
            else:
                self._rise = min(self._rise, float(watch.price))

    def _want(self, name: str, order: Order | None) -> None:
        """Bring one order's place on the book into line with what is wanted of it."""
        resting = self._book.by_name.get(name)
        if resting is not None:
            if same(order, resting.order):
                return
            self._book.remove(name)
        if order is None:
            return
        if order.price is None:
            self._due.append(name)
            return
        deal, buying = self._deal, order.side is Side.BUY
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
            self._due.append(name)
        else:
            self._book.add(order, amount, price)

    def _clear(self) -> None:
        """Nothing is left to do in this deal: what is on the book goes, and the next deal may open."""
        self._book.clear()
        self._due.clear()
        self._stop, self._rise = -NEVER, NEVER
        self._over = True

    def _exact(self) -> Decimal:
        """The price at which the path stands. A float's shortest text is the price that it was made from."""
        cursor, price = self._known
        if cursor != self._cursor:
            price = Decimal(repr(self._cursor))
            self._known = (self._cursor, price)
        return price

    # Deals

    def _next_deal(self) -> None:
        deal = self._deal
        dust = deal.dust
        self._done.append(self._summary(deal, dust, self._bar))
        carried = NOTHING_CARRIED if deal.ending is Ending.CANCELLED else dust
        self._deal = Deal(market=self._market, price=self._exact(), carried=carried)
        self._opened = (self._bar, self._at)
        self._over = False
        self._ask_for_all()

    def _summary(self, deal: Deal, held: Carried, closed_bar: int | None) -> DealDone:
        bar, at = self._opened
        over = closed_bar is not None
        return DealDone(
            number=len(self._done) + 1,
            market=self._market.symbol,
            opened_bar=bar,
            opened_at=at,
            closed_bar=closed_bar,
            closed_at=self._at if over else None,
            ending=(deal.ending or "take profit") if over else "",
            averaging_orders=sum(name.startswith("averaging") for name in deal.by_order),
            invested=deal.tally.cost,
            realised=deal.realised,
            held=held.amount,
            cost_of_held=held.cost,
        )

    def _result(self) -> Result:
        deals = [*self._done, self._summary(self._deal, self._deal.dust, None)]
        times = self._candles.opened_at
        fills = [
            Filled(
                bar=row.bar,
                at=int(times[row.bar]),
                side=row.fill.side.value,
                price=row.fill.price,
                amount=row.fill.amount,
                fee=row.fill.fee,
                fee_asset=row.fill.fee_asset,
                order=row.fill.order,
                deal=row.deal,
                market=self._market.symbol,
            )
            for row in self._rows
        ]
        return Result(market=self._market.symbol, fills=fills, deals=deals, warnings=[])
