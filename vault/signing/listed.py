"""Orders as Binance writes them in the answers that somebody waits for, or that come every second.

ccxt reads some forty fields of each, and builds the whole request anew before it does. What matters of them is eight;
they are told in ccxt's unified words. Whatever does not look like this is left to ccxt to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Placed(msgspec.Struct, frozen=True, rename="camel"):
    """Of the answer to a new order, what matters here."""

    order_id: int
    client_order_id: str
    status: str
    executed_qty: str


class Listed(Placed, frozen=True, rename="camel"):
    """Of an order in a list, what matters here. `symbol`: the exchange's own name of the market."""

    symbol: str
    side: str
    price: str
    orig_qty: str


PLACED = msgspec.json.Decoder(Placed)
LISTED = msgspec.json.Decoder(list[Listed])
Status = Callable[[str], str]  # the unified word for one of the exchange's


def placed(order: Placed, status: Status) -> dict[str, Any]:
    """In ccxt's words."""
    return {
        "id": str(order.order_id),
        "clientOrderId": order.client_order_id,
        "status": status(order.status),
        "filled": order.executed_qty,
    }


def listed(order: Listed, symbol: str, status: Status) -> dict[str, Any]:
    """In ccxt's words; `symbol` as it names the market."""
    return {
        **placed(order, status),
        "symbol": symbol,
        "side": order.side.lower(),
        "price": order.price,
        "amount": order.orig_qty,
    }
