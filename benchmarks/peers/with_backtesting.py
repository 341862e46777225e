"""The two jobs in backtesting.py: a Strategy with limit orders, which it may change once a bar, at its close.

Runs in an environment of its own: SERIES.npz JOB BARS in, one line of JSON out. Prices are those of one lot, because
amounts are whole numbers here.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import backtesting
import numpy as np
import pandas as pd

LOT = 1e-5
FEE = 0.001


class Dca(backtesting.Strategy):
    def init(self):
        deviation, step, volume, self.rungs = 0.0, 0.015, 100.0, []
        for _ in range(5):
            deviation += step
            self.rungs.append((deviation, volume))
            step *= 1.2
            volume *= 1.4
        self.known, self.fills = 0, 0

    def next(self):
        open_trades = len(self.trades)
        if open_trades == self.known and open_trades:
            return
        if not open_trades:  # the take profit traded, or all begins: open a deal
            for order in self.orders:
                order.cancel()
            self.buy(size=round(100 / self.data.Close[-1]))
            self.fills += self.known > 0
        else:
            trades = self.trades
            cost = sum(trade.size * trade.entry_price for trade in trades)
            held = sum(trade.size for trade in trades)
            if not self.known:  # the base order traded: the ladder under its price
                price = trades[0].entry_price
                for deviation, volume in self.rungs:
                    at = price * (1.0 - deviation)
                    self.buy(size=round(volume / at), limit=at)
            for order in self.orders:
                if order.is_short:
                    order.cancel()
            self.sell(size=held, limit=cost / held * 1.015)
            self.fills += open_trades - self.known
        self.known = open_trades


class Grid(backtesting.Strategy):
    def init(self):
        self.fills, self.waiting = 0, -1

    def next(self):
        if self.waiting < 0:
            start = self.data.Open[0]
            low, high = 0.8 * start, 1.2 * start
            self.lines = [low * (high / low) ** (k / 49) for k in range(50)]
            self.amounts = [round(100.0 / line) for line in self.lines]
            held = [line >= start for line in self.lines[:-1]]
            self.buy(size=sum(amount for amount, each in zip(self.amounts, held, strict=False) if each))
            self.selling = held
            for cell in range(49):
                self.place(cell)
            self.waiting = 49
            self.fills = 1
            return
        orders = self.orders
        if len(orders) == self.waiting:
            return
        for cell in set(range(49)).difference(order.tag for order in orders):
            self.selling[cell] = not self.selling[cell]
            self.place(cell)
            self.fills += 1

    def place(self, cell):
        if self.selling[cell]:
            self.sell(size=self.amounts[cell], limit=self.lines[cell + 1], tag=cell)
        else:
            self.buy(size=self.amounts[cell], limit=self.lines[cell], tag=cell)


def main(series, job, bars):
    with np.load(series) as kept:
        columns = {name.capitalize(): kept[name][:bars] * LOT for name in ("open", "high", "low", "close")}
        times = pd.DatetimeIndex(kept["ts"][:bars].astype("datetime64[ms]"))
    frame = pd.DataFrame({**columns, "Volume": 1.0}, index=times)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = backtesting.Backtest(frame, Dca if job == "dca" else Grid, cash=100_000, commission=FEE)
        began = time.process_time()
        found = test.run()
        seconds = time.process_time() - began
    status = Path("/proc/self/status").read_text()
    most = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    told = {"seconds": seconds, "fills": int(found["_strategy"].fills), "megabytes": most}
    print(json.dumps({**told, "version": backtesting.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
