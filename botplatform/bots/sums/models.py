"""A person's profit day by day."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from botplatform.lib.money import MoneyField


class DailyProfit(models.Model):
    """What deals that closed on one day (UTC) brought a person, after fees, in one quote currency.

    Written in the transaction that closes the deal. `manage.py recount` says whether it agrees with the deals.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="daily_profits")
    quote = models.CharField(max_length=20)
    day = models.DateField()
    realised = MoneyField(default="0")
    deals = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["day", "quote"]
        constraints = [models.UniqueConstraint(fields=["owner", "quote", "day"], name="one_profit_a_day_and_quote")]

    def __str__(self) -> str:
        return f"{self.realised} {self.quote} on {self.day}"
