"""What a worker of a cluster does for a sweep. The task carries a chunk's id; everything else is in its row.

1. Take the chunk, unless it is done or nobody waits for it any more.
2. Backtest one set after the other; twice a second show a sign of life and see whether somebody still waits.
3. Write the rows. Whoever does the same chunk once more writes the same.
"""

from __future__ import annotations

import os
import socket
from functools import cache

from django.db import DatabaseError

from botplatform.bots.backtests.memory import keep_freed
from botplatform.bots.sweeps.models import SweepChunk
from botplatform.bots.sweeps.wire import row_words, unit_of
from botplatform.bots.sweeps.work import run_set
from botplatform.lib import clock

_BEAT = 0.5  # seconds

_prepared = cache(keep_freed)  # once for a process


def here() -> str:
    """This process, as a chunk's row names who works on it."""
    return f"{socket.gethostname()} {os.getpid()}"


def run_chunk(chunk: str) -> None:
    """Work off one chunk; see above."""
    row = SweepChunk.objects.select_related("sweep").filter(pk=chunk, done=False, sweep__ended=False).first()
    if row is None or not _alive(chunk):
        return
    _prepared()
    rows, beat = [], clock.monotonic()
    try:
        for words in row.units:
            settings, piece = unit_of(words)
            rows.append(row_words(run_set(row.sweep.job, row.sweep.candles, settings, piece)))
            if clock.monotonic() - beat > _BEAT:
                if not _alive(chunk):
                    return
                beat = clock.monotonic()
    except DatabaseError:
        raise
    except Exception as why:
        # Whoever waits is told in words: what a task raises is kept nowhere.
        SweepChunk.objects.filter(pk=chunk).update(problem=f"{type(why).__name__}: {why}")
        raise
    SweepChunk.objects.filter(pk=chunk).update(rows=rows, done=True)


def _alive(chunk: str) -> bool:
    """Say that this process works on it. False when nobody waits any more."""
    waited_for = SweepChunk.objects.filter(pk=chunk, done=False, sweep__ended=False)
    return bool(waited_for.update(worker=here(), beat_at=clock.now()))
