"""The dispatcher: sees to it that every shard with something to do has a slice.

Every few seconds:

1. A shard whose slice showed no sign of life for a while, and for which none was asked lately, gets one.
2. The cluster's heartbeat file is touched while it does what it is asked: no slice that was asked for stays
   unstarted. A cluster that is stuck is then killed and started again by whoever supervises it (a worker that was
   killed while holding the queue's lock leaves a cluster that looks alive and does nothing).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from botplatform.lib import clock
from botplatform.runner.models import Shard
from botplatform.runner.queue import enqueue
from botplatform.runner.shards import all_shards

EVERY = 2.0  # seconds
_SILENT = timedelta(seconds=5)  # a slice shows a sign of life every second
_ASK_AGAIN = timedelta(seconds=6)
_STUCK = timedelta(seconds=8)


def dispatch_once(heartbeat: Path) -> list[str]:
    """One turn; the shards for which a slice was asked."""
    now = clock.now()
    asked = [shard for shard in all_shards() if _needs_a_slice(shard, now)]
    for shard in asked:
        enqueue(shard)
    if not any(_stuck(shard, now) for shard in all_shards()):
        heartbeat.touch(mode=0o600)
    return asked


def _needs_a_slice(shard: str, now: datetime) -> bool:
    row = Shard.objects.filter(name=shard).first()
    if row is None:
        return True
    silent = row.beat_at is None or now - row.beat_at > _SILENT
    return silent and (row.queued_at is None or now - row.queued_at > _ASK_AGAIN)


def _stuck(shard: str, now: datetime) -> bool:
    """Whether slices were asked for again and again and none began."""
    row = Shard.objects.filter(name=shard).first()
    if row is None or row.unanswered_since is None:
        return False
    return now - row.unanswered_since > _STUCK
