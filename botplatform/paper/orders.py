"""What the engine talks about: wishes, orders, trades, and their shapes on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from botplatform.paper.money import ZERO, wire

Side = Literal["BUY", "SELL"]
OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order as it was asked for; `price`, `quantity` and `quote_quantity` are zero where not given."""

    symbol: str
    side: Side
    type: str
    time_in_force: str
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    client_id: str = ""
    stp: str = "NONE"


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An order and how far it has come. `locked` is what it still holds of the account's quote or base."""

    symbol: str
    id: int
    account: int
    client_id: str
    side: Side
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal = ZERO
    executed: Decimal = ZERO
    quote_done: Decimal = ZERO
    locked: Decimal = ZERO
    status: str = "NEW"
    stp: str = "NONE"
    time: int = 0
    updated: int = 0

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def summary(self) -> dict[str, Any]:
        """What every answer about the order has in common."""
        return {
            "symbol": self.symbol,
            "orderId": self.id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "price": wire(self.price),
            "origQty": wire(self.quantity),
            "executedQty": wire(self.executed),
            "origQuoteOrderQty": wire(self.quote_quantity),
            "cummulativeQuoteQty": wire(self.quote_done),
            "status": self.status,
            "timeInForce": self.time_in_force,
            "type": self.type,
            "side": self.side,
            "workingTime": self.time,
            "selfTradePreventionMode": self.stp,
        }

    def looked_up(self) -> dict[str, Any]:
        """As in GET order, openOrders and allOrders."""
        return {
            **self.summary(),
            "stopPrice": "0.00000000",
            "icebergQty": "0.00000000",
            "time": self.time,
            "updateTime": self.updated,
            "isWorking": True,
        }

    def placed(self, kind: str, fills: list[Trade]) -> dict[str, Any]:
        """As in POST order; `kind` is ACK, RESULT or FULL."""
        answer = {
            "symbol": self.symbol,
            "orderId": self.id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "transactTime": self.time,
        }
        if kind == "ACK":
            return answer
        answer.update(self.summary())
        if kind == "FULL":
            answer["fills"] = [fill.as_fill() for fill in fills]
        return answer

    def cancelled(self, cancel_id: str) -> dict[str, Any]:
        """As in DELETE order; `cancel_id` names the cancel, the order's own id stands in origClientOrderId."""
        return {
            **self.summary(),
            "origClientOrderId": self.client_id,
            "clientOrderId": cancel_id,
            "transactTime": self.updated,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One side of a trade, as its account sees it."""

    symbol: str
    id: int
    order_id: int
    account: int
    price: Decimal
    quantity: Decimal
    quote: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool

    def as_fill(self) -> dict[str, Any]:
        return {
            "price": wire(self.price),
            "qty": wire(self.quantity),
            "commission": wire(self.commission),
            "commissionAsset": self.commission_asset,
            "tradeId": self.id,
        }

    def listed(self) -> dict[str, Any]:
        """As in myTrades."""
        return {
            "symbol": self.symbol,
            "id": self.id,
            "orderId": self.order_id,
            "orderListId": -1,
            "price": wire(self.price),
            "qty": wire(self.quantity),
            "quoteQty": wire(self.quote),
            "commission": wire(self.commission),
            "commissionAsset": self.commission_asset,
            "time": self.time,
            "isBuyer": self.is_buyer,
            "isMaker": self.is_maker,
            "isBestMatch": True,
        }


@dataclass(frozen=True, slots=True)
class Print:
    """A trade as everybody sees it."""

    symbol: str
    id: int
    price: Decimal
    quantity: Decimal
    quote: Decimal
    time: int
    buyer_is_maker: bool
    taker_order: int
