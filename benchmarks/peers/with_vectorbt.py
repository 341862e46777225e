"""The two jobs in vectorbt: `from_order_func` with a compiled order function that keeps resting orders and walks a bar.

Runs in an environment of its own: SERIES.npz JOB COLUMNS TURNS in, one line of JSON out.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.enums import Direction, NoOrder, SizeType
from vectorbt.portfolio.nb import order_nb

FEE = 0.001
LONG = Direction.LongOnly
AMOUNT = SizeType.Amount
# What a column remembers between calls.
STAGE, ANCHOR, RUNGS, COST, HELD, EXIT, OPENING = range(7)


@njit
def price_at(stage, opened, high, low, close):
    """Where a bar's path turns: the open, the two extremes in the order of its direction, the close."""
    if stage == 0:
        return opened
    if stage == 3:
        return close
    return low if (stage == 1) == (close > opened) else high


@njit
def dca(c, opens, highs, lows, volumes, deviations, base, profits, state):
    """Called until it has no more orders in this bar; the state of a column says how far its path was walked."""
    col = c.from_col
    own = state[col]
    opened, high, low, close = opens[c.i], highs[c.i], lows[c.i], c.close[c.i, col]
    count = deviations.shape[1]
    if c.i == 0 and c.call_idx == 0:
        own[OPENING], own[ANCHOR] = 1.0, opened
    if c.call_idx == 0:
        own[STAGE] = 0
    if own[OPENING] > 0:
        own[OPENING] = 0.0
        own[RUNGS], own[COST], own[HELD] = 0, base, base / own[ANCHOR]
        own[EXIT] = own[COST] / own[HELD] * (1.0 + profits[col])
        return col, order_nb(size=own[HELD], price=own[ANCHOR], size_type=AMOUNT, direction=LONG, fees=FEE)
    k = int(own[RUNGS])
    buy = own[ANCHOR] * (1.0 - deviations[col, k]) if k < count else -np.inf
    if low > buy and high < own[EXIT]:
        return -1, NoOrder
    while own[STAGE] < 4:
        to = price_at(own[STAGE], opened, high, low, close)
        if buy >= to:
            amount = volumes[k] / buy
            own[RUNGS], own[COST], own[HELD] = k + 1, own[COST] + volumes[k], own[HELD] + amount
            own[EXIT] = own[COST] / own[HELD] * (1.0 + profits[col])
            return col, order_nb(size=amount, price=buy, size_type=AMOUNT, direction=LONG, fees=FEE)
        if own[EXIT] <= to:
            own[OPENING], own[ANCHOR] = 1.0, opened if own[STAGE] == 0 else own[EXIT]
            return col, order_nb(size=-own[HELD], price=own[EXIT], size_type=AMOUNT, direction=LONG, fees=FEE)
        own[STAGE] += 1
    return -1, NoOrder


@njit
def grid(c, opens, highs, lows, lines, amounts, state):
    """As above; cells below state[col, RUNGS] wait to buy, the others hold their coins."""
    col = c.from_col
    own = state[col]
    opened, high, low, close = opens[c.i], highs[c.i], lows[c.i], c.close[c.i, col]
    cells = len(lines) - 1
    if c.call_idx == 0:
        own[STAGE] = 0
        if c.i == 0:
            m = 0
            while m < cells and lines[m] < opened:
                m += 1
            own[RUNGS] = m
            return col, order_nb(size=amounts[m:cells].sum(), price=opened, size_type=AMOUNT, direction=LONG, fees=FEE)
    m = int(own[RUNGS])
    buy = lines[m - 1] if m > 0 else -np.inf
    sell = lines[m + 1] if m < cells else np.inf
    if low > buy and high < sell:
        return -1, NoOrder
    while own[STAGE] < 4:
        to = price_at(own[STAGE], opened, high, low, close)
        if buy >= to:
            own[RUNGS] = m - 1
            return col, order_nb(size=amounts[m - 1], price=buy, size_type=AMOUNT, direction=LONG, fees=FEE)
        if sell <= to:
            own[RUNGS] = m + 1
            return col, order_nb(size=-amounts[m], price=sell, size_type=AMOUNT, direction=LONG, fees=FEE)
        own[STAGE] += 1
    return -1, NoOrder


def dca_arguments(columns):
    """Column n has its own step and take profit; the first has those of the job."""
    steps = 0.015 + 0.0005 * (np.arange(columns) % 40)
    deviations, step = np.empty((columns, 5)), steps.copy()
    total = np.zeros(columns)
    for k in range(5):
        total = total + step
        deviations[:, k] = total
        step = step * 1.2
    volumes = 100.0 * 1.4 ** np.arange(5)
    return volumes, deviations, 100.0, 0.015 + 0.0005 * (np.arange(columns) // 40)


def grid_arguments(start):
    low, high = 0.8 * start, 1.2 * start
    lines = np.array([low * (high / low) ** (k / 49) for k in range(50)])
    return lines, 100.0 / lines


def main(series, job, columns, turns):
    with np.load(series) as kept:
        opens, highs, lows, closes = (kept[name] for name in ("open", "high", "low", "close"))
    function = dca if job == "dca" else grid
    arguments = dca_arguments(columns) if job == "dca" else grid_arguments(float(opens[0]))
    close = np.ascontiguousarray(np.broadcast_to(closes[:, None], (len(closes), columns)))

    def act(bars):
        state = np.zeros((columns, 7))
        return vbt.Portfolio.from_order_func(
            close[:bars],
            function,
            opens,
            highs,
            lows,
            *arguments,
            state,
            flexible=True,
            init_cash=100_000.0,
            update_value=False,
            max_orders=20_000 * columns,
            max_logs=1,
            freq="1min",
        )

    act(1000)  # compiles
    spans = []
    for _ in range(turns):
        began = time.process_time()
        found = act(len(closes))
        spans.append(time.process_time() - began)
    fills = int((found.orders.values["col"] == 0).sum())
    status = Path("/proc/self/status").read_text()
    most = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(json.dumps({"seconds": min(spans), "fills": fills, "megabytes": most, "version": vbt.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
