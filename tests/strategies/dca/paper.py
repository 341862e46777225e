"""A second reading of a DCA's formulas: which orders a deal should have, from the settings' fields and plain sums.

It shares nothing with the strategy, and works everything out anew each time it is asked.
"""

from decimal import Decimal as D

LONG = "long"


def down(value, step):
    return value - value % step


def up(value, step):
    over = value % step
    return value if not over else value - over + step


class Paper:
    """Of one bot on one market; `deal` has the sums of the open deal, `account` what all deals brought."""

    def __init__(self, bot, market, account):
        self.bot, self.market, self.account = bot, market, account
        self.deal = None
        self.long = bot.direction == LONG

    # rounding and sides

    def losing(self, anchor, fraction):
        tick = self.market.tick_size
        return down(anchor * (1 - fraction), tick) if self.long else up(anchor * (1 + fraction), tick)

    def winning(self, average, profit, fee):
        tick = self.market.tick_size
        if self.long:
            return up(average * (1 + profit) / (1 - fee), tick)
        return down(average * (1 - profit) * (1 - fee), tick)

    def at_least(self, price, level):
        """As good for the deal as `level`, or better."""
        return price >= level if self.long else price <= level

    def at_most(self, price, level):
        return price <= level if self.long else price >= level

    @property
    def entry(self):
        return "buy" if self.long else "sell"

    @property
    def exit(self):
        return "sell" if self.long else "buy"

    def accepted(self, amount, price):
        market = self.market
        least = max(market.lot_size, market.min_amount)
        return amount > 0 and amount >= least and amount * price >= market.min_notional

    def sizes(self):
        """Base order and averaging orders before rounding, with distances: (base, [(distance, size)])."""
        bot, account = self.bot, self.account
        unit = D(1)
        if bot.volume_in == "percent":
            unit = (account.balance + account.cash) / 100
        if bot.own_ladder:
            rows = [(row.deviation, row.size * unit) for row in bot.own_ladder]
        else:
            rows, distance, step, size = [], D(0), bot.step, bot.averaging_order
            for _ in range(bot.averaging_orders):
                distance = distance + step if bot.step_from == "base order" else step
                rows.append((distance, size * unit))
                step *= bot.step_scale
                size *= bot.volume_scale
        moved = bot.reinvest * account.profit - bot.risk_reduction * account.loss
        more = moved / (1 + len(rows))
        return bot.base_order * unit + more, [(distance, size + more) for distance, size in rows]

    def lots(self, size, price):
        return up(size if self.bot.volume_in == "base" else size / price, self.market.lot_size)

    def ladder(self, anchor, traded):
        """(number, price, amount, distance) of each rung; `traded(number)`: where a rung traded that has."""
        found = []
        for number, (distance, size) in enumerate(self.deal.rows, 1):
            price = self.losing(anchor, distance)
            if price <= 0 or size <= 0:
                continue
            found.append((number, price, self.lots(size, price), distance))
            if self.bot.step_from != "base order":
                anchor = traded(number) or price
        return found

    # sums

    @property
    def received(self):
        return self.deal.bought - self.deal.coin_fees + self.deal.carried

    @property
    def held(self):
        return self.received - self.deal.sold

    @property
    def cost(self):
        return self.deal.spent + self.deal.carried_cost

    @property
    def average(self):
        """What a coin of the whole deal cost, or brought, after fees."""
        deal = self.deal
        return self.cost / self.received if self.long else (deal.earned - deal.quote_fees) / deal.sold

    @property
    def to_exit(self):
        deal, lot = self.deal, self.market.lot_size
        if self.long:
            return down(self.held, lot)
        return up(max(deal.sold - deal.bought + deal.coin_fees, D(0)) / (1 - self.market.maker_fee), lot)

    @property
    def base_gross(self):
        return self.deal.notional["base"] / self.deal.filled["base"]

    @property
    def base_net(self):
        """A coin of the base order after its fee."""
        deal = self.deal
        if self.long:
            return deal.notional["base"] / (deal.filled["base"] - deal.base_fee)
        return (deal.notional["base"] - deal.base_fee) / deal.filled["base"]

    def realised(self):
        deal = self.deal
        if self.long:
            if not deal.sold:
                return D(0)
            return deal.earned - deal.quote_fees - self.cost / self.received * deal.sold
        if not deal.bought:
            return D(0)
        return (deal.bought - deal.coin_fees) * (deal.earned - deal.quote_fees) / deal.sold - deal.spent

    @property
    def reduced(self):
        return self.deal.sold if self.long else self.deal.bought

    # what should be on the book

    @property
    def steps(self):
        bot = self.bot
        if bot.take_profit is not None:
            return [("take-profit", bot.take_profit, D(1))]
        return [
            (f"take-profit-{number}", step.profit, step.share) for number, step in enumerate(bot.take_profit_steps, 1)
        ]

    def target(self, profit):
        average = self.base_net if self.bot.take_profit_from == "base order" else self.average
        return self.winning(average, profit, self.market.maker_fee)

    def last_target(self):
        if self.steps:
            return self.target(self.steps[-1][1])
        return self.winning(self.average, D(0), self.market.maker_fee)

    def sold_out(self):
        return not self.accepted(self.to_exit, self.last_target())

    def rungs(self):
        """Every averaging order of the deal, whether it waits, stands or has filled."""
        deal = self.deal

        def traded(number):
            name = f"averaging-{number}"
            return deal.notional[name] / deal.filled[name] if name in deal.filled else None

        chained = self.bot.step_from != "base order"
        found = self.ladder(self.base_gross if chained else self.base_net, traded)
        if self.long:
            return found
        unsold = deal.carried - deal.filled["base"]
        cut = []
        for number, price, amount, distance in found:
            cut.append((number, price, min(amount, down(unsold, self.market.lot_size)), distance))
            unsold -= cut[-1][2]
        return cut

    def triggered(self, distance):
        bot = self.bot
        return bot.active_orders == 0 or bot.averaging_conditions is not None or distance < 0

    def take_profits(self):
        """(name, total, price): each step its share of all, too small ones left to the next, the rest to the last."""
        left = self.to_exit
        everything = left + sum((self.deal.filled.get(name, D(0)) for name, _, _ in self.steps), D(0))
        until, given = D(0), D(0)
        for number, (name, profit, share) in enumerate(self.steps, 1):
            price, done = self.target(profit), self.deal.filled.get(name, D(0))
            until += share
            part = down(everything * until, self.market.lot_size) - given - done
            part = min(max(part, D(0)), left)
            if number == len(self.steps):
                part = left
            elif not self.accepted(part, price):
                part = D(0)
            elif part < left and not self.accepted(left - part, price):
                part = left
            left -= part
            given += done + part
            yield name, done + part, price

    def wanted(self):
        """(name, side, total, price) of every order that there should be by now, filled or not."""
        deal = self.deal
        if deal.ending:
            if deal.filled:
                yield "close", self.exit, deal.filled.get("close", D(0)) + self.to_exit, None
            return
        if self.reduced and self.sold_out():
            return
        yield "base", self.entry, *deal.base
        if "base" not in deal.filled:
            return
        yield from self.averaging_orders()
        for name, total, price in self.take_profits():
            if self.bot.trailing is None or name != self.steps[-1][0]:
                yield name, self.exit, total, price

    def averaging_orders(self):
        deal, window, standing = self.deal, self.bot.active_orders, 0
        for number, price, amount, distance in self.rungs():
            name = f"averaging-{number}"
            if self.triggered(distance):
                if number in deal.released:
                    yield name, self.entry, amount, None
            elif name in deal.filled:
                yield name, self.entry, amount, price
            elif window is None or standing < window:
                standing += 1
                yield name, self.entry, amount, price
