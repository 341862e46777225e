"""The signer with clocks on its stages: `python -m benchmarks.stages serve` in place of `python -m vault serve`.

Processor time of the thread that a stage runs on, waiting left out. On SIGUSR1 what has come together is written down,
and counted anew. The clocks themselves take a tenth of a millisecond of an order.
"""

import functools
import json
import os
import signal
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

from vault import __main__ as program

WHERE = "BENCHMARK_STAGES"  # the file to write to, in the environment
WHOLE = "the request"
REQUEST = ("token and proof", "ccxt writes", "the request is checked", "MAC", "the last look", "sent, answer read")
LEDGER = ("may it be sent?", "what came of it", "commits")

_spent = defaultdict(float)


class _Inner(threading.local):
    """What stages within the one that is timed on this thread have taken."""

    spent = 0.0


_inner = _Inner()


@contextmanager
def _clocked(stage):
    """Without what stages within this one take: theirs is counted once."""
    outer, _inner.spent = _inner.spent, 0.0
    began = time.thread_time()
    try:
        yield
    finally:
        lasted = time.thread_time() - began
        _spent[stage] += lasted - _inner.spent
        _inner.spent = outer + lasted


class _Timed:
    """A coroutine whose own steps are timed, not what it waits for."""

    def __init__(self, stage, coroutine):
        self._stage, self._coroutine = stage, coroutine

    def __await__(self):
        value, raised = None, None
        while True:
            try:
                with _clocked(self._stage):
                    waits_for = self._step(value, raised)
            except StopIteration as done:
                return done.value
            raised = None
            try:
                value = yield waits_for
            except BaseException as why:  # noqa: BLE001 - the coroutine's own to handle
                raised = why

    def _step(self, value, raised):
        return self._coroutine.send(value) if raised is None else self._coroutine.throw(raised)


def _clock(owner, name, stage):
    act = getattr(owner, name)

    @functools.wraps(act)
    def timed(*args, **kwargs):
        with _clocked(stage):
            return act(*args, **kwargs)

    setattr(owner, name, timed)


def _clock_waiting(owner, name, stage):
    act = getattr(owner, name)

    @functools.wraps(act)
    async def timed(*args, **kwargs):
        return await _Timed(stage, act(*args, **kwargs))

    setattr(owner, name, timed)


def _install():
    from django.db import DEFAULT_DB_ALIAS, connections

    from vault.custody.session import Keystore
    from vault.server.application import Application
    from vault.service import identify, place
    from vault.signing.built import Expected
    from vault.signing.venue import Venue
    from vault.signing.workshop import Workshop

    for (owner, name), stage in zip(
        ((place, "_admit"), (place, "_accepted"), (type(connections[DEFAULT_DB_ALIAS]), "_commit")),
        LEDGER,
        strict=True,
    ):
        _clock(owner, name, stage)
    proof, writes, checked, mac, looks, sent = REQUEST
    for owner, name, stage in (
        (identify, "bearer", proof),
        (Workshop, "write", writes),
        (Expected, "check", checked),
        (place, "_may_be_sent", looks),
        (Workshop, "read", sent),
    ):
        _clock(owner, name, stage)
    for owner, name, stage in ((Keystore, "mac", mac), (Venue, "send", sent), (Application, "_answer", WHOLE)):
        _clock_waiting(owner, name, stage)


def _write(*_):
    partly = Path(os.environ[WHERE] + ".new")
    partly.write_text(json.dumps(_spent))
    partly.rename(os.environ[WHERE])
    _spent.clear()


def _serve(arguments, serve=program._serve):  # noqa: SLF001 - the command itself, timed
    _install()
    signal.signal(signal.SIGUSR1, _write)
    serve(arguments)


if __name__ == "__main__":
    program._serve = _serve  # noqa: SLF001 - see above
    program.main()
