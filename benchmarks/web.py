"""Every page with 20 and with 1,000 bots in one person's account: server time, queries, script, and a first view."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.document import Part
from benchmarks.series import KEPT
from benchmarks.timing import ROOT

_SIZES = {20: 4_000, 1000: 200_000}  # bots and orders
_TURNS = 60
_P95, _SCRIPT, _VIEW = 150, 350, 1.5  # milliseconds, kilobytes, seconds
_VIEWED = ("overview", "a bot", "new bot", "deals", "orders", "portfolio", "backtests", "terminal")


def measure():
    part = Part(name="web", title="The pages")
    few, many = (asked(folder(bots)) for bots in _SIZES)
    rows = []
    for name, found in many.items():
        less = few.get(name, found)
        times = [f"{each[key]:.0f}" for each in (less, found) for key in ("p50", "p95")]
        rows.append([name, *times, str(less["queries"]), str(found["queries"]), str(found["kilobytes"])])
    head = ["page, server time in ms", "20 bots p50", "p95", "1,000 bots p50", "p95", "queries", "queries", "kB"]
    part.tables.append([head, *rows])
    slowest = max(many, key=lambda name: many[name]["p95"])
    part.at_most(f"1,000 bots: p95 of the slowest page ({slowest})", many[slowest]["p95"], _P95, " ms")
    # A filter that finds nothing among few bots has no rows to ask about.
    same = [name for name in many if name in few and "filtered" not in name]
    more = [name for name in same if many[name]["queries"] > few[name]["queries"]]
    part.at_most("pages that ask the database more often for more bots", len(more), 0)
    views(part, many)
    part.notes.append("Server time is one process's, middleware included, with nothing else in its queue.")
    return part


def folder(bots):
    """A state folder with so many made-up bots; seeded once."""
    var = KEPT / f"web-{bots}"
    done = var / "seeded"
    if not done.exists():
        var.mkdir(parents=True, exist_ok=True)
        manage(var, "migrate", "-v0")
        manage(var, "seed", "--bots", str(bots), "--orders", str(_SIZES[bots]))
        done.touch()
    manage(var, "migrate", "-v0")
    return var


def environment(var):
    """The platform's own, whichever settings another part has asked for in this process."""
    return {**os.environ, "BOTPLATFORM_VAR": str(var), "DJANGO_SETTINGS_MODULE": "botplatform.settings"}


def manage(var, *argv):
    subprocess.run(
        [sys.executable, "manage.py", *argv], cwd=ROOT, env=environment(var), check=True, capture_output=True
    )


def asked(var):
    command = [sys.executable, "-m", "benchmarks.served", str(_TURNS)]
    done = subprocess.run(command, cwd=ROOT, env=environment(var), check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def views(part, pages):
    """A cold browser in front of the real server."""
    with tempfile.TemporaryDirectory() as kept:
        found = Path(kept) / "views.json"
        chosen = json.dumps({name: pages[name]["path"] for name in _VIEWED if name in pages})
        command = [sys.executable, "-m", "benchmarks.views", chosen, str(found)]
        subprocess.run(command, cwd=ROOT, env=environment(KEPT / "web-1000"), check=True, stdout=subprocess.DEVNULL)
        seen = json.loads(found.read_text())
    rows = [
        [name, f"{each['seconds']:.2f}", f"{each['script']:.0f}", str(each["files"])] for name, each in seen.items()
    ]
    part.tables.append([["page, in a cold browser", "s until interactive", "kB of script", "files"], *rows])
    heaviest = max(seen, key=lambda name: seen[name]["script"])
    slowest = max(seen, key=lambda name: seen[name]["seconds"])
    part.at_most(f"script of the heaviest page ({heaviest})", seen[heaviest]["script"], _SCRIPT, " kB")
    part.at_most(f"first view of the slowest page ({slowest})", seen[slowest]["seconds"], _VIEW, " s")
