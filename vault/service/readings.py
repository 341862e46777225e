"""What the exchange says of an order, put into the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from vault.ledger import ledger
from vault.ledger.models import Order, Trade
from vault.messages.answers import State
from vault.messages.money import written

_ENDED = {
    "closed": State.FILLED,
    "canceled": State.CANCELLED,
    "expired": State.EXPIRED,
    "rejected": State.REJECTED,
}


def apply_reading(order: Order, reading: dict[str, Any], *, now: datetime) -> None:
    """Take over a ccxt order: that it exists, and how it ended if it did. Inside a transaction."""
    ledger_knows = State(order.state) is State.ACCEPTED and order.exchange_order_id
    if not ledger_knows:
        ledger.accepted(order, str(reading["id"]), now=now)
    ended_as = _ENDED.get(reading.get("status") or "")
    if ended_as is not None:
        ledger.ended(order, ended_as, Decimal(reading.get("filled") or 0), now=now)


def trade_of(credential: Any, reading: dict[str, Any]) -> Trade:
    """A ccxt trade as the ledger's row, not saved."""
    fee = reading.get("fee") or {}
    return Trade(
        credential=credential,
        market=reading["symbol"],
        trade_id=str(reading["id"]),
        exchange_order_id=str(reading["order"]),
        side=reading["side"],
        amount=written(Decimal(reading["amount"])),
        price=written(Decimal(reading["price"])),
        fee=written(Decimal(fee.get("cost") or 0)),
        fee_asset=str(fee.get("currency") or ""),
        maker=reading.get("takerOrMaker") == "maker",
        traded_at=int(reading["timestamp"]),
    )
