from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One link. `digest` covers everything in it and the digest before it."""

    height = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    opens = models.BigIntegerField(null=True)  # the height of the entry that this one closes
    body = models.TextField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["subject"])]
