"""What was asked for, how far it is, and what came of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models

from botplatform.bots.sweeps.models import Sweep
from botplatform.lib import clock

# As long as a task may take: a study without a sign of life for longer has nobody who works on it.
SILENT = timedelta(seconds=settings.Q_CLUSTER["timeout"])


class Study(models.Model):
    """One backtest, or one sweep. Its full report is a file that only this installation's user can read."""

    class What(models.TextChoices):
        BACKTEST = "backtest", "Backtest"
        SWEEP = "sweep", "Sweep"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OVER = (State.DONE, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="studies")
    what = models.CharField(max_length=10, choices=What, default=What.BACKTEST)
    title = models.CharField(max_length=200)
    job = models.JSONField()  # the words of the job, as in its file
    exchange = models.CharField(max_length=30)
    interval = models.CharField(max_length=4)
    vary = models.JSONField(default=list)  # of a sweep: FIELD=VALUES, one for each setting
    rank = models.CharField(max_length=30, default="profit")
    sweep = models.ForeignKey(Sweep, null=True, on_delete=models.SET_NULL, related_name="+")  # while it runs
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    share = models.FloatField(default=0)  # done, of one
    problem = models.TextField(default="", blank=True)
    figures = models.JSONField(default=dict)
    curve = models.JSONField(default=list)  # [[second, profit as a share of the capital], ...]
    found = models.JSONField(default=dict)  # of a sweep: the best sets, the map, what to know
    created_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True)  # the last sign of life of who works on it
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def over(self) -> bool:
        return self.state in self.OVER

    @property
    def silent(self) -> bool:
        """Whether whoever worked on it is gone: its worker was ended, or the machine."""
        return self.state == self.State.RUNNING and self.beat_at is not None and self.beat_at < clock.now() - SILENT

    @property
    def report(self) -> Path:
        path: Path = settings.PLATFORM_DIR / "reports" / f"{self.id}.html"
        return path
