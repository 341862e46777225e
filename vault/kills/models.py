from __future__ import annotations

import uuid

from django.db import models

from vault.messages.words import StopLevel


class Kill(models.Model):
    """One use of the kill switch. Its id is the scope's new epoch; it is in force until it is lifted."""

    scope = models.CharField(max_length=45, db_index=True)  # everything, user:UUID, account:UUID or bot:UUID
    level = models.CharField(max_length=10, choices=[(level.value, level.value) for level in StopLevel])
    by = models.CharField(max_length=45)  # host, operator or owner:UUID
    put_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["scope"], condition=models.Q(lifted_at=None), name="kills_in_force")]


class Flattening(models.Model):
    """The host's word that every position of a scope is to be closed. Its id is the deal of the orders that do it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    scope = models.CharField(max_length=45)
    asked_at = models.DateTimeField()
    left = models.TextField(default="")  # what is still to be done, a sentence a line
    done_at = models.DateTimeField(null=True)
