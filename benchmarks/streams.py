"""Two hundred open streams on the seeded thousand bots, through the real server, while prices and rows change."""

import json
import os
import subprocess
import sys

from benchmarks.document import Part
from benchmarks.series import KEPT
from benchmarks.timing import ROOT
from benchmarks.web import environment, folder

_READERS = 200
_SECONDS = int(os.environ.get("STREAM_SECONDS", "300"))


def measure():
    part = Part(name="streams", title="Open streams")
    folder(1000)
    command = [sys.executable, "-m", "benchmarks.listeners", str(_READERS), str(_SECONDS)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(KEPT / "web-1000"), check=True, stdout=subprocess.PIPE, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    part.tables.append(
        [
            ["readers", "seconds", "messages", "MB", "the server's processor", "of one core", "most MB of memory"],
            [
                *(str(_READERS), str(_SECONDS), f"{found['messages']:,}", f"{found['megabytes']:.0f}"),
                *(f"{found['processor']:.0f} s", f"{found['processor'] / _SECONDS:.0%}", str(found["memory"])),
            ],
        ]
    )
    part.at_most("streams that broke or fell silent", found["errors"], 0)
    part.at_least("streams that were told something", found["told"], _READERS)
    part.notes.append(
        "Half of them are overviews, half pages of bots; every second a price moves and a bot is written."
    )
    return part
