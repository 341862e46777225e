from __future__ import annotations

from django.db import models

from vault.messages.words import StopLevel


class Kill(models.Model):
    """One use of the kill switch. Its id is the scope's new epoch; it is in force until it is lifted."""

    scope = models.CharField(max_length=45, db_index=True)  # everything, user:UUID, account:UUID or bot:UUID
    level = models.CharField(max_length=10, choices=[(level.value, level.value) for level in StopLevel])
    by = models.CharField(max_length=45)  # host, operator or owner:UUID
    put_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
