from __future__ import annotations

from django.db import models


class Shard(models.Model):
    """How far a shard has read the signer's events, and when its slice last showed a sign of life.

    A hint for the dispatcher and the pages: who may act is the signer's lease to say.
    """

    name = models.CharField(primary_key=True, max_length=40)
    last_event = models.BigIntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    unanswered_since = models.DateTimeField(null=True)  # the oldest request for a slice that none has answered

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
