"""A second reading of what a grid's backtest means, bar by bar: lines, turns and a list of open orders.

It shares nothing with engine, strategy or deal but the market's numbers and the settings' fields, and asks the bot one
question only: the largest order that it may send. Slow and plain on purpose: after everything that happens it works
out every order anew.
"""

from decimal import Decimal as D
from functools import cache

FAR = 1000


def down(value, step):
    return value - value % step


def up(value, step):
    over = value % step
    return value if not over else value - over + step


def exact(number):
    return D(repr(number))


class Paper:
    """The grid on paper: lines, amounts, what is allowed."""

    def __init__(self, bot, market, start):
        self.bot, self.market, self.price = bot, market, start
        self.fee = market.maker_fee
        self.cells = None if bot.step is not None else bot.lines - 1
        self.line, self.bought, self.sold = cache(self.line_at), cache(self.bought_at), cache(self.sold_at)
        self.fine, self.asked = cache(self.is_fine), cache(self.asks)
        self.first = 0
        while self.line(self.first) < start and self.first != (FAR if self.cells is None else self.cells):
            self.first += 1

    def line_at(self, k):
        bot = self.bot
        if self.cells is None:
            price = bot.lower * (1 + bot.step) ** k
        elif bot.spacing == "arithmetic":
            price = bot.lower + (bot.upper - bot.lower) / self.cells * k
        else:
            price = bot.lower * ((bot.upper / bot.lower) ** (D(1) / self.cells)) ** k
        return down(price, self.market.tick_size)

    def bought_at(self, k):
        lot, bot, low = self.market.lot_size, self.bot, self.line(k)
        if self.cells is None:
            return down(bot.quote_a_line / low, lot)
        if bot.above == "trail" and k >= self.cells:
            same = k % self.cells
            return down(self.bought(same) * self.line(same) / low, lot)
        return up(bot.base_a_line if bot.base_a_line is not None else bot.quote_a_line / low, lot)

    def sold_at(self, k):
        lot, amount = self.market.lot_size, self.bought(k)
        if self.bot.profit_in == "base":
            return up(amount * self.line(k) / (self.line(k + 1) * (1 - self.fee)), lot)
        return down(amount * (1 - self.fee), lot)

    def is_fine(self, k):
        """Whether orders of this cell can exist and bring something."""
        low, high, market = self.line(k), self.line(k + 1), self.market
        if low <= 0 or high - low < 2 * self.fee * high + market.tick_size:
            return False
        bought, sold = self.bought(k), self.sold(k)
        if sold < max(market.lot_size, market.min_amount) or sold * low < market.min_notional:
            return False
        return sold <= down(bought * (1 - self.fee), market.lot_size) and sold * high * (1 - self.fee) >= bought * low

    def allowed(self, k):
        bot = self.bot
        if k >= self.cells + FAR or k < -FAR:
            return False
        if k >= self.cells:
            return bot.above != "stay" and (bot.highest is None or self.line(k + 1) <= bot.highest) and self.fine(k)
        if k < 0:
            return bot.below != "stay" and (bot.lowest is None or self.line(k) >= bot.lowest) and self.fine(k)
        return True

    def coins_needed(self):
        if self.cells is None:
            value = self.bot.quote_a_line * (1 + self.bot.step) / self.bot.step
            return up(value / self.line(self.first), self.market.lot_size)
        return sum((self.sold(k) for k in range(self.first, self.cells)), D(0))

    def at_start(self):
        market = self.market
        missing = self.coins_needed() - (self.bot.coins_held or 0)
        if missing <= 0:
            return D(0)
        smallest = max(market.lot_size, market.min_amount, market.min_notional / self.price * D("1.1"))
        return up(max(missing / (1 - market.taker_fee), smallest), market.lot_size)

    def asks(self):
        """Quote that the bot asks for."""
        cost, bot = lambda k: self.bought(k) * self.line(k), self.bot
        total = self.at_start() * self.price + sum(cost(k) for k in range(self.first))
        if self.cells is None:
            return total
        k = -1
        while self.allowed(k):
            total, k = total + cost(k), k - 1
        if bot.above == "expand" or (bot.above == "trail" and bot.below != "stay"):
            k = self.cells
            while self.allowed(k):
                total, k = total + cost(k), k + 1
        return total


class GridWalk:
    """Fills as (bar, side, price, amount, order)."""

    def __init__(self, bot, market, candles, *, touch, at_limit):
        self.bot, self.market, self.candles = bot, market, candles
        self.touch, self.at_limit = touch, at_limit
        self.fills, self.book, self.ended = [], {}, None
        self.holding = {}  # by cell: whether it has its coins
        self.lowest_quote = D(0)

    def run(self):
        columns = (self.candles.open, self.candles.high, self.candles.low, self.candles.close)
        bars = [tuple(map(exact, bar)) for bar in zip(*(c.tolist() for c in columns), strict=True)]
        self.begin(bars[0][0])
        for self.bar, (opened, high, low, close) in enumerate(bars):
            if self.bar:
                self.jump(opened)
            rising = close > opened
            for vertex, move in (
                (low if rising else high, self.fall if rising else self.climb),
                (high if rising else low, self.climb if rising else self.fall),
                (close, self.fall if rising else self.climb),
            ):
                move(vertex)
        return self.fills

    def begin(self, price):
        self.bar, self.price, self.paper = 0, price, Paper(self.bot, self.market, price)
        paper = self.paper
        self.low, self.top = 0, paper.cells
        self.coins = self.given = self.bot.coins_held or D(0)
        self.quote = D(0)  # less what was spent
        if amount := paper.at_start():
            self.trade("buy", price, amount, "start", self.market.taker_fee)
        self.place()

    def holds(self, k):
        inside = k >= self.paper.first and (self.paper.cells is None or k < self.paper.cells)
        return self.holding.get(k, inside)

    # Orders

    def wanted(self):
        """By name: (side, price, amount, cell)."""
        paper, most = self.paper, self.bot.active_lines
        buys, sells = [], []
        if paper.cells is None:
            ahead, k = most or 10, 0
            while len(sells) < ahead and (k <= paper.first or paper.fine(k)) and k < paper.first + FAR:
                (sells if self.holds(k) else buys).append(k)
                k += 1
        else:
            for k in range(self.low, self.top):
                (sells if self.holds(k) else buys).append(k)
        if most is not None:
            buys, sells = buys[-most:], sells[:most]
        found = [("buy", k, paper.line(k), paper.bought(k)) for k in buys]
        found += [("sell", k, paper.line(k + 1), paper.sold(k)) for k in sells]
        if most is None and paper.cells is not None:
            found.sort(key=lambda each: each[1])
        return {named(side, k): (side, price, amount, k) for side, k, price, amount in found}

    def place(self):
        """Bring the book into line, and let what crosses the price trade at once, what was placed first before."""
        crossing = []
        while not self.ended:
            wanted = self.wanted()
            self.book = {name: order for name, order in self.book.items() if wanted.get(name) == order}
            for name, order in wanted.items():
                side, price, amount, _ = order
                if name in self.book or name in crossing:
                    continue
                assert side == "buy" or amount + self.offered() <= self.coins, "it would sell what it does not have"
                if price >= self.price if side == "buy" else price <= self.price:
                    crossing.append(name)
                else:
                    self.book[name] = order
            crossing = [name for name in crossing if name in wanted]
            if not crossing:
                return
            name = crossing.pop(0)
            side, _, amount, k = wanted[name]
            self.trade(side, self.price, amount, name, self.market.taker_fee)
            self.holding[k] = side == "buy"

    def offered(self):
        return sum((order[2] for order in self.book.values() if order[0] == "sell"), D(0))

    def take(self, name, price):
        side, _, amount, k = self.book.pop(name)
        self.trade(side, price, amount, name, self.market.maker_fee)
        self.holding[k] = side == "buy"
        self.place()

    def trade(self, side, price, amount, name, rate):
        self.fills.append((self.bar, side, price, amount, name))
        if side == "buy":
            self.coins += amount - amount * rate
            self.quote -= amount * price
        else:
            self.coins -= amount
            self.quote += amount * price - amount * price * rate
        assert self.coins >= 0
        self.lowest_quote = min(self.lowest_quote, self.quote)

    # Prices that matter

    def below(self):
        found = [] if self.bot.stop_below is None else [self.bot.stop_below]
        if self.paper.cells is not None and self.falls():
            found.append(self.paper.line(self.low - 1))
        return max(found, default=D("-Infinity"))

    def above(self):
        found = [] if self.bot.stop_above is None else [self.bot.stop_above]
        found += self.targets()
        if self.paper.cells is not None and self.rises():
            found.append(self.paper.line(self.top + 1))
        return min(found, default=D("Infinity"))

    def rises(self):
        how = self.bot.above
        return self.paper.allowed(self.top) and (how == "expand" or (how == "trail" and not self.holds(self.low)))

    def falls(self):
        return self.bot.below != "stay" and self.paper.allowed(self.low - 1)

    def targets(self):
        bot = self.bot
        if bot.take_profit_price is not None:
            yield bot.take_profit_price
        if bot.take_profit is not None:
            put_in = self.paper.asked() + self.given * self.paper.price
            missing = bot.take_profit * put_in + self.given * self.paper.price - self.quote
            if missing <= 0:
                yield self.market.tick_size
            elif self.coins > 0:
                yield up(missing / (self.coins * (1 - self.market.taker_fee)), self.market.tick_size)

    def hear(self):
        """The price stands where something is to happen."""
        bot, price = self.bot, self.price
        if bot.stop_below is not None and price <= bot.stop_below:
            self.end(bot.stop_below_action)
        elif bot.stop_above is not None and price >= bot.stop_above:
            self.end(bot.stop_above_action)
        elif any(price >= target for target in self.targets()):
            self.end("sell")
        else:
            while self.rises() and price >= self.paper.line(self.top + 1):
                self.low, self.top = self.low + (bot.above == "trail"), self.top + 1
            while self.falls() and price <= self.paper.line(self.low - 1):
                self.low, self.top = self.low - 1, self.top - (bot.below == "trail")
            self.place()

    def end(self, action):
        self.ended, self.book = action, {}
        market, price, lot = self.market, self.price, self.market.lot_size
        cap = self.paper.asked() + self.quote
        limit = up(price * D("1.005"), market.tick_size)
        lacking = self.given - self.coins
        if action == "sell" or (action == "close" and lacking < 0):
            self.exit("sell", down(self.coins - (self.given if action == "close" else 0), lot))
        elif action in ("buy", "close"):
            most = down(min(cap, self.bot.largest_order(self.paper.price, market)) / limit, lot)
            self.exit("buy", most if action == "buy" else min(most, up(lacking / (1 - market.taker_fee), lot)))

    def exit(self, side, amount):
        if amount >= max(self.market.lot_size, self.market.min_amount) and amount * self.price >= max(
            self.market.min_notional, D("1e-9")
        ):
            name = "close" if side == "sell" else "stop-buy"
            self.trade(side, self.price, amount, name, self.market.taker_fee)

    # The path

    def reached(self, higher, lower):
        return higher >= lower if self.touch else higher > lower

    def best(self, side):
        orders = [(order[1], name) for name, order in self.book.items() if order[0] == side]
        return (max if side == "buy" else min)(orders, default=None)

    def stands_within_reach(self):
        """Whether the price of now is one that the bot waits for: an order that traded may have brought it there."""
        return self.price <= self.below() or self.price >= self.above()

    def jump(self, opened):
        self.price = opened
        while not self.ended:
            bid, ask = self.best("buy"), self.best("sell")
            if bid and self.reached(bid[0], opened):
                self.take(bid[1], bid[0] if self.at_limit else opened)
            elif ask and self.reached(opened, ask[0]):
                self.take(ask[1], ask[0] if self.at_limit else opened)
            elif self.stands_within_reach():
                self.hear()
            else:
                return

    def fall(self, to):
        while not self.ended:
            bid, level = self.best("buy"), self.below()
            if self.stands_within_reach():
                self.hear()
            elif bid and self.reached(bid[0], to) and self.reached(bid[0], level):
                self.price = bid[0]
                self.take(bid[1], bid[0])
            elif level >= to:
                self.price = min(level, self.price)
                self.hear()
            else:
                self.price = to
                return

    def climb(self, to):
        while not self.ended:
            ask, level = self.best("sell"), self.above()
            if self.stands_within_reach():
                self.hear()
            elif ask and self.reached(to, ask[0]) and self.reached(level, ask[0]):
                self.price = ask[0]
                self.take(ask[1], ask[0])
            elif level <= to:
                self.price = max(level, self.price)
                self.hear()
            else:
                self.price = to
                return


def named(side, k):
    return f"{side}-{k}" if k >= 0 else f"{side}-below-{-k}"
