"""How long a backtest takes, beside the same job in bare floats in the same run: the ratios are what counts.

Live strategy code on exact ticks and lots with fees, one core, warm, the best of several.
"""

import time
from decimal import Decimal as D

from benchmarks import _yardstick as yardstick
from benchmarks._series import YEAR, candles
from strategies.backtest.engine import run
from strategies.backtest.index import BarIndex
from strategies.backtest.options import FillRule, Options
from strategies.dca import DCA
from strategies.grid import Grid
from strategies.market import Market

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
TOUCH = Options(fill=FillRule.TOUCH)


def dca(_):
    return DCA(
        base_order=D(100),
        averaging_order=D(100),
        averaging_orders=5,
        step=D("0.015"),
        step_scale=D("1.2"),
        volume_scale=D("1.4"),
        take_profit=D("0.015"),
    )


def grid(start):
    price = D(repr(start))
    return Grid(lower=price * D("0.8"), upper=price * D("1.2"), lines=50, quote_a_line=D(100))


def best(act, turns):
    spans = []
    for _ in range(turns):
        began = time.perf_counter()
        found = act()
        spans.append(time.perf_counter() - began)
    return min(spans) * 1000, found


def main():
    print("job   years  fills  ours ms  floats ms (fills)  ratio  us a fill")
    years = {}
    for name, made, plain in (("DCA", dca, yardstick.FloatDca), ("grid", grid, yardstick.FloatGrid)):
        for part in (0.1, 1, 5):
            series, _ = candles(int(YEAR * part))
            index = BarIndex(series.low, series.high)
            bot, turns = made(float(series.open[0])), 9 if part < 5 else 4
            floats, their_fills = best(lambda: yardstick.run(plain(), series, index), turns)  # noqa: B023 - used at once
            ours, result = best(lambda: run(bot, MARKET, series, TOUCH, index), turns)  # noqa: B023
            years[name, part] = ours
            print(
                f"{name:<5} {part:>5} {len(result.fills):>6} {ours:>8.2f} {floats:>9.2f} ({len(their_fills):>5})"
                f" {ours / floats:>8.1f} {ours * 1000 / len(result.fills):>10.1f}"
            )
    for name in ("DCA", "grid"):
        print(f"{name}: five years take {years[name, 5] / years[name, 1]:.1f} times one year")
    series, _ = candles(YEAR)
    span, _ = best(lambda: BarIndex(series.low, series.high), 5)
    print(f"indexing a year of minutes: {span:.2f} ms")


if __name__ == "__main__":
    main()
