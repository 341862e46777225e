"""Folders, ports and sockets: chosen once, kept, private."""

from __future__ import annotations

import json
import socket

import pytest

from botplatform.lib.layout import Layout as ReadersLayout
from botplatform.lib.layout import layout as readers_layout
from botplatform.supervisor.installation import refuse_taken_ports, whole
from botplatform.supervisor.layout import LONGEST_SOCKET_PATH, lock, open_layout
from botplatform.supervisor.logs import Log
from botplatform.supervisor.problems import Problem
from botplatform.supervisor.specs import Installation, Process


def test_ports_are_kept(var):
    assert open_layout(var) == open_layout(var)


def test_an_explicit_port_replaces_the_webs_alone(var):
    first = open_layout(var)

    second = open_layout(var, 9123)

    assert (second.web_port, second.paper_port) == (9123, first.paper_port)
    assert open_layout(var).web_port == 9123


def test_every_port_is_another(var):
    layout = open_layout(var)

    inner = {layout.paper_port, layout.openbao_port, layout.openbao_cluster_port}
    assert len(inner | {layout.web_port, layout.pages_port}) == 5


def test_the_pages_keep_their_port_when_the_web_gets_another(var):
    """Passkeys belong to an address with its port: another one would be another vault to every browser."""
    first = open_layout(var)
    assert open_layout(var, 9123).pages_port == first.pages_port


def test_a_port_that_is_none_is_refused(var):
    with pytest.raises(Problem, match="PORT=70000"):
        open_layout(var, 70000)


def test_a_taken_port_is_named_with_a_remedy(var):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(Problem, match=f"Port {port} is taken.*make run PORT={port + 1}"):
            refuse_taken_ports(open_layout(var, port))


def test_a_long_path_gets_a_short_folder_for_its_sockets(var):
    long = var / ("x" * 90)

    layout = open_layout(long)

    assert not layout.run.is_relative_to(long)
    assert layout.run == open_layout(long).run != open_layout(var / ("y" * 90)).run
    assert layout.run.stat().st_mode & 0o777 == 0o700
    assert len(str(layout.signer_socket)) <= LONGEST_SOCKET_PATH
    for each in var.iterdir():
        open_layout(each).run.rmdir()


def test_a_socket_folder_that_is_a_link_is_refused(var, tmp_path):
    long = var / ("x" * 90)
    run = open_layout(long).run
    run.rmdir()
    run.symlink_to(tmp_path)

    with pytest.raises(Problem, match="belongs to somebody else or is a link"):
        open_layout(long)
    run.unlink()


def test_everybody_else_reads_the_same_layout(var, monkeypatch):
    monkeypatch.setenv("BOTPLATFORM_VAR", str(var))
    written = open_layout(var)

    read = readers_layout.__wrapped__()

    assert isinstance(read, ReadersLayout)
    assert (read.web_port, read.paper_port, read.run) == (written.web_port, written.paper_port, written.run)
    assert read.pages_port == written.pages_port
    assert (read.signer_socket, read.ticks_socket) == (written.signer_socket, written.ticks_socket)
    assert (read.paper_control, read.processes) == (written.paper_socket, written.processes)
    assert json.loads((var / "layout.json").read_text())["ports"].keys() == {
        "web",
        "pages",
        "paper",
        "openbao",
        "openbao_cluster",
    }


def test_the_state_folder_is_private(var):
    var.chmod(0o755)

    open_layout(var)

    assert var.stat().st_mode & 0o777 == 0o700
    assert (var / "layout.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_is_locked_for_one(var):
    with lock(var), pytest.raises(Problem, match="already runs"):
        lock(var)
    lock(var).close()


def test_what_a_person_sets_for_the_vault_reaches_signer_and_pages_alone(var, monkeypatch):
    monkeypatch.setenv("VAULT_BINANCE_URL", "https://api.binance.com")
    monkeypatch.setenv("VAULT_STATE", "/elsewhere")
    parts = {part.name: dict(part.env or {}) for part in whole(open_layout(var)).parts}
    told = {name for name, env in parts.items() if "VAULT_BINANCE_URL" in env}
    assert told == {"signer", "pages", "vault-migrate", "vault-init", "enroll-runner", "enroll-web", "enroll-pages"}
    assert not any("VAULT_STATE" in env for env in parts.values())


def test_the_installation_is_in_an_order_that_can_be_started(var):
    names = [part.name for part in whole(open_layout(var)).parts]

    assert {"openbao", "signer", "paper", "feed", "web", "bots", "default", "dispatcher"} <= set(names)


def test_a_part_after_an_unknown_one_is_refused():
    with pytest.raises(ValueError, match="web"):
        Installation(parts=(Process(name="web", argv=("true",), after=("openbao",)),))


def test_a_log_rotates_and_keeps_its_last_lines(var):
    log = Log(var / "toy.log", limit=100)
    for number in range(60):
        log.take(f"line {number}\n".encode())
    log.close()

    assert log.last_lines().splitlines()[-1] == "line 59"
    assert sorted(path.name for path in var.iterdir()) == ["toy.log", "toy.log.1", "toy.log.2", "toy.log.3"]


def test_a_log_finds_the_lines_that_speak_of_an_error(var):
    log = Log(var / "toy.log")

    assert log.take(b"all well\nERR") == []
    assert log.take(b"OR in half a line\n") == ["ERROR in half a line"]
    log.close()
