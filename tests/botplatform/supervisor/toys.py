"""A supervisor over toy parts, run as a program: `toys.py VAR NAME`; a toy is a few lines of Python."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from botplatform.supervisor import supervisor
from botplatform.supervisor.layout import open_layout
from botplatform.supervisor.problems import Problem
from botplatform.supervisor.specs import Installation, Pace, Process, Task

PACE = Pace(
    first_delay=0.1,
    longest_delay=0.4,
    heartbeat_limit=0.5,
    heartbeat_from=0.6,
    poll=0.01,
    state_every=0.2,
    stop_all=4,
)
# Each toy writes its name and process id into `VAR/began` when it starts.
BEGIN = """
import os, pathlib, signal, subprocess, sys, time
var = pathlib.Path(os.environ["BOTPLATFORM_VAR"])
with (var / "began").open("a") as file:
    file.write(f"{NAME} {os.getpid()}\\n")
"""
WAIT = "time.sleep(600)\n"
STUBBORN_CHILD = """
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
session = os.environ.get("TOY_OWN_SESSION") == "1"
grandchild = subprocess.Popen([sys.executable, "-c", child], start_new_session=session)
(var / "grandchild").write_text(str(grandchild.pid))
"""
BEAT_ONCE = '(var / "beat").touch()\n'


def toy(name: str, code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"NAME = {name!r}\n{BEGIN}\n{code}")


def chain(layout):
    """Three processes and a task, each after the one before it."""

    async def open_gate():
        return (layout.var / "gate").exists()

    async def second_began():
        return "second" in (layout.var / "began").read_text()

    return Installation(
        parts=(
            Process(name="first", argv=toy("first", WAIT), ready=open_gate),
            Task(name="once", argv=toy("once", ""), after=("first",)),
            Process(name="second", argv=toy("second", WAIT), after=("once",), ready=second_began),
            Process(name="last", argv=toy("last", WAIT), after=("second",)),
        ),
        announce=lambda: "all is well",
        announce_after=("last",),
    )


def crashing(layout):
    del layout
    code = 'print("a last word", flush=True)\nsys.exit(3)'
    return Installation(parts=(Process(name="crashing", argv=toy("crashing", code)),))


def never_ready(layout):
    del layout

    async def never():
        return False

    code = 'sys.exit("No module named somewhere")'
    return Installation(parts=(Process(name="missing", argv=toy("missing", code), ready=never),))


def silent(layout):
    process = Process(name="silent", argv=toy("silent", BEAT_ONCE + WAIT), heartbeat=layout.var / "beat")
    return Installation(parts=(process,))


def stubborn(layout):
    """A process and a grandchild in a session of its own that both ignore SIGTERM."""
    del layout
    code = STUBBORN_CHILD + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAIT
    process = Process(name="stubborn", argv=toy("stubborn", code), env={"TOY_OWN_SESSION": "1"}, grace=0.5)
    return Installation(parts=(process, Process(name="other", argv=toy("other", WAIT))))


def patient(layout):
    """It ignores SIGTERM, and is waited for."""
    del layout
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAIT
    return Installation(parts=(Process(name="patient", argv=toy("patient", code), grace=600),))


def leaving(layout):
    """It ends and leaves a grandchild that holds its output."""
    del layout
    process = Process(name="leaving", argv=toy("leaving", STUBBORN_CHILD + "sys.exit(3)"), env={"TOY_OWN_SESSION": "1"})
    return Installation(parts=(process,))


def grumbling(layout):
    """It speaks of an error before it is ready, and of another one afterwards."""

    async def began():
        return (layout.var / "said").exists()

    code = """
print("ERROR early", flush=True)
while "early\\n" not in (var / "logs" / "grumbling.log").read_text():
    time.sleep(0.01)
(var / "said").touch()
while '"ready"' not in (var / "run" / "processes.json").read_text():
    time.sleep(0.01)
print("ERROR late", flush=True)
"""
    return Installation(parts=(Process(name="grumbling", argv=toy("grumbling", code + WAIT), ready=began),))


def told(layout):
    """It is given a secret on its standard input."""
    code = '(var / "told").write_text(sys.stdin.read())\n' + WAIT
    process = Process(name="told", argv=toy("told", code), stdin=lambda: "the-secret-line")
    return Installation(parts=(process, Process(name="other", argv=toy("other", WAIT))))


def failing(layout):
    del layout
    code = 'print("column missing"); sys.exit(4)'
    task = Task(name="migrate", argv=toy("migrate", code), remedy="Do this.")
    return Installation(parts=(task, Process(name="web", argv=toy("web", WAIT), after=("migrate",))))


if __name__ == "__main__":
    try:
        name = sys.argv[2]
        pace = replace(PACE, stop_all=600) if name == "patient" else PACE
        sys.exit(supervisor.run(open_layout(Path(sys.argv[1])), globals()[name], pace=pace))
    except Problem as problem:
        sys.exit(str(problem))
