"""A thousand settings of the DCA over a year of minutes, by the command, on two cores."""

from benchmarks import jobs, yardstick
from benchmarks.command import words
from benchmarks.document import Part
from benchmarks.series import YEAR, candles, file
from benchmarks.timing import best, process
from strategies.backtest.index import BarIndex

_SECONDS = 10
_VARY = ("take_profit=0.005:0.0295:0.0005", "step=0.01:0.0195:0.0005")  # 50 x 20


def measure():
    part = Part(name="sweep", title="A thousand settings")
    series = candles(YEAR)
    job = jobs.file("dca", float(series.open[0]))
    vary = [word for each in _VARY for word in ("--vary", each)]
    command = ["manage.py", "sweep", str(job), "--candles", str(file(YEAR)), *vary, "--json", "--processes", "2"]
    best_run = min(process(command) for _ in range(2))
    bands = process(["manage.py", "backtest", str(job), "--candles", str(file(YEAR)), "--bands", "--json"])
    index = BarIndex(series.low, series.high)
    floats, _ = best(lambda: yardstick.run(yardstick.FloatDca(), series, index), 9)
    part.tables.append(
        [
            ["a DCA over a year of minutes", "seconds", "processor seconds", "most MB a process"],
            ["manage.py sweep --processes 2, 1,000 sets", *words(best_run)],
            ["manage.py backtest --bands, 1,000 starts, beside it", *words(bands)],
            ["the job in bare floats, 1,000 times", f"{floats:.2f}", f"{floats:.2f}", ""],
        ]
    )
    part.at_most("1,000 sets on two cores", best_run.seconds, _SECONDS, " s")
    return part
