"""A user's exchange accounts. The keys are in the vault; here are their names."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from botplatform.lib.money import MoneyField


class ExchangeAccount(models.Model):
    """An account whose key is connected. `id` is the credential's id in the vault."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exchange_accounts")
    exchange = models.CharField(max_length=30)
    label = models.CharField(max_length=80)
    ip_bound = models.BooleanField(null=True)
    connected_at = models.DateTimeField()
    made_up = models.BooleanField(default=False)  # rows for measuring: no vault knows it, and no runner looks at it

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return f"{self.label} ({self.exchange})"


class Balance(models.Model):
    """What an account had of one asset when a runner last asked. A hint for pages; nothing is decided by it."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.CASCADE, related_name="balances")
    asset = models.CharField(max_length=20)
    free = MoneyField()
    total = MoneyField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["asset"]
        constraints = [models.UniqueConstraint(fields=["account", "asset"], name="one_balance_an_asset")]

    def __str__(self) -> str:
        return f"{self.total} {self.asset} of {self.account}"
