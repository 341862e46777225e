"""Rows from all cores, in the order of the sets."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from botplatform.bots.sweeps.memory import keep_freed
from botplatform.bots.sweeps.sets import Settings
from botplatform.bots.sweeps.work import Piece, Row, opened, run_set

Unit = tuple[Settings, Piece | None]
_CHUNK = 8  # sets that a process takes at a time: few enough for an even progress

_job: tuple[Mapping[str, Any], str] = ({}, "")  # of this worker process, set once when it starts


def rows(
    job_words: Mapping[str, Any], candles_path: str, units: Sequence[Unit], *, processes: int = 1
) -> Generator[Row, None, None]:
    """One row for each unit, in their order. Whatever ends this early, Ctrl-C too, ends the workers at once."""
    processes = min(processes, -(-len(units) // _CHUNK))
    if processes <= 1:
        yield from (run_set(job_words, candles_path, settings, piece) for settings, piece in units)
        return
    # Forked workers share the candles that are opened here; others open the file themselves.
    for piece in dict.fromkeys(piece for _, piece in units):
        opened(candles_path, piece)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    before = set(multiprocessing.active_children())
    with _terminated_as_interrupted():
        executor = ProcessPoolExecutor(
            processes, multiprocessing.get_context(method), initializer=_begin, initargs=(job_words, candles_path)
        )
        try:
            yield from executor.map(_run, units, chunksize=_CHUNK)
        except BaseException:
            for worker in set(multiprocessing.active_children()) - before:
                worker.terminate()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _begin(job_words: Mapping[str, Any], candles_path: str) -> None:
    global _job  # noqa: PLW0603 - what a worker process is for
    _job = (job_words, candles_path)
    keep_freed()
    # Ctrl-C reaches the whole group of processes; the parent ends the workers, without a traceback of each.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(unit: Unit) -> Row:
    return run_set(*_job, *unit)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """A SIGTERM while workers run ends them as Ctrl-C does: nobody else would."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
