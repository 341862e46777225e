"""The same jobs over the same year of minutes in other backtesters: warm, one core."""

import subprocess

from benchmarks import yardstick
from benchmarks.document import Part
from benchmarks.jobs import FLOATS, MARKET, TOUCH, bot
from benchmarks.peers.environment import NotInstalled, asked
from benchmarks.series import YEAR, candles, file
from benchmarks.timing import beside
from strategies.backtest.engine import run
from strategies.backtest.index import BarIndex

_DCA, _GRID = 25, 1
_COLUMNS = 20
_BARS = YEAR // 10


def measure():
    part = Part(name="peers", title="Beside other backtesters, a year of minutes")
    series = candles(YEAR)
    index = BarIndex(series.low, series.high)
    table = [["job", "in", "fills", "ms", "times ours", "most MB"]]
    ours = {}
    for kind in ("dca", "grid"):
        made = bot(kind, series.open[0])
        (ours[kind], result), (floats, theirs) = beside(
            lambda: run(made, MARKET, series, TOUCH, index),  # noqa: B023 - used at once
            lambda: yardstick.run(FLOATS[kind](), series, index),  # noqa: B023 - see above
            turns=9,
        )
        table.append([kind, "ours", f"{len(result.fills):,}", f"{ours[kind]:.2f}", "1", ""])
        table.append([kind, "bare floats", f"{len(theirs):,}", f"{floats:.2f}", f"{floats / ours[kind]:.2f}", ""])
    part.tables.append(table)
    for peer, measured in (("vectorbt", _vectorbt), ("backtesting", _backtesting)):
        try:
            measured(part, table, ours)
        except NotInstalled as why:
            part.notes.append(f"{peer} could not be installed: {why}")
        except subprocess.CalledProcessError as why:
            part.notes.append(f"{peer} failed: {why.stderr.strip().splitlines()[-1]}")
    return part


def _vectorbt(part, table, ours):
    for kind, least in (("dca", _DCA), ("grid", _GRID)):
        told = asked("vectorbt", file(YEAR), kind, 1, 3)
        ratio = _told(table, kind, f"vectorbt {told['version']}", told, ours)
        part.at_least(f"{kind}: vectorbt takes, times ours", ratio, least)
    several = asked("vectorbt", file(YEAR), "dca", _COLUMNS, 1)
    thousand = several["seconds"] * 1000 / _COLUMNS
    part.notes += [
        "vectorbt: `Portfolio.from_order_func`, flexible, a numba function that walks the same path; compiled before.",
        f"vectorbt, {_COLUMNS} sets at once: {several['seconds']:.1f} s; 1,000 would take {thousand:.0f} s (reckoned).",
    ]


def _backtesting(part, table, ours):
    for kind in ("dca", "grid"):
        told = asked("backtesting", file(YEAR), kind, YEAR)
        _told(table, kind, f"backtesting.py {told['version']}", told, ours)
    part.notes.append(
        "backtesting.py: a Strategy with limit orders, which it may change at a bar's close alone: a deal that ends "
        "within a bar is followed by the next at the next open, so a DCA has some fills less."
    )


def _told(table, kind, named, told, ours):
    ratio = told["seconds"] * 1000 / ours[kind]
    megabytes = str(told["megabytes"])
    table.append([kind, named, f"{told['fills']:,}", f"{told['seconds'] * 1000:.0f}", f"{ratio:.0f}", megabytes])
    return ratio
