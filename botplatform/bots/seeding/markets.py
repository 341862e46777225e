"""Made-up markets, of an exchange that there is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from botplatform.markets.models import Candle, Market

EXCHANGE = "seeded"
_MINUTES = 600
#  symbol, price, tick, lot, least notional
_TABLE = (
    ("BTC/USDT", "84210.55", "0.01", "0.00001", "5"),
    ("ETH/USDT", "3120.42", "0.01", "0.0001", "5"),
    ("SOL/USDT", "148.36", "0.01", "0.001", "5"),
    ("XRP/USDT", "2.1433", "0.0001", "0.1", "5"),
    ("ADA/USDT", "0.6521", "0.0001", "0.1", "5"),
    ("DOGE/USDT", "0.16237", "0.00001", "1", "5"),
    ("LINK/USDT", "14.812", "0.001", "0.01", "5"),
    ("PEPE/USDT", "0.00000893", "0.00000001", "1", "5"),
    ("BTC/EUR", "77890.1", "0.1", "0.00001", "5"),
    ("ETH/EUR", "2890.33", "0.01", "0.0001", "5"),
    ("ETH/BTC", "0.03706", "0.00001", "0.0001", "0.0001"),
    ("SOL/BTC", "0.0017621", "0.0000001", "0.01", "0.0001"),
)
ORDER = {"USDT": Decimal(60), "EUR": Decimal(55), "BTC": Decimal("0.0008")}  # what an order spends


@dataclass(frozen=True, slots=True)
class Place:
    """A market and about what an order on it spends."""

    market: Market
    spends: Decimal

    @property
    def price(self) -> Decimal:
        assert self.market.last_price is not None  # noqa: S101 - `places` gives each one
        return self.market.last_price


def places(now: datetime, random: Random) -> list[Place]:
    """The markets with prices and candles; those that are there already are left as they are."""
    found = []
    for symbol, price, tick, lot, notional in _TABLE:
        rules = {"tick_size": Decimal(tick), "lot_size": Decimal(lot), "min_notional": Decimal(notional)}
        stands = {"last_price": Decimal(price), "last_price_at": now, "volume": Decimal(250_000_000)}
        market, new = Market.objects.get_or_create(exchange=EXCHANGE, symbol=symbol, defaults={**rules, **stands})
        if new:
            Candle.objects.bulk_create(_candles(market, Decimal(price), now, random), batch_size=2000)
        found.append(Place(market, ORDER[market.rules.quote]))
    return found


def _candles(market: Market, price: Decimal, now: datetime, random: Random) -> list[Candle]:
    """A walk that ends at the price now."""
    rules, close, rows = market.rules, price, []
    minute = now.replace(second=0, microsecond=0)
    for back in range(_MINUTES):
        opened = max(rules.price_up(close * Decimal(f"{1 + random.gauss(0, 0.0009):.6f}")), rules.tick_size)
        rows.append(
            Candle(
                market=market,
                opened_at=minute - timedelta(minutes=back),
                open=opened,
                high=rules.price_up(max(opened, close) * Decimal(f"{1 + abs(random.gauss(0, 0.0004)):.6f}")),
                low=min(opened, close),
                close=close,
                volume=Decimal(f"{random.uniform(1, 40):.3f}"),
            )
        )
        close = opened
    return rows
