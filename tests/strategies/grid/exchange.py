"""A desk at which a test fills a grid's orders one by one."""

from decimal import Decimal as D

from strategies.deal import NOTHING_CARRIED, Deal
from strategies.events import Tick
from strategies.grid import Grid, Spacing
from strategies.market import Market
from strategies.orders import Fill, Side

MARKET = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.0001"), min_notional=D(5))
FIVE = Grid(lower=D(90), upper=D(110), lines=5, quote_a_line=D(100), spacing=Spacing.ARITHMETIC)


class Desk:
    """One deal of a grid; its fees come out of what is received."""

    def __init__(self, grid, price, market=MARKET, state=None):
        self.grid, self.market, self.price = grid, market, D(price)
        carried = grid.given(self.price, market) or NOTHING_CARRIED
        self.deal = Deal(market=market, price=self.price, carried=carried, state=state)
        self.fills = []

    @property
    def wanted(self):
        return list(self.grid.orders(self.deal))

    def order(self, name):
        return self.grid.order(self.deal, name)

    def missing(self, name):
        return self.order(name).amount - self.deal.filled(name)

    def start(self):
        """Buy what the start wants, if anything."""
        for order in self.wanted:
            if order.name == "start":
                self.fill("start", order.amount, self.price)

    def fill(self, name, amount, price):
        """A trade of the order called `name`."""
        self.price, order = D(price), self.order(name)
        assert amount <= order.amount - self.deal.filled(name)
        self.record(order, amount)

    def record(self, order, amount):
        """A trade, wanted or not: at its limit or at the price of now."""
        rate = self.market.taker_fee if order.price is None else self.market.maker_fee
        buying = order.side is Side.BUY
        fill = Fill(
            order=order.name,
            side=order.side,
            amount=amount,
            price=self.price,
            fee=amount * rate * (1 if buying else self.price),
            fee_asset=self.market.base if buying else self.market.quote,
            at=len(self.fills),
            trade_id=str(len(self.fills)),
        )
        self.fills.append(fill)
        assert self.deal.record(fill)
        assert self.deal.held >= 0

    def move(self, price):
        """The market moves, and nothing trades."""
        self.price = D(price)
        self.grid.on_event(self.deal, Tick(0, self.price))


def prices(grid, market=MARKET):
    """All lines of a grid, rising."""
    line = grid.plan(D(100), market).line
    return [line(number) for number in range(grid.lines)]
