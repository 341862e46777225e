"""The supervisor over toys: order, restarts, and that nothing outlives it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from botplatform.supervisor.children import ROOT
from botplatform.supervisor.sessions import marked

TOYS = Path(__file__).with_name("toys.py")


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


@pytest.fixture
def start(var):
    """Start a supervisor over a toy installation; whatever is left of it is killed afterwards."""
    running = []

    def begin(name, **extra):
        env = {**os.environ, "PYTHONPATH": str(ROOT), **extra}
        env.pop("BOTPLATFORM_VAR", None)
        output = (var / "terminal").open("ab")
        with output:
            process = subprocess.Popen([sys.executable, TOYS, str(var), name], stdout=output, stderr=output, env=env)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
    wait_for(lambda: not marked(var))


def began(var):
    """Names and process ids, in the order in which the toys started."""
    path = var / "began"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(name, int(pid)) for name, _, pid in (line.partition(" ") for line in lines)]


def terminal(var):
    return (var / "terminal").read_text()


def states(var):
    try:
        processes = json.loads((var / "run" / "processes.json").read_text())["processes"]
    except FileNotFoundError:
        return {}
    return {name: entry["state"] for name, entry in processes.items()}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_parts_start_after_those_that_they_need(start, var):
    start("chain")
    wait_for(lambda: states(var) == {"first": "starting"})
    assert [name for name, _ in wait_for(lambda: began(var))] == ["first"]

    (var / "gate").touch()

    wait_for(lambda: "all is well" in terminal(var))
    assert [name for name, _ in wait_for(lambda: len(began(var)) == 4 and began(var))] == [
        "first",
        "once",
        "second",
        "last",
    ]
    assert states(var) == dict.fromkeys(["first", "second", "last"], "ready")


def test_the_state_file_tells_what_the_health_page_needs(start, var):
    (var / "gate").touch()
    start("chain")
    wait_for(lambda: states(var).get("last") == "ready")

    path = var / "run" / "processes.json"
    content = json.loads(path.read_text())

    assert set(content) == {"at", "processes"}
    assert set(content["processes"]["first"]) == {"state", "pid", "restarts", "since"}
    assert ("first", content["processes"]["first"]["pid"]) in began(var)
    assert path.stat().st_mode & 0o077 == 0
    wait_for(lambda: json.loads(path.read_text())["at"] > content["at"])


def test_a_crashed_process_comes_back_later_and_later(start, var):
    start("crashing")

    wait_for(lambda: len(began(var)) >= 4)

    shown = terminal(var)
    assert [f"next try in {delay} s" in shown for delay in ("0.1", "0.2", "0.4")] == [True] * 3
    assert "next try in 0.8 s" not in shown
    assert "ended by itself with code 3" in shown
    assert (var / "logs" / "crashing.log").read_text().count("a last word") >= 3


def test_what_cannot_start_shows_its_last_words_and_is_tried_again(start, var):
    start("never_ready")

    wait_for(lambda: len(began(var)) >= 2)

    shown = terminal(var)
    assert "No module named somewhere" in shown
    assert shown.count("did not start") == 1, "its last lines are shown once, later tries take a line each"
    assert "ended by itself with code 1 (No module named somewhere); next try in" in shown
    assert wait_for(lambda: states(var).get("missing")) in {"backoff", "starting"}


def test_a_process_without_a_heartbeat_is_killed_and_started_again(start, var):
    start("silent")

    wait_for(lambda: len(began(var)) >= 2)

    assert "gave no sign of life" in terminal(var)
    assert not alive(began(var)[0][1])


def test_ctrl_c_ends_a_grandchild_that_ignores_it(start, var):
    running = start("stubborn")
    wait_for(lambda: states(var) == {"stubborn": "ready", "other": "ready"} and len(began(var)) == 2)
    grandchild = int(wait_for(lambda: (var / "grandchild").exists() and (var / "grandchild").read_text()))
    pids = [pid for _, pid in began(var)] + [grandchild]

    running.send_signal(signal.SIGINT)

    assert running.wait(60) == 0
    assert not [pid for pid in pids if alive(pid)]
    assert set(states(var).values()) == {"exited"}


def test_a_second_ctrl_c_does_not_wait(start, var):
    """What is asked ignores it and has ten minutes' grace."""
    running = start("patient")
    wait_for(lambda: states(var).get("patient") == "ready")

    running.send_signal(signal.SIGINT)
    wait_for(lambda: "Ctrl-C again" in terminal(var))
    running.send_signal(signal.SIGINT)

    assert running.wait(60) == 0


def test_killing_the_supervisor_ends_children_and_grandchildren(start, var):
    running = start("stubborn")
    grandchild = int(wait_for(lambda: (var / "grandchild").exists() and (var / "grandchild").read_text()))
    wait_for(lambda: len(began(var)) == 2)
    pids = [pid for _, pid in began(var)] + [grandchild]

    running.kill()

    wait_for(lambda: not [pid for pid in pids if alive(pid)])
    start("chain")
    wait_for(lambda: "first" in states(var))


def test_a_second_supervisor_of_a_folder_is_refused(start, var):
    start("crashing")
    wait_for(lambda: began(var))

    second = start("chain")

    assert second.wait(60) == 1
    assert "already runs" in terminal(var)


def test_no_child_has_a_secret_in_its_arguments_or_environment(start, var):
    start("told", AWS_SECRET_ACCESS_KEY="hidden", VAULT_TOKEN="hidden", DJANGO_SETTINGS_MODULE="x")
    assert wait_for(lambda: (var / "told").exists() and (var / "told").read_text()) == "the-secret-line\n"
    wait_for(lambda: len(began(var)) == 2)

    for _, pid in began(var):
        seen = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"the-secret-line" not in seen
        assert b"hidden" not in seen
        assert b"DJANGO_SETTINGS_MODULE" not in seen
        assert f"BOTPLATFORM_VAR={var}".encode() in seen
    assert "the-secret-line" not in terminal(var)


def test_each_process_has_a_session_of_its_own_and_no_core_dumps(start, var):
    start("told")
    wait_for(lambda: len(began(var)) == 2)

    for _, pid in began(var):
        assert os.getsid(pid) == pid
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file")] == ["0"]


def test_a_failed_task_ends_everything_with_its_output_and_a_remedy(start, var):
    running = start("failing")

    assert running.wait(60) == 1

    assert "column missing" in terminal(var)
    assert "migrate failed with code 4" in terminal(var)
    assert "Do this." in terminal(var)
    assert [name for name, _ in began(var)] == ["migrate"]


def test_logs_are_for_this_user_alone(start, var):
    start("crashing")
    wait_for(lambda: len(began(var)) >= 2)

    for path in (var / "logs").iterdir():
        with contextlib.suppress(FileNotFoundError):
            assert path.stat().st_mode & 0o077 == 0


def test_a_crash_is_seen_though_a_grandchild_holds_its_output(start, var):
    start("leaving")

    wait_for(lambda: len(began(var)) >= 2)

    assert "ended by itself with code 3" in terminal(var)


def test_the_terminal_shows_the_errors_of_what_runs_and_the_log_all(start, var):
    start("grumbling")

    wait_for(lambda: "ERROR late" in terminal(var))

    assert "ERROR early" not in terminal(var)
    assert "ERROR early" in (var / "logs" / "grumbling.log").read_text()
