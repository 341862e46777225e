"""Binance spot: each typed operation as the request that it sends, and the ccxt call that reads its answer.

The words of the requests: https://developers.binance.com/docs/binance-spot-api-docs/rest-api.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from vault.signing.built import Expected
from vault.signing.workshop import Call, Workshop, Written

WEIGHT_A_MINUTE = 6000  # what one address may ask of spot, by the exchange's own reckoning

_HOST = "https://api.binance.com"
_SECTIONS = {"private": f"{_HOST}/api/v3", "sapi": f"{_HOST}/sapi/v1"}  # ccxt's names


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A request, what it has to say when it is written, and who reads its answer: none is used without the others."""

    written: Written
    expected: Expected
    reads: Call


def _operation(
    method: str, path: str, values: Mapping[str, str | Decimal], reads: Call, *, section: str = "private"
) -> Operation:
    texts = {name: value if isinstance(value, str) else format(value, "f") for name, value in values.items()}
    return Operation(
        written=Written(section=section, path=path, method=method, values=texts),
        expected=Expected(method=method, url=f"{_SECTIONS[section]}/{path}", values=values),
        reads=reads,
    )


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
    values: dict[str, str | Decimal] = {
        "symbol": workshop.market_id(symbol),
        "side": side.upper(),
        "type": "LIMIT",
        "timeInForce": "GTC" if order_type == "limit" else "IOC",
        "quantity": amount,
        "price": price,
        "newClientOrderId": client_order_id,
        "newOrderRespType": "RESULT",
    }
    args = (symbol, "limit", side, format(amount, "f"), format(price, "f"))
    reads = Call(method="create_order", args=args, params={"newClientOrderId": client_order_id})
    return _operation("POST", "order", values, reads)


def cancel(workshop: Workshop, *, symbol: str, client_order_id: str) -> Operation:
    return _by_client_order_id(workshop, "DELETE", "cancel_order", symbol, client_order_id)


def look_up(workshop: Workshop, *, symbol: str, client_order_id: str) -> Operation:
    return _by_client_order_id(workshop, "GET", "fetch_order", symbol, client_order_id)


def _by_client_order_id(workshop: Workshop, method: str, reads: str, symbol: str, client_order_id: str) -> Operation:
    name = {"origClientOrderId": client_order_id}
    values = {"symbol": workshop.market_id(symbol), **name}
    return _operation(method, "order", values, Call(method=reads, args=(None, symbol), params=name))


def open_orders(workshop: Workshop, *, symbol: str) -> Operation:
    reads = Call(method="fetch_open_orders", args=(symbol, None, None))
    return _operation("GET", "openOrders", {"symbol": workshop.market_id(symbol)}, reads)


def recent_orders(workshop: Workshop, *, symbol: str, since: int) -> Operation:
    """All orders of a market since `since`, milliseconds since 1970."""
    values = {"symbol": workshop.market_id(symbol), "startTime": str(since), "limit": "1000"}
    return _operation("GET", "allOrders", values, Call(method="fetch_orders", args=(symbol, since, 1000)))


def trades_from(workshop: Workshop, *, symbol: str, trade_id: int) -> Operation:
    """The account's trades of a market, oldest first, from this trade id on."""
    return _trades(workshop, symbol, {"fromId": str(trade_id)})


def trades_of(workshop: Workshop, *, symbol: str, exchange_order_id: str) -> Operation:
    """The trades of one order."""
    return _trades(workshop, symbol, {"orderId": exchange_order_id})


def _trades(workshop: Workshop, symbol: str, which: Mapping[str, str]) -> Operation:
    values = {"symbol": workshop.market_id(symbol), "limit": "1000", **which}
    return _operation(
        "GET", "myTrades", values, Call(method="fetch_my_trades", args=(symbol, None, 1000), params=which)
    )


def balances() -> Operation:
    return _operation("GET", "account", {"omitZeroBalances": "true"}, Call(method="fetch_balance"))


def key_rights() -> Operation:
    reads = Call(method="sapi_get_account_apirestrictions")
    return _operation("GET", "account/apiRestrictions", {}, reads, section="sapi")
