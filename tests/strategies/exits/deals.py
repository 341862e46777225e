"""Deals of which the exits are asked: one coin bought at 100, or one sold short at 100."""

from decimal import Decimal as D

from strategies.deal import Carried, Deal
from strategies.events import Tick
from strategies.exits import NOTHING_SEEN, Position
from strategies.market import Market
from strategies.orders import Fill, Side

FREE = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.001"),
    min_notional=D(5),
    maker_fee=D(0),
    taker_fee=D(0),
)
FEES = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
START = 1_767_225_600_000


def fill(order="entry", side=Side.BUY, amount="1", price="100", fee="0", asset="USDT", trade="1"):
    return Fill(
        order=order,
        side=side,
        amount=D(amount),
        price=D(price),
        fee=D(fee),
        fee_asset=asset,
        at=START,
        trade_id=f"{order}-{trade}",
    )


def long_deal(*fills, market=FREE):
    return Deal.of(fills or [fill()], market=market, price=D(100), opened_at=START)


def short_deal(*fills, market=FREE, coins="1"):
    return Deal.of(
        fills or [fill(side=Side.SELL)],
        market=market,
        price=D(100),
        opened_at=START,
        opens=Side.SELL,
        carried=Carried(amount=D(coins), cost=D(coins) * 100),
    )


class Followed:
    """A deal's exits as a bot looks after them: it is told prices and fills."""

    def __init__(self, exits, deal):
        self.exits, self.deal, self.seen = exits, deal, NOTHING_SEEN

    @property
    def position(self):
        return Position.of(self.deal)

    def price(self, *prices, after=0):
        """Tell it prices, the first this many seconds after the start."""
        for number, price in enumerate(prices):
            tick = Tick(START + 1000 * (after + number), D(price))
            self.seen, ending = self.exits.told(self.deal, self.position, self.seen, tick)
            if ending:
                self.deal.end(ending)
        return self

    def fill(self, *args, **kwargs):
        self.deal.record(fill(*args, **kwargs))
        return self

    def orders(self):
        """(name, amount, price) of each."""
        if self.deal.ending:
            wanted = [self.exits.close(self.deal, self.seen)]
        else:
            wanted = self.exits.orders(self.deal, self.position, self.seen)
        return [(order.name, order.amount, order.price) for order in wanted]

    def stop(self):
        """Where the stop loss waits."""
        behind = self.position.behind
        levels = [each.price for each in self.awaited() if getattr(each, "crossing", None) is behind]
        return max(levels) if self.position.long else min(levels)

    def awaited(self):
        return list(self.exits.watches(self.deal, self.position, self.seen))
