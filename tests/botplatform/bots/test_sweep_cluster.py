"""`manage.py sweep` with a real cluster of its own, in a folder in which nothing has run before."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.botplatform.bots.test_sweep import DCA, VARY, saved
from tests.strategies.backtest.test_engine_equals_walker import series

ROOT = Path(__file__).parents[3]
MANY = ("--vary", "step=0.001:0.1:0.0001", "--vary", "take_profit=0.001:0.05:0.001")


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "BOTPLATFORM_VAR": str(tmp_path / "var"), "BOTPLATFORM_TEST": str(tmp_path)}


@pytest.fixture
def start(tmp_path, environment):
    job = tmp_path / "job.json"
    job.write_text(json.dumps(DCA))
    started = []

    def run(*options, bars=20_000):
        path = saved(tmp_path / "c.npz", series(5, bars, 0.002, 0.05))
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sweep", str(job), "--candles", str(path), *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def of_this(tmp_path):
    """Every process that works for this test's sweep, by what the environment of its first says."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if f"BOTPLATFORM_TEST={tmp_path}".encode() in (each / "environ").read_bytes().split(b"\0"):
                found.append(int(each.name))
        except OSError:
            continue
    return found


def until(true, seconds, what):
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def workers(tmp_path, sweep):
    """The processes of its cluster that use the processor, once it has all: main, sentinel, two workers and two more."""

    def busy(pid):
        try:
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]) > 40  # hundredths
        except OSError:
            return False

    def all_there():
        pids = [pid for pid in of_this(tmp_path) if pid != sweep.pid]
        at_work = [pid for pid in pids if busy(pid)]
        return at_work if len(pids) >= 6 and at_work else None

    return until(all_there, 60, "no workers came")


def test_a_cluster_finds_the_same_as_one_process(start, tmp_path):
    several, _ = start(*VARY, "--walk-forward", "2", "--processes", "2", "--json").communicate(timeout=120)
    alone, _ = start(*VARY, "--walk-forward", "2", "--processes", "1", "--json").communicate(timeout=120)
    assert {**json.loads(several), "seconds": 0} == {**json.loads(alone), "seconds": 0}
    assert not of_this(tmp_path)


def test_the_sets_of_a_killed_worker_are_done_by_another(start, tmp_path):
    vary = ("--vary", "step=0.001:0.1:0.001", "--vary", "take_profit=0.005:0.012:0.001")
    sweep = start(*vary, "--processes", "2", "--json")
    for pid in workers(tmp_path, sweep):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        if parent != sweep.pid:
            os.kill(pid, signal.SIGKILL)
    told, said = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, said
    assert json.loads(told)["sets"] == 800


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_process(start, tmp_path, ending):
    sweep = start(*MANY, "--processes", "2")
    workers(tmp_path, sweep)
    sweep.send_signal(ending)
    _, told = sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert "Interrupted; every process has ended." in told
    assert "Traceback" not in told
    assert not of_this(tmp_path)


def test_a_sweep_that_is_killed_leaves_no_process_behind(start, tmp_path):
    sweep = start(*MANY, "--processes", "2")
    workers(tmp_path, sweep)
    sweep.kill()
    sweep.communicate()
    until(lambda: not of_this(tmp_path), 60, "something still runs")


@pytest.fixture
def default_cluster(tmp_path, environment):
    """The cluster `default`, and a supervisor's word that it runs."""
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    board = tmp_path / "var" / "run" / "processes.json"
    board.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC) + timedelta(hours=1)  # it stays fresh
    board.write_text(json.dumps({"at": at.isoformat(), "processes": {"default": {"state": "ready"}}}))
    log = tmp_path / "default.log"
    with log.open("wb") as told:
        cluster = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=environment, stdout=told, stderr=told
        )
        yield log
        cluster.terminate()
        cluster.wait(60)


def test_the_cluster_that_runs_beside_the_bots_does_the_work(start, default_cluster):
    vary = ("--vary", "step=0.01:0.03:0.001", "--vary", "take_profit=0.03,0.04,0.05")
    told, said = start(*vary, "--json", bars=200_000).communicate(timeout=120)
    assert json.loads(told)["sets"] == 63, said
    assert "processing sweep, chunk 0" in default_cluster.read_text()
