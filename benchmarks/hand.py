"""The backtest that follows the hand: a line of the builder is dragged, and a year of minutes is run anew."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from benchmarks.document import Part
from benchmarks.series import YEAR, file

_TURNS = 60
_MOST = 100  # milliseconds


def measure():
    part = Part(name="hand", title="Dragging a line")
    folder = tempfile.mkdtemp(prefix="bp-hand-")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.dragging", str(_TURNS), str(file(YEAR))],
            env={**os.environ, "BOTPLATFORM_VAR": folder, "DJANGO_SETTINGS_MODULE": "botplatform.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found = json.loads(done.stdout.strip().splitlines()[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = [["bot, over a year of minutes", "fills", "the run ms", "answer p50 ms", "answer p95 ms"]]
    for name, row in found.items():
        figures = (f"{row['fills']:,}", f"{row['run']:.0f}", f"{row['p50']:.0f}", f"{row['p95']:.0f}")
        table.append([name, *figures])
        part.at_most(f"{name}: the whole answer, p95", row["p95"], _MOST, " ms")
    part.tables.append(table)
    part.notes.append(
        "The whole answer: what is wrong, sentences, lines, rows, money and the backtest, from the server's side."
    )
    part.notes.append(
        "A grid that ends by a fraction of profit, or has active lines alone, takes 11 microseconds a fill."
    )
    return part
