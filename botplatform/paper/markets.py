"""The markets, their grids and their filters."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botplatform.paper.money import wire

MAX_OPEN_ORDERS = 200
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET")
STP_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One market: prices are multiples of `tick`, amounts of `lot`."""

    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    max_quantity: Decimal
    start: Decimal  # where the seeded path begins
    volatility: float  # annual
    size: float  # what the market maker shows on a level, in quote currency, on average

    max_price: Decimal = Decimal(1_000_000)
    max_notional: Decimal = Decimal(9_000_000)
    up: Decimal = Decimal(5)
    down: Decimal = Decimal("0.2")

    @property
    def symbol(self) -> str:
        return self.base + self.quote

    def filters(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` shows them."""
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": wire(self.tick),
                "maxPrice": wire(self.max_price),
                "tickSize": wire(self.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": wire(self.lot),
                "maxQty": wire(self.max_quantity),
                "stepSize": wire(self.lot),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": "0.00000000",
                "maxQty": wire(self.max_quantity / 10),
                "stepSize": "0.00000000",
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(self.up),
                "bidMultiplierDown": str(self.down),
                "askMultiplierUp": str(self.up),
                "askMultiplierDown": str(self.down),
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": wire(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": wire(self.max_notional),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS},
        ]

    def info(self) -> dict[str, Any]:
        """The market's entry in `exchangeInfo`."""
        return {
            "symbol": self.symbol,
            "status": "TRADING",
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(ORDER_TYPES),
            "icebergAllowed": False,
            "ocoAllowed": False,
            "otoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": False,
            "cancelReplaceAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self.filters(),
            "permissions": ["SPOT"],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": list(STP_MODES),
        }


def _market(  # noqa: PLR0917  (rows of a table)
    base: str, quote: str, tick: str, lot: str, start: str, volatility: float, max_quantity: int
) -> Market:
    in_bitcoin = quote == "BTC"
    return Market(
        base=base,
        quote=quote,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=Decimal("0.0001") if in_bitcoin else Decimal(5),
        max_quantity=Decimal(max_quantity),
        start=Decimal(start),
        volatility=volatility,
        size=0.2 if in_bitcoin else 12_000.0,
    )


MARKETS: dict[str, Market] = {
    market.symbol: market
    for market in (
        _market("BTC", "USDT", "0.01", "0.00001", "60000.00", 0.70, 9_000),
        _market("ETH", "USDT", "0.01", "0.0001", "3000.00", 0.75, 90_000),
        _market("SOL", "USDT", "0.01", "0.001", "150.00", 0.80, 900_000),
        _market("DOGE", "USDT", "0.00001", "1", "0.15000", 0.80, 90_000_000),
        _market("ETH", "BTC", "0.00001", "0.0001", "0.05000", 0.60, 90_000),
    )
}
ASSETS: tuple[str, ...] = tuple(
    sorted({market.base for market in MARKETS.values()} | {market.quote for market in MARKETS.values()})
)
