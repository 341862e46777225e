"""A sweep's work as rows: what each task has to do, who does it, and what came of it.

Tasks carry a chunk's id and nothing else. The rows live as long as somebody waits for them.
"""

from __future__ import annotations

import uuid

from django.db import models


class Sweep(models.Model):
    """One job with many settings over one file of candles. Once it ended its tasks return without doing anything."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.JSONField()  # the words of the job, as in its file
    candles = models.TextField()  # an absolute path
    created_at = models.DateTimeField()
    ended = models.BooleanField(default=False)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return str(self.id)


class SweepChunk(models.Model):
    """Some sets of a sweep: as many as one task works off. It may be done twice, with the same outcome."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()  # from 0, in the order of the sets
    units = models.JSONField()  # [[settings, piece or null], ...]
    worker = models.CharField(max_length=300, default="", blank=True)  # "host pid" of who works on it
    beat_at = models.DateTimeField(null=True)  # its last sign of life
    done = models.BooleanField(default=False)
    rows = models.JSONField(null=True)
    problem = models.TextField(default="", blank=True)  # why it cannot be done at all

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["sweep", "number"], name="one_chunk_a_number")]

    def __str__(self) -> str:
        return f"{self.sweep_id}, chunk {self.number}"
