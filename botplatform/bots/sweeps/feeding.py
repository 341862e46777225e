"""Rows from a cluster, in the order of the sets.

The work is cut into chunks, a row each. A few of them are asked for at a time, so that whatever else the cluster has
to do need not wait for all, and so that little is left in the queue when nobody waits any more. Then, until all are
done:

1. Hand on the rows of chunks that are done, in their order.
2. Ask for more chunks.
3. Ask again for chunks whose worker is gone.
4. When nothing moves although there is work, start the cluster anew and ask for everything again.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django_q.tasks import async_task

from botplatform.bots.sweeps.clusters import Cluster
from botplatform.bots.sweeps.models import Sweep, SweepChunk
from botplatform.bots.sweeps.wire import Unit, row_of, unit_words
from botplatform.bots.sweeps.work import Row
from botplatform.lib import clock

_BARS_A_CHUNK = 13_000_000  # about a quarter of a second of a DCA: enough that the queue costs little beside it
_SETS_A_CHUNK = 100
_ASKED_AHEAD = 3  # chunks for each worker
_PAUSE, _CARE = 0.05, 1.0  # seconds
_STILL = 15.0  # seconds without any sign of life
_UNSEEN = timedelta(minutes=5)  # after which whoever took a chunk has left it
_LOST_MOST = 4
_FORGOTTEN = timedelta(days=30)


class ChunkFailed(Exception):
    """A chunk cannot be done; the message says why."""


def rows(
    job_words: Mapping[str, Any], candles_path: str, units: Sequence[Unit], bars: int, cluster: Cluster
) -> Generator[Row, None, None]:
    """One row for each unit, in their order; `bars` is about how many candles a unit looks at.

    Raises ChunkFailed and ClusterLost. However it ends, the tasks that are left return without doing anything.
    """
    cluster.look()
    Sweep.objects.filter(created_at__lt=clock.now() - _FORGOTTEN).delete()  # of commands that were killed
    sweep = Sweep.objects.create(job=dict(job_words), candles=candles_path, created_at=clock.now())
    size = chunk_size(len(units), bars, cluster.workers)
    SweepChunk.objects.bulk_create(
        SweepChunk(sweep=sweep, number=number, units=[unit_words(unit) for unit in units[first : first + size]])
        for number, first in enumerate(range(0, len(units), size))
    )
    try:
        yield from _Feed(sweep, cluster).rows()
    finally:
        Sweep.objects.filter(pk=sweep.pk).update(ended=True)
        sweep.delete()


def chunk_size(units: int, bars: int, workers: int) -> int:
    """Sets a chunk: some tenths of a second of work, and some chunks for each worker to the end."""
    most = max(1, min(_SETS_A_CHUNK, _BARS_A_CHUNK // max(1, bars)))
    return max(1, min(most, -(-units // (workers * 4))))


class _Feed:
    def __init__(self, sweep: Sweep, cluster: Cluster) -> None:
        self._sweep, self._cluster = sweep, cluster
        self._waiting = {chunk.number: chunk for chunk in sweep.chunks.only("id", "number")}
        self._asked: set[int] = set()
        self._lost: Counter[int] = Counter()  # workers, by the chunk that they had
        self._moved, self._patience = clock.monotonic(), _STILL

    def rows(self) -> Generator[Row, None, None]:
        ready: dict[int, Any] = {}
        cared, following, total = clock.monotonic(), 0, len(self._waiting)
        while following < total:
            self._ask_for_more()
            found = self._done()
            ready.update(found)
            while following in ready:
                yield from map(row_of, ready.pop(following))
                following += 1
            if found:
                self._moves()
            elif following < total:
                time.sleep(_PAUSE)
            if clock.monotonic() - cared > _CARE:
                self._care()
                cared = clock.monotonic()

    def _done(self) -> dict[int, Any]:
        """The rows of chunks that are done since; they are waited for no longer."""
        asked = self._sweep.chunks.filter(number__in=self._asked & self._waiting.keys())
        found = dict(asked.filter(done=True).values_list("number", "rows"))
        for number in found:
            del self._waiting[number]
        return found

    def _ask_for_more(self) -> None:
        room = self._cluster.workers * _ASKED_AHEAD - len(self._asked & self._waiting.keys())
        for number in sorted(self._waiting.keys() - self._asked)[: max(0, room)]:
            self._ask(number)

    def _ask(self, number: int) -> None:
        self._asked.add(number)
        async_task(
            "botplatform.bots.sweeps.tasks.run_chunk",
            str(self._waiting[number].pk),
            cluster=self._cluster.name,
            task_name=f"sweep, chunk {number}",
            save=False,
        )

    def _care(self) -> None:
        """Steps 3 and 4."""
        started = self._cluster.look()
        pending = list(self._sweep.chunks.filter(number__in=self._asked & self._waiting.keys(), done=False))
        for chunk in pending:
            if chunk.problem:
                raise ChunkFailed(chunk.problem)
        at_work = [chunk for chunk in pending if _works(chunk)]
        if at_work:
            self._moves()
        for chunk in pending:
            if chunk.worker and chunk not in at_work:
                self._ask_after_loss(chunk)
        still = clock.monotonic() - self._moved > self._patience
        if still and not started:
            self._cluster.restart()
        if still or started:
            self._moved = clock.monotonic()
            self._patience *= 2  # a cluster that has other things to do is not asked for ever more
            for chunk in pending:
                if not chunk.worker:
                    self._ask(chunk.number)

    def _ask_after_loss(self, chunk: SweepChunk) -> None:
        self._lost[chunk.number] += 1
        if self._lost[chunk.number] == _LOST_MOST:
            raise ChunkFailed(
                f"{_LOST_MOST} workers ended over the same sets, perhaps for want of memory. Use fewer --processes."
            )
        self._sweep.chunks.filter(pk=chunk.pk, worker=chunk.worker).update(worker="")
        self._ask(chunk.number)

    def _moves(self) -> None:
        self._moved, self._patience = clock.monotonic(), _STILL


def _works(chunk: SweepChunk) -> bool:
    """Whether who took the chunk still works on it, as far as can be known from here."""
    if chunk.beat_at is None or clock.now() - chunk.beat_at > _UNSEEN:
        return False
    host, _, process = chunk.worker.rpartition(" ")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
