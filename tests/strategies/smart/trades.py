"""A SmartTrade with one deal, told prices and wishes, its orders traded at their own prices."""

from decimal import Decimal as D

from strategies.deal import Carried, Deal
from strategies.events import Tick
from strategies.orders import Side
from strategies.strategy import NOTHING_CARRIED
from tests.strategies.exits.deals import FREE, START, fill


class Trade:
    """What a host does for a trade, without an exchange in between."""

    def __init__(self, bot, market=FREE, price="100"):
        self.bot, self.market = bot, market
        given = bot.given(D(price), market)
        self.deal = Deal(
            market=market,
            price=D(price),
            opened_at=START,
            opens=bot.opens_with,
            carried=Carried(amount=given.amount, cost=given.cost) if given else NOTHING_CARRIED,
        )
        self.last, self.trades = D(price), 0

    def price(self, *prices, after=1):
        """Tell it prices, the first this many seconds after the start."""
        for number, price in enumerate(prices):
            self.last = D(price)
            self.bot.on_event(self.deal, Tick(START + 1000 * (after + number), self.last))
        return self

    def tell(self, event):
        self.bot.on_event(self.deal, event)
        return self

    def wanted(self):
        return {order.name: order for order in self.bot.orders(self.deal)}

    def terms(self):
        """(name, amount, price) of what is missing of each order."""
        return [
            (order.name, order.amount - self.deal.filled(order.name), order.price)
            for order in self.bot.orders(self.deal)
            if order.amount > self.deal.filled(order.name)
        ]

    def trade(self, name, amount=None, price=None):
        """An order trades: all that is missing of it, at its own price or the last, with the market's fee."""
        order = self.wanted()[name]
        amount = order.amount - self.deal.filled(name) if amount is None else D(amount)
        price = D(price) if price is not None else (order.price or self.last)
        buying = order.side is Side.BUY
        self.trades += 1
        self.deal.record(
            fill(
                name,
                order.side,
                amount,
                price,
                fee=amount * self.market.taker_fee * (1 if buying else price),
                asset=self.market.base if buying else self.market.quote,
                trade=str(self.trades),
            )
        )
        return self

    @property
    def over(self):
        return self.bot.finished(self.deal, self.last)
