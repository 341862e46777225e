from __future__ import annotations

from django.db import models


class Sample(models.Model):
    """What every watched market of an exchange stood at in one minute: `prices` is JSON, symbol to money."""

    exchange = models.CharField(max_length=30)
    minute = models.BigIntegerField()  # since 1970
    prices = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exchange", "minute"], name="one_sample_a_minute")]
