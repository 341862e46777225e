"""Binance spot: each typed operation as a ccxt call, and what the request that comes of it must say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vault.signing.built import Expected
from vault.signing.workshop import Call, Workshop

WEIGHT_A_MINUTE = 6000  # what one address may ask of spot, by the exchange's own reckoning

_HOST = "https://api.binance.com"
_ORDER = f"{_HOST}/api/v3/order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A call with its expectation: neither is used without the other."""

    call: Call
    expected: Expected


def markets() -> Call:
    """The public list of what can be traded."""
    return Call(method="fetch_markets")


def bids_asks(symbols: Sequence[str]) -> Call:
    """The best bid and ask of these markets, in one public request."""
    return Call(method="fetch_bids_asks", args=(list(symbols),))


def day_tickers(symbols: Sequence[str]) -> Call:
    """What these markets traded in 24 hours, in one public request."""
    return Call(method="fetch_tickers", args=(list(symbols),))


def server_time() -> Call:
    """The exchange's clock, public."""
    return Call(method="fetch_time")


def place(
    workshop: Workshop,
    *,
    symbol: str,
    side: str,
    order_type: str,
    amount: Decimal,
    price: Decimal,
    client_order_id: str,
) -> Operation:
    lasting = "GTC" if order_type == "limit" else "IOC"
    return Operation(
        call=Call(
            method="create_order",
            args=(symbol, "limit", side, format(amount, "f"), format(price, "f")),
            params={"newClientOrderId": client_order_id, "timeInForce": lasting, "newOrderRespType": "RESULT"},
        ),
        expected=Expected(
            method="POST",
            url=_ORDER,
            values={
                "symbol": workshop.market_id(symbol),
                "side": side.upper(),
                "type": "LIMIT",
                "timeInForce": lasting,
                "quantity": amount,
                "price": price,
                "newClientOrderId": client_order_id,
                "newOrderRespType": "RESULT",
            },
        ),
    )


def cancel(workshop: Workshop, *, symbol: str, client_order_id: str) -> Operation:
    return _by_client_order_id(workshop, "cancel_order", "DELETE", symbol, client_order_id)


def look_up(workshop: Workshop, *, symbol: str, client_order_id: str) -> Operation:
    return _by_client_order_id(workshop, "fetch_order", "GET", symbol, client_order_id)


def _by_client_order_id(workshop: Workshop, method: str, verb: str, symbol: str, client_order_id: str) -> Operation:
    return Operation(
        call=Call(method=method, args=(None, symbol), params={"origClientOrderId": client_order_id}),
        expected=Expected(
            method=verb,
            url=_ORDER,
            values={"symbol": workshop.market_id(symbol), "origClientOrderId": client_order_id},
        ),
    )


def open_orders(workshop: Workshop, *, symbol: str) -> Operation:
    return Operation(
        call=Call(method="fetch_open_orders", args=(symbol, None, None)),
        expected=Expected(
            method="GET", url=f"{_HOST}/api/v3/openOrders", values={"symbol": workshop.market_id(symbol)}
        ),
    )


def recent_orders(workshop: Workshop, *, symbol: str, since: int) -> Operation:
    """All orders of a market since `since`, milliseconds since 1970."""
    return Operation(
        call=Call(method="fetch_orders", args=(symbol, since, 1000)),
        expected=Expected(
            method="GET",
            url=f"{_HOST}/api/v3/allOrders",
            values={"symbol": workshop.market_id(symbol), "startTime": str(since), "limit": "1000"},
        ),
    )


def trades_from(workshop: Workshop, *, symbol: str, trade_id: int) -> Operation:
    """The account's trades of a market, oldest first, from this trade id on."""
    return Operation(
        call=Call(method="fetch_my_trades", args=(symbol, None, 1000), params={"fromId": str(trade_id)}),
        expected=Expected(
            method="GET",
            url=f"{_HOST}/api/v3/myTrades",
            values={"symbol": workshop.market_id(symbol), "limit": "1000", "fromId": str(trade_id)},
        ),
    )


def trades_of(workshop: Workshop, *, symbol: str, exchange_order_id: str) -> Operation:
    """The trades of one order."""
    return Operation(
        call=Call(method="fetch_my_trades", args=(symbol, None, 1000), params={"orderId": exchange_order_id}),
        expected=Expected(
            method="GET",
            url=f"{_HOST}/api/v3/myTrades",
            values={"symbol": workshop.market_id(symbol), "limit": "1000", "orderId": exchange_order_id},
        ),
    )


def balances() -> Operation:
    return Operation(
        call=Call(method="fetch_balance", params={"omitZeroBalances": "true"}),
        expected=Expected(method="GET", url=f"{_HOST}/api/v3/account", values={"omitZeroBalances": "true"}),
    )


def key_rights() -> Operation:
    return Operation(
        call=Call(method="sapi_get_account_apirestrictions"),
        expected=Expected(method="GET", url=f"{_HOST}/sapi/v1/account/apiRestrictions", values={}),
    )
