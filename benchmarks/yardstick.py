"""The same two jobs in bare floats, without ticks, lots, deals or fees in the coin: what the language itself costs.

A bot is told each fill and places orders by number; the engine jumps with the product's own bar index.
"""

from heapq import heappop, heappush

NEVER = float("inf")


class Books:
    __slots__ = ("asks", "bar", "bids", "fills", "number", "orders", "price")

    def __init__(self):
        self.orders, self.bids, self.asks, self.fills = {}, [], [], []
        self.number = self.bar = 0
        self.price = 0.0

    def market(self, amount, tag):
        self.fills.append((self.bar, 1, self.price, amount, tag))

    def place(self, side, amount, price, tag):
        self.number += 1
        self.orders[self.number] = (amount, tag)
        if side > 0:
            heappush(self.bids, (-price, self.number))
        else:
            heappush(self.asks, (price, self.number))
        return self.number

    def best_bid(self):
        bids, orders = self.bids, self.orders
        while bids:
            if bids[0][1] in orders:
                return -bids[0][0]
            heappop(bids)
        return -NEVER

    def best_ask(self):
        asks, orders = self.asks, self.orders
        while asks:
            if asks[0][1] in orders:
                return asks[0][0]
            heappop(asks)
        return NEVER

    def take(self, bot, heap, side, price, cursor):
        number = heappop(heap)[1]
        amount, tag = self.orders.pop(number)
        self.price = cursor
        self.fills.append((self.bar, side, price, amount, tag))
        bot.filled(self, number, side, price, amount, tag)

    def walk(self, bot, opened, high, low, close):
        while (bid := self.best_bid()) >= opened:
            self.take(bot, self.bids, 1, bid, opened)
        while (ask := self.best_ask()) <= opened:
            self.take(bot, self.asks, -1, ask, opened)
        for vertex in (low, high, close) if close > opened else (high, low, close):
            while (bid := self.best_bid()) >= vertex:
                self.take(bot, self.bids, 1, bid, bid)
            while (ask := self.best_ask()) <= vertex:
                self.take(bot, self.asks, -1, ask, ask)


class FloatDca:
    """100 at market, five rungs of 100 x 1.4^k at 1.5 % x 1.2^k, take profit 1.5 % over the average."""

    def __init__(self):
        self.rungs, deviation, step, volume = [], 0.0, 0.015, 100.0
        for _ in range(5):
            deviation += step
            self.rungs.append((deviation, volume))
            step *= 1.2
            volume *= 1.4

    def begin(self, books):
        price = books.price
        self.cost, self.held = 100.0, 100.0 / price
        books.market(self.held, -1)
        self.open = [
            books.place(1, volume / (at := price * (1.0 - deviation)), at, number)
            for number, (deviation, volume) in enumerate(self.rungs)
        ]
        self.exit = books.place(-1, self.held, self.cost / self.held * 1.015, 99)

    def filled(self, books, number, side, price, amount, tag):
        del side, price
        if tag == 99:
            for each in self.open:
                books.orders.pop(each, None)
            self.begin(books)
        elif tag >= 0:
            self.open.remove(number)
            self.cost += self.rungs[tag][1]
            self.held += amount
            books.orders.pop(self.exit, None)
            self.exit = books.place(-1, self.held, self.cost / self.held * 1.015, 99)


class FloatGrid:
    """Fifty lines at equal ratios from -20 % to +20 %, 100 a line."""

    def begin(self, books):
        start = books.price
        low, high = 0.8 * start, 1.2 * start
        self.lines = [low * (high / low) ** (k / 49) for k in range(50)]
        amounts = [100.0 / line for line in self.lines]
        books.market(sum(amounts[j] for j in range(49) if self.lines[j] >= start), -1)
        for j in range(49):
            if self.lines[j] < start:
                books.place(1, amounts[j], self.lines[j], j)
            else:
                books.place(-1, amounts[j], self.lines[j + 1], j)

    def filled(self, books, number, side, price, amount, tag):
        del number, price
        if side > 0:
            books.place(-1, amount, self.lines[tag + 1], tag)
        else:
            books.place(1, amount, self.lines[tag], tag)


def run(bot, candles, index):
    books = Books()
    opens, highs, lows, closes, find = candles.open, candles.high, candles.low, candles.close, index.find
    best_bid, best_ask = books.best_bid, books.best_ask
    books.price = float(opens[0])
    bot.begin(books)
    bar = 0
    while (bar := find(bar, best_bid(), best_ask())) >= 0:
        books.bar = bar
        books.walk(bot, float(opens[bar]), float(highs[bar]), float(lows[bar]), float(closes[bar]))
        bar += 1
    return books.fills
