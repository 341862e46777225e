"""What an account's private stream tells: orders that change, balances that move, and the stream's own end.

The shapes are those of Binance's user data stream: https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botplatform.paper import clock
from botplatform.paper.accounts import Account
from botplatform.paper.money import ZERO, wire
from botplatform.paper.orders import Order, Trade

ORDER, POSITION, END = "executionReport", "outboundAccountPosition", "eventStreamTerminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something that happened to an order, as it stood then."""

    account: int
    event: dict[str, Any]

    def facts(self) -> dict[str, str]:
        """What faults may be matched by; a cancel's order is named by its original client order id."""
        event = self.event
        return {
            "symbol": event["s"],
            "side": event["S"],
            "type": event["o"],
            "clientOrderId": event["C"] or event["c"],
            "orderId": str(event["i"]),
            "account": str(self.account),
        }


def report(order: Order, execution: str, *, trade: Trade | None = None, cancel_id: str = "") -> Report:
    """`execution` is NEW, TRADE, CANCELED, EXPIRED or TRADE_PREVENTION; a TRADE comes with its trade."""
    resting = order.is_open and order.type != "MARKET" and order.time_in_force == "GTC"
    event = {
        "e": ORDER,
        "E": clock.now(),
        "s": order.symbol,
        "c": cancel_id or order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": wire(order.quantity),
        "p": wire(order.price),
        "P": wire(ZERO),
        "F": wire(ZERO),
        "g": -1,
        "C": order.client_id if cancel_id else "",
        "x": execution,
        "X": order.status,
        "r": "NONE",
        "i": order.id,
        "l": wire(ZERO if trade is None else trade.quantity),
        "z": wire(order.executed),
        "L": wire(ZERO if trade is None else trade.price),
        "n": "0" if trade is None else wire(trade.commission),
        "N": None if trade is None else trade.commission_asset,
        "T": order.updated if trade is None else trade.time,
        "t": -1 if trade is None else trade.id,
        "w": resting,
        "m": trade is not None and trade.is_maker,
        "O": order.time,
        "Z": wire(order.quote_done),
        "Y": wire(ZERO if trade is None else trade.quote),
        "Q": wire(order.quote_quantity),
        "W": order.time,
        "V": order.stp,
    }
    return Report(account=order.account, event=event)


def position(account: Account, assets: Iterable[str]) -> dict[str, Any]:
    """What an account has of the assets that may have changed."""
    now = clock.now()
    return {
        "e": POSITION,
        "E": now,
        "u": now,
        "B": [
            {"a": asset, "f": wire(account.balance(asset).free), "l": wire(account.balance(asset).locked)}
            for asset in sorted(assets)
        ],
    }


def terminated() -> dict[str, Any]:
    """The stream's last event."""
    return {"e": END, "E": clock.now()}
