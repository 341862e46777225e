"""Loopback ports for the servers that tests start."""

import itertools
import os
import socket

from botplatform.supervisor.layout import port_is_free

# Below the kernel's own range (from 32768), so that no outgoing connection sits on one before its server does; above
# what `make run` prefers (8000, 8020) and below its inner ones (from 20000).
_FIRST, _EACH, _WORKERS = 10000, 1000, 10
_turn = itertools.count(os.getpid())


def free_port():
    """A port that nothing listens on, and that no other pytest worker of this run is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    for _ in range(_EACH):
        port = _FIRST + worker * _EACH + next(_turn) % _EACH
        if port_is_free(port):
            return port
    raise AssertionError(f"none of {_EACH} ports from {_FIRST + worker * _EACH} on is free")


def listens(port):
    """Whether somebody answers there."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
