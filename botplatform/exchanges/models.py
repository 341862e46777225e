"""A user's exchange accounts. The keys are in the vault; here are their names."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ExchangeAccount(models.Model):
    """An account whose key is connected. `id` is the credential's id in the vault."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exchange_accounts")
    exchange = models.CharField(max_length=30)
    label = models.CharField(max_length=80)
    ip_bound = models.BooleanField(null=True)
    connected_at = models.DateTimeField()

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return f"{self.label} ({self.exchange})"
