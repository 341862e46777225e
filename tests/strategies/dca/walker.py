"""A second reading of what a DCA backtest means: every bar, leg by leg, without index, heaps, deals or strategy code.

It shares nothing with engine and strategy but the market's numbers and the fields of the settings. Slow and plain on
purpose. Answers to conditions come as one boolean a bar, worked out elsewhere.
"""

from dataclasses import dataclass, field
from decimal import Decimal as D
from types import SimpleNamespace

from tests.strategies.dca.paper import Paper, down, up


def exact(number):
    return D(repr(float(number)))


@dataclass
class Account:
    """What the markets of one bot share: its deals, and what they brought."""

    balance: D | None = None
    cash: D = D(0)
    profit: D = D(0)
    loss: D = D(0)
    opened: int = 0
    open: int = 0
    given_back: dict = field(default_factory=dict)  # slots that became free within a bar, by its time


class DcaWalk(Paper):
    """One market. `fills` are (bar, side, price, amount, order); `deals` (opened bar, closed bar, ending, realised)."""

    def __init__(
        self, bot, market, candles, *, touch=False, at_limit=True, slip=D(0), during=None, may=None, account=None
    ):
        super().__init__(bot, market, account or Account())
        self.touch, self.at_limit, self.slip = touch, at_limit, slip
        self.during = during or {}
        self.may = may
        columns = (candles.open, candles.high, candles.low, candles.close)
        self.bars = [[exact(number) for number in row] for row in zip(*columns, strict=True)]
        self.times = [int(at) for at in candles.opened_at]
        self.fills, self.deals = [], []
        self.left = (D(0), D(0))  # coins of the deal before and what they cost
        self.not_before = 0
        self.retry = 0

    def run(self):
        for bar in range(len(self.bars)):
            self.walk(bar)
        return self.fills

    def walk(self, bar):
        """One bar: the jump to its open, then low and high in the order that its close tells."""
        self.bar, self.at = bar, self.times[bar]
        opened, high, low, close = self.bars[bar]
        self.price = opened
        if self.deal is None:
            if self.at >= self.not_before and bar >= self.retry and self.may_open() and self.slot_at_open():
                self.open_deal()
        else:
            self.jump(opened)
        for name, holds in self.during.items():
            if self.deal and bar and holds[bar] != holds[bar - 1]:
                self.answer(name, holds[bar])
                self.settle()
        for vertex in (low, high, close) if close > opened else (high, low, close):
            self.move(vertex)

    # opening a deal

    def may_open(self):
        bot = self.bot
        return (
            (self.may is None or self.may[self.bar])
            and (bot.lowest_price is None or self.price >= bot.lowest_price)
            and (bot.highest_price is None or self.price <= bot.highest_price)
            and (bot.stop_after is None or self.account.opened < bot.stop_after)
        )

    def slot_at_open(self):
        """A slot given back within this bar was not free when the bar opened."""
        account = self.account
        return account.open + account.given_back.get(self.at, 0) < self.bot.deals_at_once

    def open_deal(self):
        market, bot = self.market, self.bot
        base, rows = self.sizes()
        limit = self.losing(self.price, D(0)) if bot.base_order_type == "limit" else None
        self.deal = deal = SimpleNamespace(
            opened=self.at,
            bar=self.bar,
            rows=rows,
            base=(self.lots(base, limit or self.price) if base > 0 else D(0), limit),
            bought=D(0),
            sold=D(0),
            spent=D(0),
            earned=D(0),
            coin_fees=D(0),
            quote_fees=D(0),
            filled={},
            notional={},
            resting={},
            queue=[],
            released=set(),
            best=None,
            armed=None,
            below_since=None,
            averaging=False,
            closing=False,
            closing_before=False,
            ending=None,
            over=False,
            placed=0,
        )
        coins, cost = self.left
        if not self.long:
            rough = self.ladder(self.price * (1 - market.taker_fee), lambda _: None)
            needed = self.lots(base, self.price) + sum((amount for _, _, amount, _ in rough), D(0))
            if needed > coins:
                coins, cost = needed, needed * self.price
        deal.carried, deal.carried_cost = coins, cost
        self.account.opened += 1
        self.account.open += 1
        if not self.accepted(deal.base[0], limit or self.price):
            self.account.opened -= 1
            self.account.open -= 1
            self.deal, self.retry = None, self.bar + 100
            return
        for name, holds in self.during.items():
            if holds[self.bar]:
                self.answer(name, holds=True)
        self.settle()

    def give_back(self):
        account = self.account
        account.open -= 1
        account.given_back[self.at] = account.given_back.get(self.at, 0) + 1

    def close_deal(self):
        deal, account = self.deal, self.account
        self.deals.append((deal.bar, self.bar, deal.ending or "take profit", self.realised()))
        if self.realised() >= 0:
            account.profit += self.realised()
        else:
            account.loss -= self.realised()
        self.left = (self.held, self.cost / self.received * self.held) if self.held > 0 else (D(0), D(0))
        self.deal = None
        self.give_back()
        if self.bot.cooldown:
            self.not_before = self.at + self.bot.cooldown * 1000
        elif self.may_open() and account.open < self.bot.deals_at_once:
            account.given_back[self.at] -= 1  # it is the deal's own slot that it takes again
            self.open_deal()

    def tidy(self):
        """Take off the book what is not wanted as it is, and put there what is, or in the queue if it trades at once."""
        resting = self.deal.resting
        wanted = list(self.wanted())
        for name in list(resting):
            if resting[name].terms not in wanted:
                del resting[name]
        for terms in wanted:
            name, side, total, price = terms
            if name in resting:
                continue
            missing = total - self.deal.filled.get(name, D(0))
            if not self.free(side, missing) or not self.accepted(missing, self.price if price is None else price):
                continue
            if price is None or (price >= self.price if side == "buy" else price <= self.price):
                if name not in self.deal.queue:
                    self.deal.queue.append(name)
                continue
            self.deal.placed += 1
            resting[name] = SimpleNamespace(terms=terms, amount=missing, price=price, place=self.deal.placed)

    def next_at_once(self):
        """(name, side, amount, limit) of the order that came first of those that trade at once; None if none does."""
        self.tidy()
        while self.deal.queue:
            wanted = self.deal.queue.pop(0)
            for name, side, total, price in self.wanted():
                if name == wanted and name not in self.deal.resting:
                    missing = total - self.deal.filled.get(name, D(0))
                    if self.free(side, missing) and self.accepted(missing, self.price if price is None else price):
                        return name, side, missing, price
        return None

    def free(self, side, amount):
        """Whether there are coins for an order: those that are held, and not offered already."""
        offered = sum((each.amount for each in self.deal.resting.values() if each.terms[1] == "sell"), D(0))
        return side == "buy" or amount <= self.held - offered

    def settle(self, *, seen=True):
        """Let everything happen that happens at once at the price of now, which the bot has `seen` or not yet."""
        while self.deal:
            if self.deal.over:
                self.close_deal()
            elif (at_once := self.next_at_once()) is not None:
                name, side, amount, limit = at_once
                self.trade(name, side, amount, self.slipped(side, limit), self.market.taker_fee)
            elif seen and any(self.due()):
                self.hear()
            else:
                return

    def slipped(self, side, limit):
        tick = self.market.tick_size
        if not self.slip:
            return self.price
        if side == "buy":
            price = up(self.price * (1 + self.slip), tick)
            return price if limit is None else min(price, limit)
        price = down(self.price * (1 - self.slip), tick)
        return price if limit is None else max(price, limit)

    def trade(self, name, side, amount, price, rate):
        deal = self.deal
        self.fills.append((self.bar, side, price, amount, name))
        deal.filled[name] = deal.filled.get(name, D(0)) + amount
        deal.notional[name] = deal.notional.get(name, D(0)) + amount * price
        fee = amount * rate if side == "buy" else amount * price * rate
        self.account.cash += -amount * price if side == "buy" else amount * price - fee
        if name == "base":
            deal.base_fee = fee
        if side == "buy":
            deal.bought, deal.spent, deal.coin_fees = (
                deal.bought + amount,
                deal.spent + amount * price,
                deal.coin_fees + fee,
            )
        else:
            deal.sold, deal.earned = deal.sold + amount, deal.earned + amount * price
            deal.quote_fees += fee
        self.look_whether_over(price)

    def look_whether_over(self, price):
        deal = self.deal
        if deal.ending:
            deal.over = not deal.filled or not self.accepted(self.to_exit, price)
        else:
            deal.over = bool(self.reduced) and self.sold_out()
        if deal.over:
            deal.resting.clear()
            deal.queue.clear()

    # what happens without a fill

    def stop(self):
        """The best of the levels that hold."""
        bot, deal, levels = self.bot, self.deal, []
        if bot.stop_loss is not None:
            levels.append(
                self.losing(self.average if bot.stop_loss_from == "total" else self.base_gross, bot.stop_loss)
            )
            if bot.trailing_stop:
                levels.append(self.losing(self.base_gross if deal.best is None else deal.best, bot.stop_loss))
        if bot.break_even_after is not None:
            for name, total, price in self.take_profits():
                done = deal.filled.get(name, D(0))
                if name == self.steps[bot.break_even_after - 1][0] and done and not self.accepted(total - done, price):
                    levels.append(self.winning(self.average, D(0), self.market.taker_fee))
        if not levels:
            return None
        return max(levels) if self.long else min(levels)

    def closing_price(self):
        """From where the close conditions close; None while they do not."""
        deal, profit = self.deal, self.bot.close_profit
        if not deal.closing or profit is None or (deal.closing_before and profit <= 0):
            return None
        return self.winning(self.average, profit, self.market.taker_fee)

    def levels(self):
        """(whether it lies on the winning side, price) of all that the deal waits for."""
        deal, bot = self.deal, self.bot
        if deal.ending or "base" not in deal.filled or (self.reduced and self.sold_out()):
            return
        stop = self.stop()
        if stop is not None and deal.below_since is None:
            yield False, stop
        elif stop is not None:
            tick = self.market.tick_size
            yield True, stop + tick if self.long else stop - tick
        if bot.trailing is not None:
            if deal.armed is None:
                yield True, self.last_target()
            else:
                yield False, self.losing(deal.armed, bot.trailing)
        if (closing := self.closing_price()) is not None:
            yield True, closing
        for _, price, distance in self.waiting():
            yield distance < 0, price

    def waiting(self):
        """Averaging orders that wait for their price without standing on the book."""
        deal, bot = self.deal, self.bot
        if bot.averaging_conditions is not None and not deal.averaging:
            return
        for number, price, _, distance in self.rungs():
            if not self.triggered(distance):
                continue
            if number not in deal.released:
                yield number, price, distance
                if bot.step_from != "base order":
                    return
            elif bot.step_from != "base order" and f"averaging-{number}" not in deal.filled:
                return

    def due(self):
        for wins, level in self.levels():
            yield self.at_least(self.price, level) if wins else self.at_most(self.price, level)

    def follows(self):
        """Whether a level follows the price to where it stands."""
        deal, bot = self.deal, self.bot
        if deal.ending or "base" not in deal.filled or (self.reduced and self.sold_out()):
            return False
        best = [deal.armed] if deal.armed is not None else []
        if bot.trailing_stop and deal.below_since is None:
            best.append(self.base_gross if deal.best is None else deal.best)
        return any(self.at_least(self.price, each) and self.price != each for each in best)

    def alarm(self):
        deal, bot = self.deal, self.bot
        if deal.ending:
            return False
        if bot.deal_timeout is not None and self.at >= deal.opened + bot.deal_timeout * 1000:
            return True
        if deal.below_since is None or self.stop() is None:
            return False
        return self.at >= deal.below_since + bot.stop_loss_timeout * 1000

    def answer(self, name, holds):
        deal = self.deal
        if name == "averaging":
            deal.averaging = holds
        else:
            deal.closing_before = holds and (deal.closing_before if deal.closing else "base" not in deal.filled)
            deal.closing = holds
        self.hear()

    def hear(self):
        """The market stands at this price at this time."""
        deal, bot, price = self.deal, self.bot, self.price
        if deal.ending or (self.reduced and self.sold_out()):
            return
        endings = []
        if "base" in deal.filled:
            if bot.trailing_stop and self.at_least(price, self.base_gross if deal.best is None else deal.best):
                deal.best = price
            endings += self.hear_stop() + self.hear_profit()
            without = bot.close_profit is None and deal.closing and not deal.closing_before
            closing = self.closing_price()
            if without or (closing is not None and self.at_least(price, closing)):
                endings.append("close conditions")
            for number, level, distance in list(self.waiting()):
                if self.at_least(price, level) if distance < 0 else self.at_most(price, level):
                    deal.released.add(number)
        if bot.deal_timeout is not None and self.at >= deal.opened + bot.deal_timeout * 1000:
            endings.append("timed out")
        if endings:
            deal.ending = endings[0]
        self.look_whether_over(price)

    def hear_stop(self):
        deal, bot, stop = self.deal, self.bot, self.stop()
        if stop is None:
            return []
        if not self.at_most(self.price, stop):
            deal.below_since = None
            return []
        if not bot.stop_loss_timeout:
            return ["stop loss"]
        if deal.below_since is None:
            deal.below_since = self.at
        return ["stop loss"] if self.at >= deal.below_since + bot.stop_loss_timeout * 1000 else []

    def hear_profit(self):
        deal, bot, price = self.deal, self.bot, self.price
        if bot.trailing is None:
            return []
        if deal.armed is None:
            if self.at_least(price, self.last_target()):
                deal.armed = price
        elif self.at_least(price, deal.armed):
            deal.armed = price
        elif self.at_most(price, self.losing(deal.armed, bot.trailing)):
            return ["take profit"]
        return []

    # the path

    def reached(self, higher, lower):
        return higher >= lower if self.touch else higher > lower

    def nearest(self, side):
        """The order on the book that trades first on this side, the older one at the same price."""
        orders = [each for each in self.deal.resting.values() if each.terms[1] == side]
        sign = -1 if side == "buy" else 1
        return min(orders, key=lambda each: (sign * each.price, each.place), default=None)

    def take(self, order, price, *, seen=True):
        name, side, _, _ = order.terms
        del self.deal.resting[name]
        self.trade(name, side, order.amount, price, self.market.maker_fee)
        self.settle(seen=seen)

    def jump(self, opened):
        """From the close before to the open: what it jumps over trades before the bot sees the price."""
        while self.deal:
            self.price = opened
            bid, ask = self.nearest("buy"), self.nearest("sell")
            if bid and self.reached(bid.price, opened):
                self.take(bid, bid.price if self.at_limit else opened, seen=False)
            elif ask and self.reached(opened, ask.price):
                self.take(ask, ask.price if self.at_limit else opened, seen=False)
            elif any(self.due()) or self.alarm() or self.follows():
                self.hear()
                self.settle()
            else:
                return

    def move(self, to):
        """Along one leg of a bar."""
        falls = to < self.price
        while self.deal:
            order = self.nearest("buy" if falls else "sell")
            levels = [level for wins, level in self.levels() if wins is not (self.long if falls else not self.long)]
            level = max(levels, default=None) if falls else min(levels, default=None)

            def beyond(one, two):
                return self.reached(one, two) if falls else self.reached(two, one)

            if order and beyond(order.price, to) and (level is None or beyond(order.price, level)):
                self.price = order.price
                self.take(order, order.price)
            elif level is not None and (level >= to if falls else level <= to):
                self.price = min(level, self.price) if falls else max(level, self.price)
                self.hear()
                self.settle()
            else:
                self.price = to
                if self.follows():
                    self.hear()
                    self.settle()
                return
