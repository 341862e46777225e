"""Live strategy code on exact ticks and lots beside the same job in bare floats: one core, warm, best of several."""

from benchmarks import yardstick
from benchmarks.document import Part
from benchmarks.jobs import FLOATS, MARKET, TOUCH, bot
from benchmarks.series import MONTH, SECOND, YEAR, candles, in_minutes
from benchmarks.timing import beside, best
from strategies.backtest.engine import run
from strategies.backtest.index import BarIndex

_RATIO, _FIVE_YEARS = 4, 6


def measure():
    part = Part(name="backtest", title="Backtests beside bare floats")
    table = [["job", "candles", "fills", "ms", "us a fill", "fills in floats", "ms in floats", "ratio"]]
    year = {}
    for kind in ("dca", "grid"):
        for years in (0.1, 1, 5):
            row, ours, ratio = _row(kind, f"{years:g} years of minutes", candles(int(YEAR * years)))
            table.append(row)
            year[kind, years] = ours
            part.at_most(f"{kind}, {years:g} years: times the floats", ratio, _RATIO)
        part.at_most(f"{kind}: five years, times one year", year[kind, 5] / year[kind, 1], _FIVE_YEARS)
    part.tables.append(table)
    part.tables.append(_seconds(part))
    minutes = candles(YEAR)
    span, _ = best(lambda: BarIndex(minutes.low, minutes.high), 5)
    part.notes += [
        f"Indexing a year of minutes takes {span:.2f} ms more, once for all runs over it.",
        "The floats know no ticks, lots, deals or fees in coins.",
        "Their take profit is reckoned before fees, ours after them: a DCA of ours has fewer and longer deals.",
    ]
    return part


def _seconds(part):
    """The same path in seconds and in minutes: sixty times the bars and about the same fills."""
    table = [["job", "candles", "fills", "ms", "us a fill", "fills in floats", "ms in floats", "ratio"]]
    seconds = candles(MONTH, SECOND)
    minutes = in_minutes(seconds)
    for kind in ("dca", "grid"):
        row, fine, _ = _row(kind, f"30 days: {len(seconds):,} seconds", seconds)
        table.append(row)
        row, coarse, _ = _row(kind, f"30 days: {len(minutes):,} minutes", minutes)
        table.append(row)
        part.at_most(f"{kind}: 60 times the bars on the same path, times the minutes", fine / coarse, 2)
    return table


def _row(kind, named, series):
    index, made = BarIndex(series.low, series.high), bot(kind, series.open[0])
    (ours, result), (floats, theirs) = beside(
        lambda: run(made, MARKET, series, TOUCH, index),
        lambda: yardstick.run(FLOATS[kind](), series, index),
        turns=15,
    )
    fills = len(result.fills)
    words = [kind, named, f"{fills:,}", f"{ours:.2f}", f"{ours * 1000 / fills:.1f}"]
    return [*words, f"{len(theirs):,}", f"{floats:.2f}", f"{ours / floats:.1f}"], ours, ours / floats
