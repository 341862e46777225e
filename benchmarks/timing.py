"""How long something takes, here in this process or as a fresh one."""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.series import KEPT

ROOT = Path(__file__).parents[1]


def best(act, turns):
    """The shortest of several turns in milliseconds of the processor, and what came of it.

    On a machine with nothing else to do that is what the clock says; on another it is what was spent on this.
    """
    spans = []
    for _ in range(turns):
        began = time.process_time()
        found = act()
        spans.append(time.process_time() - began)
    return min(spans) * 1000, found


def beside(act, other, turns):
    """Two things in turns, so that what else the machine does meets both; see `best`."""
    spans, others = [], []
    for _ in range(turns):
        span, found = best(act, 1)
        other_span, other_found = best(other, 1)
        spans.append(span)
        others.append(other_span)
    return (min(spans), found), (min(others), other_found)


# A process's most memory counts that of whoever started it, so a small one does.
_LAUNCH = (
    "import os, subprocess, sys, time\n"
    "began = time.perf_counter()\n"
    "started = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "_, code, used = os.wait4(started.pid, 0)\n"
    "print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss)\n"
    "sys.exit(os.waitstatus_to_exitcode(code))\n"
)


class Spent(NamedTuple):
    """What a process took, with all processes that it started; of these the largest one's memory."""

    seconds: float
    processor: float  # seconds of all cores together
    megabytes: int


def process(argv):
    """What a fresh process of this project's Python takes; raises CalledProcessError if it fails."""
    environment = {**os.environ, "BOTPLATFORM_VAR": str(KEPT / "var")}
    command = [sys.executable, "-S", "-c", _LAUNCH, sys.executable, *argv]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    seconds, processor, kilobytes = done.stdout.split()
    return Spent(float(seconds), float(processor), int(kilobytes) // 1024)


def usual(argv, turns=5):
    """The medians of some fresh processes, and the most megabytes of any."""
    runs = [process(argv) for _ in range(turns)]
    return Spent(
        median(each.seconds for each in runs),
        median(each.processor for each in runs),
        max(each.megabytes for each in runs),
    )


def bare():
    """What a fresh Python with numpy takes on this machine now: the noise beside which the others are read."""
    return usual(["-c", "import numpy"])
