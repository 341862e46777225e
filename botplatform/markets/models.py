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
    max_amount = MoneyField(null=True)  # type: ignore[misc]  # the stubs cannot widen a field's type
    max_orders = models.PositiveIntegerField(default=200)
    lowest_buy = MoneyField(null=True)  # type: ignore[misc]  # as above; times the last price
    highest_sell = MoneyField(null=True)  # type: ignore[misc]  # as above; times the last price
    maker_fee = MoneyField(default="0.001")
    taker_fee = MoneyField(default="0.001")
    active = models.BooleanField(default=True)
    last_price = MoneyField(null=True)  # type: ignore[misc]  # the stubs cannot widen a field's type
    last_price_at = models.DateTimeField(null=True)
    volume = MoneyField(null=True)  # type: ignore[misc]  # as above; quote that was traded in 24 hours

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
            max_amount=self.max_amount,
            max_orders=self.max_orders,
            lowest_buy=self.lowest_buy,
            highest_sell=self.highest_sell,
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
        )


class Candle(models.Model):
    """One minute of a market, or a longer `interval` that a bot's conditions look back on.

    The last one of a market may still be growing.
    """

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="candles")
    interval = models.PositiveIntegerField(default=1)  # minutes
    opened_at = models.DateTimeField()
    open = MoneyField()
    high = MoneyField()
    low = MoneyField()
    close = MoneyField()
    volume = MoneyField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["market", "interval", "opened_at"], name="one_candle_a_moment")]
        ordering = ["market", "opened_at"]

    def __str__(self) -> str:
        return f"{self.market} {self.opened_at:%Y-%m-%d %H:%M}"


class History(models.Model):
    """Candles of the past that somebody needs: the feed fetches them, and again when they have become old."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    interval = models.PositiveIntegerField()  # minutes
    candles = models.PositiveIntegerField()  # how many
    fetched_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["market", "interval"], name="one_history_an_interval")]

    def __str__(self) -> str:
        return f"{self.candles} x {self.interval} min of {self.market}"


class Backfill(models.Model):
    """A year of a market's minutes on its way into the archive, as somebody asked for it."""

    market = models.OneToOneField(Market, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True)  # the last sign of life of who fetches
    ended_at = models.DateTimeField(null=True)
    share = models.FloatField(default=0.0)  # of the way, for a bar that fills up
    trouble = models.CharField(max_length=400, default="", blank=True)

    def __str__(self) -> str:
        return f"a year of {self.market}"
