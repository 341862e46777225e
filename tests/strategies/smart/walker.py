"""A second reading of what a SmartTrade means, bar by bar, with nothing of the engine or the strategy in it.

Every bar is walked, levels are plain lists, and the position is a few numbers. Slow and plain on purpose.
"""

from decimal import Decimal as D

from tests.strategies.backtest.walker import down, repr_price, up


class ExitWalk:
    """How a position is left: to be told prices. Orders trade whole, so a step is done or not."""

    def __init__(self, bot, market, *, long):
        self.bot, self.market, self.long = bot, market, long
        self.stop = bot.stop_loss
        self.best = self.peak = self.since = None
        self.done, self.at_market, self.ended = set(), set(), False

    def taken(self, price, coins, cost):
        """The entry traded: `coins` can be sold, or have to be bought back, and each has this cost."""
        self.price, self.cost = price, cost
        self.parts, rest, weight = {}, coins, sum((s.share for s in self.bot.take_profit), D(0))
        for number, step in enumerate(self.bot.take_profit, 1):
            last = number == len(self.bot.take_profit)
            self.parts[number] = rest if last else down(rest * step.share / weight, self.market.lot_size)
            rest -= self.parts[number]
            weight -= step.share

    def target(self, profit, fee):
        tick = self.market.tick_size
        if self.long:
            return up(self.cost * (1 + profit) / (1 - fee), tick)
        return down(self.cost * (1 - profit) * (1 - fee), tick)

    def behind(self, price, share):
        tick = self.market.tick_size
        return down(price * (1 - share), tick) if self.long else up(price * (1 + share), tick)

    def step_price(self, number):
        step, tick = self.bot.take_profit[number - 1], self.market.tick_size
        if step.price is not None:
            return up(step.price, tick) if self.long else down(step.price, tick)
        return self.target(step.profit, self.market.maker_fee if step.order == "limit" else self.market.taker_fee)

    def open_steps(self):
        return [number for number in self.parts if number not in self.done]

    def trails(self, number):
        return self.bot.trailing is not None and number == len(self.bot.take_profit)

    def limits(self):
        """(number, price, amount) of steps that rest on the book."""
        return [
            (number, self.step_price(number), self.parts[number])
            for number in self.open_steps()
            if not self.trails(number) and self.bot.take_profit[number - 1].order == "limit"
        ]

    def sent(self):
        """Steps that are sent at market now."""
        return [(number, None, self.parts[number]) for number in self.open_steps() if number in self.at_market]

    def armed(self, number):
        """Whether the last step follows the price: its best lies beyond the step's price, which may have moved."""
        return self.peak is not None and self.past(self.peak, self.step_price(number))

    def awaits(self, number):
        """Whether a step that is sold at market has not been sent yet."""
        return number not in self.at_market

    def send(self, number):
        self.at_market.add(number)

    def basis(self):
        """What the stop loss is measured from."""
        return self.price

    def stop_level(self):
        if self.stop is None:
            return None
        levels = []
        if self.stop.trailing:
            levels.append(self.behind(self.best_seen(), self.stop.loss))
        elif self.stop.loss is not None:
            levels.append(self.behind(self.basis(), self.stop.loss))
        elif self.stop.price is not None:
            levels.append(self.behind(self.stop.price, D(0)))
        after = self.stop.break_even_after
        if after is not None and any(number >= after for number in self.passed()):
            levels.append(self.target(D(0), self.market.taker_fee))
        if not levels:
            return None
        return max(levels) if self.long else min(levels)

    def best_seen(self):
        if self.best is None:
            return self.basis()
        return max(self.best, self.basis()) if self.long else min(self.best, self.basis())

    def passed(self):
        """Steps that count as sold for the break-even."""
        return self.done

    def recovery(self):
        tick = self.market.tick_size
        return self.stop_level() + tick if self.long else self.stop_level() - tick

    def waits_for(self):
        """(levels ahead, levels behind, bests to be told of, alarms)."""
        ahead, back, bests, alarms = [], [], [], []
        for number in self.open_steps():
            if self.trails(number):
                if not self.armed(number):
                    ahead.append(self.step_price(number))
                else:
                    back.append(self.behind(self.peak, self.bot.trailing))
                    bests.append(self.peak)
            elif self.bot.take_profit[number - 1].order == "market" and self.awaits(number):
                ahead.append(self.step_price(number))
        level = self.stop_level()
        if level is not None and self.since is not None:
            ahead.append(self.recovery())
            alarms.append(self.since + 1000 * self.stop.timeout)
        elif level is not None:
            back.append(level)
            if self.stop.trailing:
                bests.append(self.best_seen())
        return ahead, back, bests, alarms

    def past(self, price, level):
        return price >= level if self.long else price <= level

    def tell(self, price, at):
        for number in self.open_steps():
            if self.trails(number):
                self.tell_trailing(price, number)
            elif self.bot.take_profit[number - 1].order == "market" and self.past(price, self.step_price(number)):
                self.send(number)
        if not self.ended and self.stop_level() is not None:
            self.tell_stop(price, at, self.stop_level())

    def tell_trailing(self, price, number):
        if not self.armed(number):
            if self.past(price, self.step_price(number)):
                self.peak = price
        elif self.past(self.behind(self.peak, self.bot.trailing), price):
            self.ended = "take profit"
        elif self.past(price, self.peak):
            self.peak = price

    def tell_stop(self, price, at, level):
        if self.since is not None and self.past(price, self.recovery()):
            self.since = None
        elif self.since is None and self.past(level, price):
            self.since = at
        if self.stop.trailing:
            self.best = price if self.past(price, self.best_seen()) else self.best_seen()
        if self.since is not None and at >= self.since + 1000 * self.stop.timeout:
            self.ended = "stop loss"
            if self.stop.order == "limit":
                self.ended_limit = self.behind(level, self.stop.limit)

    ended_limit = None


class PathWalk:
    """The path of the bars: orders and levels are met in the order in which the price comes to them."""

    def __init__(self, market, candles, *, touch, at_limit):
        self.market, self.candles, self.touch, self.at_limit = market, candles, touch, at_limit
        self.fills, self.over = [], False
        self.resting, self.due, self.placed = {}, [], 0

    def run(self):
        columns = (self.candles.open, self.candles.high, self.candles.low, self.candles.close)
        bars = list(zip(*(column.tolist() for column in columns), strict=True))
        for self.bar, (opened, high, low, close) in enumerate(bars):
            self.at = int(self.candles.opened_at[self.bar])
            self.price = repr_price(opened)
            if self.bar == 0:
                self.begin()
            else:
                self.jump(self.price)
            self.hear()
            rises = close > opened
            for number, vertex in enumerate((low, high, close) if rises else (high, low, close)):
                self.move(repr_price(vertex), falls=(number % 2 == 0) is rises)
                if self.over:
                    return self.fills
        return self.fills

    def hear(self):
        """What comes from outside at a bar's open."""

    def reached(self, higher, lower):
        return higher >= lower if self.touch else higher > lower

    def orders(self):
        """[(name, side, price, amount, what to call when it has traded)]; price None: at market."""
        raise NotImplementedError

    def levels(self):
        """(prices below, prices above, bests to beat upwards, bests to beat downwards, alarms)."""
        raise NotImplementedError

    def tell(self):
        raise NotImplementedError

    def place(self):
        """Bring the book into line with what is wanted; what could trade where the price stands is due."""
        wanted = [] if self.over else self.orders()
        names = {order[0] for order in wanted}
        self.resting = {name: terms for name, terms in self.resting.items() if name in names}
        for name, side, price, amount, _ in wanted:
            if self.resting.get(name, (None, None))[:2] == (price, amount) and price is not None:
                continue
            self.resting.pop(name, None)
            if price is None or (price >= self.price if side == "buy" else price <= self.price):
                self.due.append(name)
            else:
                self.placed += 1
                self.resting[name] = (price, amount, self.placed)

    def settle(self):
        """What could trade where the price stands, when it is placed, does so as a taker."""
        self.place()
        while self.due:
            name = self.due.pop(0)
            order = next((order for order in self.orders() if order[0] == name), None)
            if not self.over and order is not None and name not in self.resting:
                self.trade(order, self.price, self.market.taker_fee)
                self.place()

    def trade(self, order, price, rate):
        name, side, _, amount, traded = order
        self.fills.append((self.bar, side, price, amount, name))
        self.resting.pop(name, None)
        traded(amount, price, rate)

    def best(self, side):
        """The order on the book that trades first: of those at one price the one placed first."""
        found = [order for order in self.orders() if order[1] == side and order[0] in self.resting]
        sign = -1 if side == "buy" else 1
        return min(found, key=lambda order: (sign * order[2], self.resting[order[0]][2]), default=None)

    def told(self):
        self.tell()
        self.settle()

    def take(self, order, price):
        self.trade(order, price, self.market.maker_fee)
        self.settle()

    def stands_within_reach(self):
        """Whether the price or time of now is one that the bot waits for: a fill may have brought it there."""
        below, above, peaks, troughs, alarms = self.levels()
        return (
            any(self.price <= level for level in below)
            or any(self.price >= level for level in above)
            or any(self.price > peak for peak in peaks)
            or any(self.price < trough for trough in troughs)
            or any(alarm <= self.at for alarm in alarms)
        )

    def jump(self, opened):
        while not self.over:
            self.price = opened
            bid, ask = self.best("buy"), self.best("sell")
            if bid and self.reached(bid[2], opened):
                self.take(bid, bid[2] if self.at_limit else opened)
            elif ask and self.reached(opened, ask[2]):
                self.take(ask, ask[2] if self.at_limit else opened)
            elif self.stands_within_reach():
                self.told()
            else:
                return

    def move(self, to, *, falls):
        while not self.over:
            below, above, peaks, troughs, _ = self.levels()
            order = self.best("buy" if falls else "sell")
            nearest = max(below, default=None) if falls else min(above, default=None)
            limit = None if order is None else order[2]
            hit = limit is not None and (self.reached(limit, to) if falls else self.reached(to, limit))
            first = nearest is None or (
                limit is not None and (self.reached(limit, nearest) if falls else self.reached(nearest, limit))
            )
            if self.stands_within_reach():
                self.told()
            elif hit and first:
                self.price = limit
                self.take(order, limit)
            elif nearest is not None and (nearest >= to if falls else nearest <= to):
                self.price = min(nearest, self.price) if falls else max(nearest, self.price)
                self.told()
            else:
                self.price = to
                if any(to < each for each in troughs) if falls else any(to > each for each in peaks):
                    self.told()
                return


class SmartWalk(PathWalk):
    """Fills as (bar, side, price, amount, order)."""

    def __init__(self, bot, market, candles, **rules):
        super().__init__(market, candles, **rules)
        self.bot = bot
        self.long = bot.side == "buy"
        self.entered = False
        self.sent_at = self.follows = None
        self.exit = ExitWalk(bot, market, long=self.long)
        self.left = D(0)
        self.given = D(0)

    def begin(self):
        bot = self.bot
        self.opened_at = self.at
        if bot.entry == "already held":
            self.left = bot.base_amount
            self.entered = True
            self.exit.taken(bot.price, down(self.left, self.market.lot_size), bot.price)
            self.exit.best = self.price
        elif bot.entry != "conditional":
            self.sent_at = self.price
        elif self.triggered():
            self.trigger()
        if not self.long:
            estimate = bot.price or (self.price if self.sent_at or self.follows else bot.trigger) or self.price
            self.given = self.amount(down(estimate, D("0.01")) if not bot.price else up(estimate, D("0.01")))
        self.settle()

    def triggered(self):
        return self.price <= self.bot.trigger if self.bot.crossing == "at or below" else self.price >= self.bot.trigger

    def trigger(self):
        if self.bot.entry_trailing is None:
            self.sent_at = self.price
        else:
            self.follows = self.price

    def amount(self, price):
        coins = self.bot.base_amount if self.bot.base_amount is not None else self.bot.quote_amount / price
        return down(coins, self.market.lot_size)

    def turn(self):
        share, tick = self.bot.entry_trailing, self.market.tick_size
        return up(self.follows * (1 + share), tick) if self.long else down(self.follows * (1 - share), tick)

    def orders(self):
        exit_side = "sell" if self.long else "buy"
        if self.exit.ended:
            price = self.exit.ended_limit if self.exit.ended == "stop loss" else None
            return [("close", exit_side, price, self.to_exit(), self.closed)] if self.entered else []
        if self.entered:
            parts = sorted(self.exit.limits() + self.exit.sent())
            return [
                (f"take-profit-step-{number}", exit_side, price, amount, self.step_done(number))
                for number, price, amount in parts
            ]
        if self.sent_at is None:
            return []
        limit = self.bot.price
        if limit is not None:
            limit = down(limit, self.market.tick_size) if self.long else up(limit, self.market.tick_size)
        amount = self.amount(self.sent_at if limit is None else limit)
        if not self.long:
            amount = min(amount, self.given)
        return [("entry", "buy" if self.long else "sell", limit, amount, self.got_in)]

    def fee(self):
        return max(self.market.maker_fee, self.market.taker_fee)

    def got_in(self, amount, price, rate):
        self.entered = True
        if self.long:
            self.left = amount - amount * rate
            cost = amount * price / self.left
            self.exit.taken(price, down(self.left, self.market.lot_size), cost)
        else:
            self.left = amount
            cost = (amount * price - amount * price * rate) / amount
            self.exit.taken(price, self.to_exit(), cost)

    def to_exit(self):
        if self.long:
            return down(self.left, self.market.lot_size)
        return up(max(self.left, D(0)) / (1 - self.fee()), self.market.lot_size)

    def step_done(self, number):
        def traded(amount, price, rate):
            del price
            self.exit.done.add(number)
            self.left -= amount if self.long else amount * (1 - rate)
            self.over = not self.accepted(self.to_exit(), self.exit.step_price(len(self.bot.take_profit)))

        return traded

    def closed(self, amount, price, rate):
        del price
        self.left -= amount if self.long else amount * (1 - rate)
        self.over = True

    def accepted(self, amount, price):
        least = max(self.market.lot_size, self.market.min_amount)
        return amount > 0 and amount >= least and amount * price >= self.market.min_notional

    def levels(self):
        below, above, peaks, troughs, alarms = [], [], [], [], []
        if self.exit.ended:
            return below, above, peaks, troughs, alarms
        if self.bot.timeout is not None:
            alarms.append(self.opened_at + 1000 * self.bot.timeout)
        if self.entered:
            ahead, back, bests, more = self.exit.waits_for()
            alarms += more
            if self.long:
                return below + back, above + ahead, bests, troughs, alarms
            return below + ahead, above + back, peaks, bests, alarms
        if self.bot.entry == "conditional" and self.sent_at is None:
            if self.follows is not None:
                (above if self.long else below).append(self.turn())
                (troughs if self.long else peaks).append(self.follows)
            else:
                (below if self.bot.crossing == "at or below" else above).append(self.bot.trigger)
        return below, above, peaks, troughs, alarms

    def tell(self):
        if self.entered:
            self.exit.tell(self.price, self.at)
        elif self.bot.entry == "conditional" and self.sent_at is None:
            if self.follows is None:
                if self.triggered():
                    self.trigger()
            elif self.price >= self.turn() if self.long else self.price <= self.turn():
                self.sent_at = self.price
            elif self.price < self.follows if self.long else self.price > self.follows:
                self.follows = self.price
        if self.bot.timeout is not None and self.at >= self.opened_at + 1000 * self.bot.timeout:
            self.exit.ended = self.exit.ended or "timed out"
        if self.exit.ended and not (self.entered and self.accepted(self.to_exit(), self.price)):
            self.over = True
