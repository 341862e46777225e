"""A second reading of what a signal bot means, bar by bar, with nothing of the engine or the strategy in it."""

from dataclasses import dataclass
from decimal import Decimal as D
from types import SimpleNamespace

from tests.strategies.backtest.walker import down, up
from tests.strategies.smart.walker import ExitWalk, PathWalk

NOTHING = D(0)


@dataclass(frozen=True)
class Said:
    """A signal as the walker hears it, at the open of a bar."""

    bar: int
    wish: str
    kind: str  # enter, exit, disable
    price: D
    quote: D | None = None
    share: D | None = None
    better_by: D | None = None


class Growing(ExitWalk):
    """Exits of a position that may grow: what each step has still to sell is dealt out anew each time."""

    def __init__(self, bot, walk):
        settings = SimpleNamespace(take_profit=bot.take_profit, trailing=bot.trailing, stop_loss=bot.stop_loss)
        super().__init__(settings, walk.market, long=walk.long)
        self.walk = walk
        self.sold, self.closed, self.at_market = {}, set(), {}

    @property
    def price(self):
        return self.walk.average_price()

    @property
    def cost(self):
        return self.walk.average_cost()

    @property
    def parts(self):
        return self.deal_out(self.walk.free())[0]

    @property
    def done(self):
        return self.deal_out(self.walk.free())[1]

    @done.setter
    def done(self, value):
        """Worked out, not kept."""

    def passed(self):
        done = self.done
        if added := self.walk.added:
            done |= self.deal_out(max(self.walk.free() - added, NOTHING))[1]
        return done

    def basis(self):
        return self.price if self.stop.measured_from == "average" else self.walk.entry_price()

    def deal_out(self, coins):
        """({step: what it has still to sell}, steps that are done)."""
        steps, lot = self.bot.take_profit, self.market.lot_size
        going = [n for n in range(1, len(steps) + 1) if n not in self.closed]
        rest = coins + sum((self.sold.get(n, NOTHING) for n in going), NOTHING)
        parts, done, left, joined = {}, set(self.closed), coins, NOTHING
        weight = sum((steps[n - 1].share for n in going), NOTHING)
        for n in going:
            share, before = steps[n - 1].share + joined, self.sold.get(n, NOTHING)
            part = rest if n == going[-1] else down(rest * share / weight, lot)
            price = self.step_price(n)
            if before and not self.walk.accepted(part - before, price):
                done.add(n)
                rest -= before
            elif self.walk.accepted(part, price):
                rest -= part
                parts[n] = min(part - before, left)
                left -= parts[n]
            else:
                joined = share
                continue
            weight, joined = weight - share, NOTHING
        if left and parts:
            parts[max(parts)] += left
        elif left and steps and self.walk.accepted(left, self.step_price(len(steps))):
            done.discard(len(steps))
            parts[len(steps)] = left
        return parts, done

    def open_steps(self):
        return sorted(self.parts)

    def limits(self):
        return [(n, price, amount) for n, price, amount in super().limits() if amount > 0]

    def sent(self):
        found = [
            (n, None, min(self.parts[n], self.at_market[n] - self.sold.get(n, NOTHING)))
            for n in self.open_steps()
            if n in self.at_market and not self.trails(n)
        ]
        return [each for each in found if each[2] > 0]

    def awaits(self, number):
        return self.at_market.get(number, NOTHING) < self.sold.get(number, NOTHING) + self.parts[number]

    def send(self, number):
        if self.awaits(number):
            self.at_market[number] = self.sold.get(number, NOTHING) + self.parts[number]


class SignalWalk(PathWalk):
    """Fills as (bar, side, price, amount, order)."""

    def __init__(self, bot, market, candles, said, **rules):
        super().__init__(market, candles, **rules)
        self.bot, self.said, self.long = bot, said, bot.side == "buy"
        self.fee = market.taker_fee
        self.carried, self.carried_cost = NOTHING, NOTHING

    def begin(self):
        if self.bot.coins is not None and self.bot.coins > self.carried:
            self.carried = self.bot.coins
        self.exit = Growing(self.bot, self)
        self.wished, self.taken_out = {}, {}  # name: (amount, limit), what has not traded
        # Of the whole and of the first entry: coins that changed hands, what arrived of them, quote.
        self.opened = self.arrived = self.quote = NOTHING
        self.first = None
        self.added = self.out = self.out_arrived = NOTHING
        self.disabled = self.finished = False
        self.entries = 0
        self.settle()

    # the position

    def average_price(self):
        if self.long:
            return (self.quote + self.carried_cost) / (self.opened + self.carried)
        return self.quote / self.opened

    def average_cost(self):
        if self.long:
            return (self.quote + self.carried_cost) / (self.arrived + self.carried)
        return (self.quote - self.quote_fees) / self.opened

    quote_fees = NOTHING

    def entry_price(self):
        if self.first is None:
            return self.average_price()
        amount, quote = self.first
        return (quote + self.carried_cost) / (amount + self.carried) if self.long else quote / amount

    def held(self):
        if self.long:
            return self.arrived + self.carried - self.out
        return self.carried - self.opened + self.out_arrived

    def to_exit(self):
        if not self.opened:
            return NOTHING
        if self.long:
            return down(self.held(), self.market.lot_size)
        return up(max(self.opened - self.out_arrived, NOTHING) / (1 - self.fee), self.market.lot_size)

    def free(self):
        return max(self.to_exit() - sum((amount for amount, _ in self.taken_out.values()), NOTHING), NOTHING)

    def accepted(self, amount, price):
        least = max(self.market.lot_size, self.market.min_amount)
        return amount > 0 and amount >= least and amount * price >= self.market.min_notional

    def is_over(self):
        steps = self.bot.take_profit
        return not self.accepted(self.to_exit(), self.exit.step_price(len(steps)) if steps else self.exit.price)

    # what comes from outside

    def hear(self):
        for said in self.said:
            if said.bar == self.bar:
                if not self.exit.ended:
                    {"enter": self.enter, "exit": self.leave, "disable": self.disable}[said.kind](said)
                elif self.opened:  # a close that cannot be sold where the price stands is dust
                    self.finished = not self.accepted(self.to_exit(), self.price)
                self.settle()
                while self.stands_within_reach():
                    self.told()

    def disable(self, said):
        del said
        self.disabled, self.finished = True, not self.opened

    def limit(self, said, *, buys):
        if said.better_by is None:
            return None
        tick = self.market.tick_size
        return down(said.price * (1 - said.better_by), tick) if buys else up(said.price * (1 + said.better_by), tick)

    def enter(self, said):
        limit = self.limit(said, buys=self.long)
        at = said.price if limit is None else limit
        amount = down((said.quote or self.bot.order_amount) / at, self.market.lot_size)
        coming = sum((each for each, _ in self.wished.values()), NOTHING)
        worth = amount * at + sum(
            (each * (at if price is None else price) for each, price in self.wished.values()), NOTHING
        )
        if self.opened:
            worth += self.to_exit() * self.average_price()
        if self.disabled or self.entries >= self.bot.entries or not self.accepted(amount, at):
            return
        if worth > self.bot.max_position or (not self.long and amount + coming > self.held()):
            return
        if self.opened:
            self.exit.closed = self.exit.done
        name = f"add-signal-{said.wish}" if self.entries else f"enter-{said.wish}"
        self.entries += 1
        self.wished[name] = (amount, limit)

    def leave(self, said):
        if not self.opened:
            self.finished = bool(self.wished)
            return
        position, limit = self.free(), self.limit(said, buys=not self.long)
        at = said.price if limit is None else limit
        amount = position if said.share is None else down(position * said.share, self.market.lot_size)
        if not self.accepted(position - amount, at):
            if limit is None:
                self.exit.ended = "signal"
                self.finished = not self.accepted(self.to_exit(), self.price)
                return
            amount = position
        if self.accepted(amount, at):
            self.taken_out[f"exit-{said.wish}"] = (amount, limit)

    # orders

    def orders(self):
        opens, exits = ("buy", "sell") if self.long else ("sell", "buy")
        if self.finished:
            return []
        if self.exit.ended:
            price = self.exit.ended_limit if self.exit.ended == "stop loss" else None
            return [("close", exits, price, self.to_exit(), self.closed)] if self.opened else []
        found = []
        if not self.disabled:
            found += [(name, opens, limit, amount, self.came_in(name)) for name, (amount, limit) in self.wished.items()]
        if self.opened:
            parts = sorted((*self.exit.limits(), *self.exit.sent()), key=lambda part: part[0])
            found += [(f"take-profit-step-{n}", exits, price, amount, self.stepped(n)) for n, price, amount in parts]
            found += [(name, exits, limit, amount, self.left(name)) for name, (amount, limit) in self.taken_out.items()]
        return [order for order in found if self.accepted(order[3], order[2] or self.price)]

    def came_in(self, name):
        def traded(amount, price, rate):
            del self.wished[name]
            self.opened += amount
            self.arrived += amount - amount * rate
            self.quote += amount * price
            self.quote_fees += amount * price * rate
            if name.startswith("enter-"):
                self.first = (amount, amount * price)
            else:
                self.added += amount

        return traded

    def went(self, amount, rate):
        self.out += amount
        self.out_arrived += amount - amount * rate

    def stepped(self, number):
        def traded(amount, price, rate):
            del price
            self.went(amount, rate)
            self.exit.sold[number] = self.exit.sold.get(number, NOTHING) + amount
            self.finished = self.is_over()

        return traded

    def left(self, name):
        def traded(amount, price, rate):
            del price, self.taken_out[name]
            self.went(amount, rate)
            self.finished = self.is_over()

        return traded

    def closed(self, amount, price, rate):
        self.went(amount, rate)
        self.finished = not self.accepted(self.to_exit(), price)

    # levels

    def levels(self):
        if self.exit.ended or not self.opened or self.finished:
            return [], [], [], [], []
        ahead, back, bests, alarms = self.exit.waits_for()
        return (back, ahead, bests, [], alarms) if self.long else (ahead, back, [], bests, alarms)

    def tell(self):
        if self.opened and not self.exit.ended:
            self.exit.tell(self.price, self.at)
            self.finished = bool(self.exit.ended) and not self.accepted(self.to_exit(), self.price)

    def settle(self):
        super().settle()
        if self.finished:
            held = self.held()
            if self.opened or self.carried:
                received = self.arrived + self.carried if self.long else self.carried + self.out_arrived
                cost = self.quote if self.long else NOTHING
                self.carried_cost = (cost + self.carried_cost) / received * held if held > 0 else NOTHING
            self.carried = max(held, NOTHING)
            self.quote_fees = NOTHING
            self.resting, self.due = {}, []
            self.begin()
