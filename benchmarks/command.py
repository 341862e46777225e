"""`manage.py backtest` as a fresh process over a year of minutes."""

from benchmarks import jobs
from benchmarks.document import Part
from benchmarks.series import YEAR, candles, file
from benchmarks.timing import bare, usual

_SECONDS, _MEGABYTES = 1, 200


def measure():
    part = Part(name="command", title="The command, from nothing")
    series, start = file(YEAR), float(candles(YEAR).open[0])
    table = [["process", "seconds", "processor seconds", "most MB"]]
    table.append(["python with numpy, to compare", *words(bare())])
    for kind in ("dca", "grid"):
        command = ["manage.py", "backtest", str(jobs.file(kind, start)), "--candles", str(series), "--json"]
        spent = usual(command)
        table.append([f"manage.py backtest, {kind}, a year of minutes", *words(spent)])
        part.at_most(f"{kind}: the command", spent.seconds, _SECONDS, " s")
        part.at_most(f"{kind}: its memory", spent.megabytes, _MEGABYTES, " MB")
    part.tables.append(table)
    return part


def words(spent):
    return [f"{spent.seconds:.2f}", f"{spent.processor:.2f}", str(spent.megabytes)]
