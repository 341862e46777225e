"""A second reading of what a DCA backtest means, bar by bar and without index, heaps, deals or strategy code.

It shares nothing with the engine but the market's numbers and the settings' fields. Slow and plain on purpose.
"""

from decimal import Decimal as D


def down(value, step):
    return value - value % step


def up(value, step):
    over = value % step
    return value if not over else value - over + step


class DcaWalk:
    """Fills as (bar, side, price, amount, order)."""

    def __init__(self, bot, market, candles, *, touch, at_limit):
        self.bot, self.market = bot, market
        self.touch, self.at_limit = touch, at_limit
        self.candles = candles
        self.fills = []
        self.carried, self.carried_cost = D(0), D(0)

    def run(self):
        bars = list(zip(*(column.tolist() for column in self.columns()), strict=True))
        self.price = repr_price(bars[0][0])
        self.bar = 0
        self.open_deal()
        for self.bar, (opened, high, low, close) in enumerate(bars):
            vertices = (low, high, close) if close > opened else (high, low, close)
            self.jump(repr_price(opened))
            for vertex in vertices:
                self.move(repr_price(vertex))
        return self.fills

    def columns(self):
        return (self.candles.open, self.candles.high, self.candles.low, self.candles.close)

    # the deal

    def open_deal(self):
        market, bot = self.market, self.bot
        self.bought, self.fees, self.spent = D(0), D(0), D(0)
        self.sold = D(0)
        self.rungs = {}
        self.exit = None
        amount = up(bot.base_order / self.price, market.lot_size)
        if not self.accepted(amount, self.price):
            raise AssertionError("the walker was given a base order that is too small")
        self.base_price = self.price
        self.buy("base", amount, self.price, market.taker_fee)
        anchor = amount * self.price / (amount - amount * market.taker_fee)
        deviation, step, size = D(0), bot.step, bot.averaging_order
        for number in range(1, bot.averaging_orders + 1):
            deviation += step
            price = down(anchor * (1 - deviation), market.tick_size)
            if price > 0:
                rung = up(size / price, market.lot_size)
                if self.accepted(rung, price):
                    self.rungs[f"averaging-{number}"] = (price, rung)
            step *= bot.step_scale
            size *= bot.volume_scale
        self.place_exit()
        self.trade_at_once()

    def trade_at_once(self):
        """What was just placed and could trade where the price stands does so there, as a taker."""
        while True:
            ready = [name for name, (price, _) in self.rungs.items() if price >= self.price]
            if ready:
                name = min(ready, key=lambda each: int(each.split("-")[1]))
                _, amount = self.rungs.pop(name)
                self.buy(name, amount, self.price, self.market.taker_fee)
                self.place_exit()
            elif self.exit is not None and self.exit[0] <= self.price:
                self.sell("take-profit", self.exit[1], self.price, self.market.taker_fee)
            else:
                return

    def place_exit(self):
        market, bot = self.market, self.bot
        target = up(
            self.cost / self.received * (1 + bot.take_profit) / (1 - market.maker_fee),
            market.tick_size,
        )
        amount = down(self.received - self.sold, market.lot_size)
        self.exit = (target, amount) if self.accepted(amount, target) else None

    @property
    def received(self):
        return self.bought - self.fees + self.carried

    @property
    def cost(self):
        return self.spent + self.carried_cost

    def buy(self, name, amount, price, rate):
        self.note("buy", price, amount, name)
        self.bought += amount
        self.fees += amount * rate
        self.spent += amount * price

    def sell(self, name, amount, price, rate):
        del rate
        self.note("sell", price, amount, name)
        self.sold += amount
        left = self.received - self.sold
        self.carried, self.carried_cost = left, self.cost / self.received * left
        self.open_deal()

    def accepted(self, amount, price):
        market = self.market
        least = max(market.lot_size, market.min_amount)
        return amount > 0 and amount >= least and amount * price >= market.min_notional

    def note(self, side, price, amount, name):
        self.fills.append((self.bar, side, price, amount, name))

    # the path

    def reached(self, higher, lower):
        return higher >= lower if self.touch else higher > lower

    @property
    def stop(self):
        return (
            None
            if self.bot.stop_loss is None
            else down(self.base_price * (1 - self.bot.stop_loss), self.market.tick_size)
        )

    def best_rung(self):
        return max(self.rungs.items(), key=lambda item: (item[1][0], -int(item[0].split("-")[1])), default=None)

    def jump(self, opened):
        self.price = opened
        while True:
            rung = self.best_rung()
            if rung is not None and self.reached(rung[1][0], opened):
                self.fill_rung(rung, rung[1][0] if self.at_limit else opened)
            elif self.exit is not None and self.reached(opened, self.exit[0]):
                self.fill_exit(self.exit[0] if self.at_limit else opened)
            elif self.stop is not None and opened <= self.stop:
                self.stopped()
            else:
                return
            self.price = opened

    def move(self, to):
        while True:
            rung, stop = self.best_rung(), self.stop
            if rung is not None and self.reached(rung[1][0], to) and (stop is None or self.reached(rung[1][0], stop)):
                self.price = rung[1][0]
                self.fill_rung(rung, self.price)
            elif stop is not None and to <= stop:
                self.price = min(stop, self.price)
                self.stopped()
            elif self.exit is not None and self.reached(to, self.exit[0]):
                self.price = self.exit[0]
                self.fill_exit(self.price)
            else:
                self.price = to
                return

    def fill_rung(self, rung, price):
        name, (_, amount) = rung
        del self.rungs[name]
        self.buy(name, amount, price, self.market.maker_fee)
        self.place_exit()
        if self.exit is not None and self.exit[0] <= self.price:
            self.sell("take-profit", self.exit[1], self.price, self.market.taker_fee)

    def fill_exit(self, price):
        self.sell("take-profit", self.exit[1], price, self.market.maker_fee)

    def stopped(self):
        amount = down(self.received - self.sold, self.market.lot_size)
        if self.accepted(amount, self.price):
            self.sell("close", amount, self.price, self.market.taker_fee)
            return
        left = self.received - self.sold
        self.carried, self.carried_cost = left, self.cost / self.received * left
        self.open_deal()


def repr_price(number):
    return D(repr(number))
