"""Asking the cluster `bots` for a slice. A task carries a shard's name and nothing else."""

from __future__ import annotations

from django_q.tasks import async_task

from botplatform.lib import clock
from botplatform.runner.models import Shard

CLUSTER = "bots"


def enqueue(shard: str) -> None:
    """One more slice of this shard. One too many does no harm: it gets no lease."""
    now = clock.now()
    Shard.objects.get_or_create(name=shard)
    Shard.objects.filter(name=shard).update(queued_at=now)
    Shard.objects.filter(name=shard, unanswered_since=None).update(unanswered_since=now)
    async_task("botplatform.runner.slices.run_slice", shard, cluster=CLUSTER, task_name=f"slice {shard}", save=False)
