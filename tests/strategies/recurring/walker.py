"""A second reading of recurring buys, bar by bar: the calendar by trying every hour, no deal, no strategy code."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D


def moments(bot, start, end):
    """Every moment of the bot's schedule after `start`, until `end`, found by looking at each hour."""
    then = datetime.fromtimestamp(start / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while (at := int(then.timestamp() * 1000) + bot.minute * 60_000) <= end:
        if at > start and is_due(bot, then):
            found.append(at)
        then += timedelta(hours=1)
    return found


def is_due(bot, then):
    last_of_month = (then + timedelta(days=1)).month != then.month
    return (
        bot.every == "hour"
        or (bot.every == "day" and then.hour == bot.hour)
        or (bot.every == "week" and then.hour == bot.hour and then.isoweekday() == bot.weekday)
        or (
            bot.every == "month"
            and then.hour == bot.hour
            and (then.day == bot.day or (last_of_month and then.day < bot.day))
        )
    )


class RecurringWalk:
    """Fills as (bar, side, price, amount, order)."""

    def __init__(self, bot, market, candles, *, touch, at_limit):
        self.bot, self.market, self.touch, self.at_limit = bot, market, touch, at_limit
        self.candles, self.fills = candles, []
        self.carried, self.carried_cost = D(0), D(0)

    def run(self):
        candles = self.candles
        columns = (candles.opened_at, candles.open, candles.high, candles.low, candles.close)
        bars = list(zip(*(column.tolist() for column in columns), strict=True))
        self.last = bars[-1][0]
        self.bar = 0
        self.open_deal(bars[0][0])
        for self.bar, (at, *ohlc) in enumerate(bars):
            opened, high, low, close = (D(repr(number)) for number in ohlc)
            self.at = at
            self.price = opened
            if self.bar and not self.over:
                self.rests_trade(opened, jumped=True)
                self.price = opened
                self.ring(opened)
            for vertex in (low, high, close) if close > opened else (high, low, close):
                self.rests_trade(vertex, jumped=False)
                self.price = vertex
        return self.fills

    def open_deal(self, at):
        self.moments = moments(self.bot, at, self.last)
        self.period, self.made = 0, 0
        self.bought = self.fees = self.spent = D(0)
        self.resting = self.exit = None  # (name, price, amount), (price, amount)
        self.over, self.reckoned = False, None
        self.unfilled = None  # the name of an order that expired goes on to the next

    def ring(self, price):
        """What is due at the open of this bar."""
        passed = [moment for moment in self.moments if moment <= self.at]
        if self.used_up() and self.resting is None:
            self.over = self.over or self.bot.take_profit is None
            return
        if len(passed) <= self.period:
            return
        self.period, self.resting = len(passed), None
        limit = price if self.bot.below is None else self.down(price * (1 - self.bot.below), self.market.tick_size)
        amount = self.amount(price, limit)
        if self.bot.late is not None and self.at - passed[-1] > self.bot.late * 60_000:
            amount = D(0)
        self.reckoned = limit
        if self.accepted(amount, limit):
            name = self.unfilled or f"buy-{self.period}"
            if self.bot.below is None:
                self.buy(name, price, amount, self.market.taker_fee)
            else:
                self.resting = (name, limit, amount)
                self.unfilled = name
        if self.used_up() and self.resting is None and self.bot.take_profit is None:
            self.over = True

    def amount(self, price, limit):
        bot = self.bot
        if self.used_up() or limit <= 0 or (bot.highest_price is not None and limit > bot.highest_price):
            return D(0)
        amount = bot.base if bot.quote is None else bot.quote / limit
        if bot.dip is not None and self.bought and price <= self.spent / self.bought * (1 - bot.dip):
            amount *= bot.dip_factor
        if bot.budget is not None:
            amount = min(amount, (bot.budget - self.spent) / limit)
        return self.down(max(amount, D(0)), self.market.lot_size)

    def used_up(self):
        bot = self.bot
        if bot.purchases is not None and self.made >= bot.purchases:
            return True
        if bot.budget is None or self.reckoned is None:
            return False
        left = self.down(max(bot.budget - self.spent, D(0)) / self.reckoned, self.market.lot_size)
        return not self.accepted(left, self.reckoned)

    # trades

    def buy(self, name, price, amount, rate):
        self.fills.append((self.bar, "buy", price, amount, name))
        self.bought += amount
        self.fees += amount * rate
        self.spent += amount * price
        self.made += 1
        self.unfilled = None
        if self.bot.take_profit is None:
            return
        held = self.received
        aim = (self.spent + self.carried_cost) / held * (1 + self.bot.take_profit) / (1 - self.market.maker_fee)
        aim, lots = -self.down(-aim, self.market.tick_size), self.down(held, self.market.lot_size)
        self.exit = (aim, lots) if self.accepted(lots, aim) else None
        if self.exit is not None and aim <= self.price:
            self.sell(self.price, self.market.taker_fee)

    def sell(self, price, rate):
        del rate
        amount = self.exit[1]
        self.fills.append((self.bar, "sell", price, amount, "take-profit"))
        left = self.received - amount
        self.carried, self.carried_cost = left, (self.spent + self.carried_cost) / self.received * left
        self.open_deal(self.at)

    @property
    def received(self):
        return self.bought - self.fees + self.carried

    def rests_trade(self, to, *, jumped):
        while True:
            if self.resting is not None and self.beyond(self.resting[1], to):
                name, limit, amount = self.resting
                self.resting = None
                self.price = to if jumped else limit
                self.buy(name, to if jumped and not self.at_limit else limit, amount, self.market.maker_fee)
            elif self.exit is not None and self.beyond(to, self.exit[0]):
                self.price = to if jumped else self.exit[0]
                self.sell(to if jumped and not self.at_limit else self.exit[0], self.market.maker_fee)
            else:
                return

    def beyond(self, higher, lower):
        return higher >= lower if self.touch else higher > lower

    def accepted(self, amount, price):
        market = self.market
        return amount >= max(market.lot_size, market.min_amount) and amount * price >= market.min_notional

    @staticmethod
    def down(value, step):
        return (value / step).to_integral_value(rounding="ROUND_FLOOR") * step
