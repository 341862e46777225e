"""A second reading of what a TWAP does, bar by bar: no deal, no state, no strategy code, fractions instead of decimals."""

from decimal import Decimal as D
from fractions import Fraction as F


def walk(bot, market, candles, *, touch, at_limit):
    """Fills as (bar, side, price, amount)."""
    return TwapWalk(bot, market, candles, touch, at_limit).run()


class TwapWalk:
    def __init__(self, bot, market, candles, touch, at_limit):
        self.bot, self.market, self.touch, self.at_limit = bot, market, touch, at_limit
        columns = (candles.opened_at, candles.open, candles.high, candles.low, candles.close)
        self.bars = list(zip(*(column.tolist() for column in columns), strict=True))
        self.buying = bot.side == "buy"
        self.in_quote = bot.quote is not None
        self.total = F(bot.quote if self.in_quote else bot.base)
        self.limit = None
        if bot.worst_price is not None:
            ticks, over = divmod(bot.worst_price, market.tick_size)
            self.limit = (ticks + (1 if over and not self.buying else 0)) * market.tick_size
        self.done, self.missed, self.slice, self.resting = F(0), F(0), 0, False
        self.fills = []

    def run(self):
        start, opened = self.bars[0][0], D(repr(self.bars[0][1]))
        if self.buying:
            self.coins = None
        elif self.in_quote:
            self.coins = self.lots(self.total / F(self.limit or opened), up=True)
        else:
            self.coins = self.lots(self.total)
        last = F(1000 * self.bot.duration)
        bars = self.bars
        for self.bar, (at, *ohlc) in enumerate(bars):
            opened, high, low, close = (D(repr(number)) for number in ohlc)
            self.price = opened
            if self.bar:
                self.rest_trades(opened, self.limit if self.at_limit else opened)
            passed = F(at - start)
            if passed >= last or (self.bar and not self.order(self.total)):
                return self.fills
            number = int(passed * self.bot.slices / last) + 1
            if number > self.slice:
                self.begin(number, opened)
            for self.price in (low, high, close) if close > opened else (high, low, close):
                self.rest_trades(self.price, self.limit)
        return self.fills

    def begin(self, number, price):
        if self.bot.missed == "skip" and self.slice:
            # Skipped: the shares of slices that never began, and an order's worth that was left of the one before.
            self.missed += self.total / self.bot.slices * (number - 1 - self.slice)
            if self.order(self.until):
                self.missed += self.until - self.done
        self.slice, self.reference = number, price
        self.until = min(self.total * number / self.bot.slices - self.missed, self.total)
        rest = (self.total - self.until) / (F(price) if self.in_quote else 1)
        if not self.big_enough(self.lots(rest), price):
            self.until = self.total
        self.trade_now()

    def trade_now(self):
        """As long as the market is no worse than the limit, what is missing trades where it stands."""
        while amount := self.order(self.until):
            if self.limit is not None and (self.price > self.limit if self.buying else self.price < self.limit):
                self.resting = True
                return
            self.fill(self.price, amount)
        self.resting = False

    def order(self, until):
        """Lots that are missing until then; 0 if they make no order."""
        missing = until - self.done
        if self.in_quote:
            missing /= F(self.reckoned())
        amount = self.lots(max(missing, F(0)))
        if not self.buying:
            amount = min(amount, self.coins)
        return amount if self.big_enough(amount, self.limit or self.reference) else 0

    def reckoned(self):
        if self.limit is None:
            return self.reference
        return self.limit if self.buying else max(self.limit, self.reference)

    def rest_trades(self, price, at):
        if not self.resting:
            return
        if self.buying:
            reached = price <= self.limit if self.touch else price < self.limit
        else:
            reached = price >= self.limit if self.touch else price > self.limit
        if reached:
            self.fill(at, self.order(self.until))
            self.trade_now()

    def fill(self, price, amount):
        self.fills.append((self.bar, "buy" if self.buying else "sell", price, amount))
        self.done += F(amount) * F(price) if self.in_quote else F(amount)
        if not self.buying:
            self.coins -= amount

    def lots(self, amount, *, up=False):
        lot = F(self.market.lot_size)
        count = -(-amount // lot) if up else amount // lot
        return D(int(count)) * self.market.lot_size

    def big_enough(self, amount, price):
        market = self.market
        return amount >= max(market.lot_size, market.min_amount) and amount * price >= market.min_notional
