"""Answers from all cores, in the order of what was asked."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from botplatform.bots.backtests.memory import keep_freed

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_CHUNK = 8  # that a process takes at a time: few enough for an even progress


def answers(
    act: Callable[[Asked], Answer], units: Sequence[Asked], *, processes: int = 1
) -> Generator[Answer, None, None]:
    """`act` of each unit, in their order. Whatever ends this early, Ctrl-C too, ends the workers at once.

    Both go to other processes and back: they have to be plain. Where processes are forked they begin with all that
    was opened here. Raises BrokenProcessPool when one is ended from outside.
    """
    processes = min(processes, -(-len(units) // _CHUNK))
    if processes <= 1:
        yield from map(act, units)
        return
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(processes, multiprocessing.get_context(method), initializer=_begin)
    try:
        yield from executor.map(act, units, chunksize=_CHUNK)
    except BaseException:
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    keep_freed()
    # Ctrl-C reaches the whole group of processes; the parent ends the workers, without a traceback of each.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
