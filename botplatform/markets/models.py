"""Public market data. Nothing in here belongs to anybody."""

from __future__ import annotations

from django.db import models

from botplatform.lib.money import MoneyField
from strategies.market import Market as MarketRules


class Market(models.Model):
    """A spot market of an exchange, with its rules of rounding."""

    exchange = models.CharField(max_length=30)
    symbol = models.CharField(max_length=33)
    tick_size = MoneyField()
    lot_size = MoneyField()
    min_notional = MoneyField(default="0")
    min_amount = MoneyField(default="0")
    maker_fee = MoneyField(default="0.001")
    taker_fee = MoneyField(default="0.001")
    active = models.BooleanField(default=True)
    last_price = MoneyField(null=True)  # type: ignore[misc]  # the stubs cannot widen a field's type
    last_price_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exchange", "symbol"], name="one_row_a_market")]
        ordering = ["exchange", "symbol"]

    def __str__(self) -> str:
        return f"{self.symbol} ({self.exchange})"

    @property
    def rules(self) -> MarketRules:
        """The market as strategies know it."""
        return MarketRules(
            symbol=self.symbol,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            min_notional=self.min_notional,
            min_amount=self.min_amount,
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
        )


class Candle(models.Model):
    """One minute of a market. The last one of a market may still be growing."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="candles")
    opened_at = models.DateTimeField()
    open = MoneyField()
    high = MoneyField()
    low = MoneyField()
    close = MoneyField()
    volume = MoneyField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["market", "opened_at"], name="one_candle_a_minute")]
        ordering = ["market", "opened_at"]

    def __str__(self) -> str:
        return f"{self.market} {self.opened_at:%Y-%m-%d %H:%M}"
