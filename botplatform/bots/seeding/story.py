"""One made-up deal: a strategy's own orders on a market that moves as it likes, written down as rows.

The strategy is asked, as live, which orders there should be; the next one to fill is the nearest on the side to which
the price happens to go. What the strategy no longer wants is cancelled, what it wants otherwise has a next generation.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order
from botplatform.bots.sums.keeping import position
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.deal import Deal as DealState
from strategies.deal import Ending
from strategies.events import Signalled, Tick
from strategies.kinds import state_to_text
from strategies.orders import Fill as FillState
from strategies.orders import Order as Wanted
from strategies.orders import Side
from strategies.strategy import Strategy

_MOST_STEPS = 14
_SMALLEST = Decimal("1e-8")
_ODD = 0.004  # of the orders had something else happen to them first
_ODD_ENDS = (
    (Order.State.REJECTED, "exchange_refused: the exchange refused."),
    (Order.State.REFUSED, "no_reference: the signer has no fresh price of its own for this market."),
    (Order.State.ABSENT, "The exchange never had it."),
    (Order.State.EXPIRED, ""),
)


@dataclass(slots=True)
class Rows:
    """What was written down of one or more deals."""

    deals: list[Deal] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    events: list[BotEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a deal begins."""

    number: int
    price: Decimal
    at: datetime
    pace: timedelta  # about how long until something happens


class Story:
    """One deal as it is told; `rows` is where it is written."""

    def __init__(
        self, bot: Bot, market: Market, strategy: Strategy, start: Start, *, rows: Rows, random: Random
    ) -> None:
        self._bot, self._market, self._rules, self._strategy = bot, market, market.rules, strategy
        self._rows, self._random, self._pace = rows, random, start.pace
        self.at, self.price = start.at, start.price
        given = strategy.given(start.price, self._rules)
        self.row = Deal(
            id=uuid.uuid4(),
            owner_id=bot.owner_id,
            bot=bot,
            market=market,
            number=start.number,
            kind=bot.kind,
            settings=bot.settings,
            opens=strategy.opens_with,
            price=start.price,
            carried_amount=given.amount,
            carried_cost=given.cost,
            opened_at=start.at,
        )
        rows.deals.append(self.row)
        self._state = DealState.of(
            (), market=self._rules, price=start.price, opened_at=_ms(start.at), carried=given, opens=strategy.opens_with
        )
        self._live: dict[str, Order] = {}
        self._generations: dict[str, int] = {}
        self._say(f"Deal {start.number} opened on {market.symbol} at {written(start.price)}.")

    def tell(self, *, until_closed: bool, latest: datetime) -> None:
        """Let it happen: to its end, or to some moment in its middle if it does not come to its end before that."""
        if self._bot.kind == "signal":
            word = Signalled(wish="seeded", at=_ms(self.at), action="enter_long", price=self.price)
            self._strategy.on_event(self._state, word)
        steps = _MOST_STEPS if until_closed else self._random.randrange(1, 6)
        for _ in range(steps):
            self._wait(latest)
            if not self._step():
                break
        if not until_closed and not self._done():
            self._keep_up()
            self.row.memory = state_to_text(self._state.state)
            self.row.held, self.row.paid = position(self._state)
            self.row.realised = self._state.realised
            self.row.rank = float(self.row.realised)
            return
        if not self._done():
            self._state.end(Ending.AT_MARKET)
            self._wait(latest)
            self._step()
        self._close()

    def _step(self) -> bool:
        """One thing happens; whether there was anything left that could."""
        self._strategy.on_event(self._state, Tick(_ms(self.at), self.price))
        open_orders = self._keep_up()
        at_market = [order for order in open_orders if order.price is None]
        if at_market:
            self._fill(at_market[0])
        elif open_orders:
            self._fill(self._next(open_orders))
        else:
            self.price = self._rules.price_up(self.price * Decimal(f"{1 + self._random.gauss(0, 0.01):.6f}"))
        return not self._done()

    def _next(self, open_orders: list[Wanted]) -> Wanted:
        """The order that the price reaches first, up or down."""
        sells = [order for order in open_orders if order.side is Side.SELL]
        buys = [order for order in open_orders if order.side is Side.BUY]
        up = self._random.random() < 0.6  # noqa: PLR2004 - more often than not
        side = sells if (up and sells) or not buys else buys
        return min(side, key=lambda order: abs((order.price or self.price) - self.price))

    def _keep_up(self) -> list[Wanted]:
        """Bring the rows into line with what the strategy wants now; what can still fill of it."""
        wanted = {order.name: order for order in self._strategy.orders(self._state)}
        for name, row in list(self._live.items()):
            order = wanted.get(name)
            if order is None or order.amount != row.total or (order.price or row.price) != row.price:
                row.state, row.updated_at = Order.State.CANCELLED, self.at
                del self._live[name]
        open_orders = []
        for order in wanted.values():
            missing = order.amount - self._state.filled(order.name)
            if missing < self._rules.smallest:
                continue
            open_orders.append(order)
            if order.name not in self._live:
                if self._random.random() < _ODD:
                    row = self._placed(order, missing)
                    row.state, row.reason = self._random.choice(_ODD_ENDS)
                self._live[order.name] = self._placed(order, missing)
        return open_orders

    def _placed(self, order: Wanted, amount: Decimal) -> Order:
        generation = self._generations[order.name] = self._generations.get(order.name, 0) + 1
        row = Order(
            id=uuid.uuid4(),
            deal=self.row,
            owner_id=self._bot.owner_id,
            bot=self._bot,
            market=self._market,
            name=order.name,
            generation=generation,
            side=order.side,
            total=order.amount,
            at_market=order.price is None,
            amount=amount,
            price=self.price if order.price is None else order.price,
            state=Order.State.ACCEPTED,
            client_order_id=uuid.uuid4().hex,
            created_at=self.at,
            updated_at=self.at,
        )
        self._rows.orders.append(row)
        return row

    def _fill(self, order: Wanted) -> None:
        row = self._live.pop(order.name)
        self.price = row.price
        parts = [row.amount]
        half = self._rules.amount_down(row.amount / 2)
        if self._random.random() < 0.15 and half >= self._rules.smallest:  # noqa: PLR2004 - now and then in two trades
            parts = [half, row.amount - half]
        buying = order.side is Side.BUY
        for amount in parts:
            fee = amount * self._rules.maker_fee * (1 if buying else row.price)
            state = FillState(
                order=order.name,
                side=order.side,
                amount=amount,
                price=row.price,
                fee=fee,
                fee_asset=self._rules.base if buying else self._rules.quote,
                at=_ms(self.at),
                trade_id=uuid.uuid4().hex,
            )
            self._state.record(state)
            self._rows.fills.append(
                Fill(
                    order=row,
                    trade_id=state.trade_id,
                    amount=amount,
                    price=row.price,
                    fee=fee,
                    fee_asset=state.fee_asset,
                    maker=order.price is not None,
                    traded_at=self.at,
                    learned=len(self._rows.fills) + 1,
                )
            )
        row.state, row.filled, row.updated_at = Order.State.FILLED, row.amount, self.at

    def _done(self) -> bool:
        return self._state.started and self._strategy.finished(self._state, self.price)

    def _close(self) -> None:
        for row in self._live.values():
            row.state, row.updated_at = Order.State.CANCELLED, self.at
        self.row.closed_at = self.at
        self.row.ending = self._state.ending or ""
        self.row.memory = state_to_text(self._state.state)
        self.row.realised = self._state.realised.quantize(_SMALLEST)
        self.row.rank = float(self.row.realised)
        self._say(f"Deal {self.row.number} closed: {self.row.realised:+.4f} {self._rules.quote}.")

    def _say(self, text: str) -> None:
        self._rows.events.append(BotEvent(bot=self._bot, deal=self.row, at=self.at, text=text))

    def _wait(self, latest: datetime) -> None:
        self.at = min(latest, self.at + self._pace * self._random.uniform(0.2, 1.8))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
