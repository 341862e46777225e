"""A second reading of rebalancing: every open of every candle, plain numbers in lists, no deal and no strategy code."""

from decimal import Decimal as D


class PortfolioWalk:
    """Fills as (time, symbol, side, price, amount), in the order in which they happen."""

    def __init__(self, bot, markets, columns):
        self.bot, self.markets, self.columns = bot, markets, columns
        self.weights = [next(c.weight for c in bot.coins if c.symbol == m.symbol) for m in markets]
        self.coins = [next(c.held for c in bot.coins if c.symbol == m.symbol) for m in markets]
        self.cash = bot.cash
        self.fills, self.last = [], None

    def run(self):
        """`columns`: for each market {time: open}."""
        for at in sorted(set.intersection(*(set(column) for column in self.columns))):
            self.at = at
            self.prices = [column[at] for column in self.columns]
            if self.due():
                self.last = at
                self.sell()
                self.buy()
        return self.fills

    def apart(self):
        """For each coin the quote above its target, 0 when that is too little to trade."""
        worth = [coins * price for coins, price in zip(self.coins, self.prices, strict=True)]
        whole = self.cash + sum(worth)
        over = [each - weight * whole for each, weight in zip(worth, self.weights, strict=True)]
        return whole, [each if abs(each) >= self.bot.smallest_trade else D(0) for each in over]

    def due(self):
        bot = self.bot
        if self.last is None or (bot.every is not None and self.at - self.last >= bot.every * 60_000):
            return True
        if bot.drift is None:
            return False
        whole, apart = self.apart()
        unit = [whole if bot.measured == "points" else whole * weight for weight in self.weights]
        return any(each and abs(each) / of >= bot.drift for each, of in zip(apart, unit, strict=True))

    def sell(self):
        _, apart = self.apart()
        for place, over in enumerate(apart):
            if over > 0:
                lots = min(self.lots(place, over / self.prices[place]), self.lots(place, self.coins[place]))
                self.trade(place, "sell", lots)

    def buy(self):
        _, apart = self.apart()
        missing = [max(-each, D(0)) for each in apart]
        cash = max(self.cash, D(0)) / (1 + self.bot.spare)
        whole = sum(missing)
        for place, each in enumerate(missing):
            if each:
                share = each if whole <= cash else each * cash / whole
                self.trade(place, "buy", self.lots(place, share / self.prices[place]))

    def trade(self, place, side, lots):
        market, price = self.markets[place], self.prices[place]
        if lots < market.lot_size or lots * price < market.min_notional:
            return
        self.fills.append((self.at, market.symbol, side, price, lots))
        if side == "sell":
            self.coins[place] -= lots
            self.cash += lots * price * (1 - market.taker_fee)
        else:
            self.coins[place] += lots * (1 - market.taker_fee)
            self.cash -= lots * price

    def lots(self, place, amount):
        lot = self.markets[place].lot_size
        return (amount / lot).to_integral_value(rounding="ROUND_FLOOR") * lot
