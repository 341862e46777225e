"""What an account may ask: orders, trades, balances, the rights of its key."""

from __future__ import annotations

import secrets
from typing import Any, cast

from botplatform.paper import clock, errors
from botplatform.paper.errors import Refusal
from botplatform.paper.faults import Facts, order_facts
from botplatform.paper.markets import ASSETS, ORDER_TYPES, STP_MODES
from botplatform.paper.money import ZERO, wire
from botplatform.paper.orders import Order, Side, Trade, Wanted
from botplatform.paper.params import CLIENT_ID, Params
from botplatform.paper.rest import Call, endpoint

_OTHER_TYPES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_RESPONSES = frozenset({"ACK", "RESULT", "FULL"})


def _wanted(call: Call) -> Wanted:
    """The order that the parameters describe; raises a Refusal for what is missing or does not belong."""
    params = call.params
    symbol = call.market()
    side = params.need("side")
    if side not in {"BUY", "SELL"}:
        raise errors.invalid(-1117, "side")
    kind = _order_type(params)
    by_quote = params.has("quoteOrderQty")
    return Wanted(
        symbol=symbol,
        side=cast("Side", side),
        type=kind,
        time_in_force=_time_in_force(params, kind),
        price=ZERO if kind == "MARKET" else params.need_amount("price"),
        quantity=ZERO if by_quote else params.need_amount("quantity"),
        quote_quantity=params.need_amount("quoteOrderQty") if by_quote else ZERO,
        client_id=params.legal("newClientOrderId", CLIENT_ID),
        stp=_self_trade_prevention(params),
    )


def _order_type(params: Params) -> str:
    """The type, after a look at what it must come with and what not."""
    kind = params.need("type")
    if kind in _OTHER_TYPES:
        raise Refusal(-1013, "This order type is not supported for this symbol.")
    if kind not in ORDER_TYPES:
        raise errors.invalid(-1116, "orderType")
    if kind == "MARKET":
        if params.has("price"):
            raise errors.not_required("price")
        if not params.has("quantity") and not params.has("quoteOrderQty"):
            raise errors.missing_either("quantity", "quoteOrderQty")
    if params.has("quoteOrderQty") and (kind != "MARKET" or params.has("quantity")):
        raise errors.not_required("quoteOrderQty")
    return kind


def _time_in_force(params: Params, kind: str) -> str:
    if kind == "LIMIT":
        time_in_force = params.need("timeInForce")
        if time_in_force not in {"GTC", "IOC", "FOK"}:
            raise errors.invalid(-1115, "timeInForce")
        return time_in_force
    if params.has("timeInForce"):
        raise errors.not_required("timeInForce")
    return "GTC"


def _self_trade_prevention(params: Params) -> str:
    mode = params.text("selfTradePreventionMode", "NONE")
    if mode not in STP_MODES:
        raise Refusal(-1013, "This symbol does not allow the specified self-trade prevention mode.")
    return mode


def _response_kind(call: Call) -> str:
    kind = call.params.text("newOrderRespType")
    if kind and kind not in _RESPONSES:
        raise Refusal(-1013, "Invalid newOrderRespType.")
    return kind or ("ACK" if call.params.peek("type") == "LIMIT_MAKER" else "FULL")


@endpoint("POST /api/v3/order", right="trade")
def place(call: Call) -> Any:
    wanted = _wanted(call)
    kind = _response_kind(call)
    call.params.finish()
    call.count_order()
    return _placed(call, wanted, kind)


@endpoint("POST /api/v3/order/test", right="trade")
def place_test(call: Call) -> Any:
    wanted = _wanted(call)
    _response_kind(call)
    call.params.finish()
    call.exchange.engine.check(call.account, wanted)
    return {}


def _placed(call: Call, wanted: Wanted, kind: str) -> dict[str, Any]:
    order = call.exchange.place(call.account, wanted)
    fills: list[Trade] = []
    if kind == "FULL" and order.executed:
        fills = call.exchange.store.trades(call.account.id, wanted.symbol, order_id=order.id, limit=1000)
    return order.placed(kind, fills)


def _named(call: Call, symbol: str, id_name: str, client_id_name: str) -> Order | None:
    """The order of this account that the parameters name, whatever its state."""
    order_id = call.params.maybe_integer(id_name)
    client_id = call.params.legal(client_id_name, CLIENT_ID)
    if order_id is None and not client_id:
        raise errors.missing_either(id_name, client_id_name)
    order = call.exchange.store.order(call.account.id, symbol, order_id, client_id)
    if order is not None and order_id is not None and client_id and order.client_id != client_id:
        return None
    if order is None or not call.faults.visible(call.on, [order], order_facts):
        return None
    return order


@endpoint("GET /api/v3/order", weight=4, right="read")
def look_up(call: Call) -> Any:
    symbol = call.market()
    order = _named(call, symbol, "orderId", "origClientOrderId")
    call.params.finish()
    if order is None:
        raise errors.no_such_order()
    return _shown(call, order)


def _shown(call: Call, order: Order) -> dict[str, Any]:
    row = order.looked_up()
    if call.faults.is_stale(call.on, order):
        nothing = wire(ZERO)
        row.update(status="NEW", executedQty=nothing, cummulativeQuoteQty=nothing, updateTime=order.time)
    return row


@endpoint("DELETE /api/v3/order", right="trade")
def cancel(call: Call) -> Any:
    symbol = call.market()
    named = _named(call, symbol, "orderId", "origClientOrderId")
    cancel_id = call.params.legal("newClientOrderId", CLIENT_ID)
    restriction = call.params.text("cancelRestrictions")
    call.params.finish()
    order = None if named is None else _open(call, named)
    if order is None:
        raise errors.unknown_order()
    if restriction and restriction != f"ONLY_{order.status}":
        raise Refusal(-2011, "Order was not canceled due to cancel restrictions.")
    return _cancelled(call, order, cancel_id)


def _open(call: Call, order: Order) -> Order | None:
    """The engine's own object of an order, if it is open."""
    return call.exchange.engine.open.get(order.account, {}).get((order.symbol, order.id))


def _cancelled(call: Call, order: Order, cancel_id: str) -> dict[str, Any]:
    cancel_id = cancel_id or secrets.token_hex(11)
    with call.exchange.changing() as engine:
        engine.cancel(order, cancel_id)
    return order.cancelled(cancel_id)


@endpoint("DELETE /api/v3/openOrders", right="trade")
def cancel_all(call: Call) -> Any:
    symbol = call.market()
    call.params.finish()
    orders = call.exchange.engine.open_orders(call.account.id, symbol)
    if not orders:
        raise errors.unknown_order()
    cancel_ids = [secrets.token_hex(11) for _ in orders]
    with call.exchange.changing() as engine:
        for order, cancel_id in zip(orders, cancel_ids, strict=True):
            engine.cancel(order, cancel_id)
    return [order.cancelled(cancel_id) for order, cancel_id in zip(orders, cancel_ids, strict=True)]


@endpoint("POST /api/v3/order/cancelReplace", right="trade")
def cancel_replace(call: Call) -> Any:
    """Filters are looked at before anything is cancelled; the balance only afterwards."""
    wanted = _wanted(call)
    kind = _response_kind(call)
    mode = call.params.need("cancelReplaceMode")
    if mode not in {"STOP_ON_FAILURE", "ALLOW_FAILURE"}:
        raise errors.not_valid("cancelReplaceMode")
    named = _named(call, wanted.symbol, "cancelOrderId", "cancelOrigClientOrderId")
    cancel_id = call.params.legal("cancelNewClientOrderId", CLIENT_ID)
    call.params.finish()
    call.count_order()
    order = None if named is None else _open(call, named)
    call.exchange.engine.check(call.account, wanted)
    answer: dict[str, Any] = {
        "cancelResult": "SUCCESS",
        "newOrderResult": "SUCCESS",
        "cancelResponse": None,
        "newOrderResponse": None,
    }
    if order is None:
        answer.update(cancelResult="FAILURE", cancelResponse=errors.unknown_order().body())
    else:
        answer["cancelResponse"] = _cancelled(call, order, cancel_id)
    if order is None and mode == "STOP_ON_FAILURE":
        answer["newOrderResult"] = "NOT_ATTEMPTED"
    else:
        try:
            fault = call.faults.take({"cancel_then_reject"}, call.on, _facts_of(call, wanted))
            if fault is not None:
                raise fault.error()
            answer["newOrderResponse"] = _placed(call, wanted, kind)
        except Refusal as refusal:
            answer.update(newOrderResult="FAILURE", newOrderResponse=refusal.body())
    results = {answer["cancelResult"], answer["newOrderResult"]}
    if results == {"SUCCESS"}:
        return answer
    if "SUCCESS" in results:
        raise Refusal(-2021, "Order cancel-replace partially failed.", 409, data=answer)
    raise Refusal(-2022, "Order cancel-replace failed.", data=answer)


def _facts_of(call: Call, wanted: Wanted) -> Facts:
    return {
        "symbol": wanted.symbol,
        "side": wanted.side,
        "type": wanted.type,
        "clientOrderId": wanted.client_id,
        "account": str(call.account.id),
    }


@endpoint("GET /api/v3/openOrders", weight=lambda params: 6 if params.has("symbol") else 80, right="read")
def open_orders(call: Call) -> Any:
    symbol = call.maybe_market()
    call.params.finish()
    return _order_list(call, call.exchange.engine.open_orders(call.account.id, symbol))


@endpoint("GET /api/v3/allOrders", weight=20, right="read")
def all_orders(call: Call) -> Any:
    symbol = call.market()
    params = call.params
    from_id = params.maybe_integer("orderId")
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    limit = params.limit(500, 1000)
    params.finish()
    _check_range(start, end)
    orders = call.exchange.store.orders(call.account.id, symbol, from_id=from_id, start=start, end=end, limit=limit)
    return _order_list(call, orders)


def _check_range(start: int | None, end: int | None) -> None:
    if start is not None and end is not None and end - start > 24 * 3_600_000:
        raise Refusal(-1127, "More than 24 hours between startTime and endTime.")


def _order_list(call: Call, orders: list[Order]) -> list[dict[str, Any]]:
    visible = call.faults.visible(call.on, orders, order_facts)
    return [_shown(call, order) for order in call.faults.listed(call.on, visible, order_facts)]


@endpoint("GET /api/v3/myTrades", weight=20, right="read")
def my_trades(call: Call) -> Any:
    symbol = call.market()
    params = call.params
    from_id, order_id = params.maybe_integer("fromId"), params.maybe_integer("orderId")
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    limit = params.limit(500, 1000)
    params.finish()
    _check_range(start, end)
    trades = call.exchange.store.trades(
        call.account.id,
        symbol,
        from_id=from_id,
        order_id=order_id,
        start=start,
        end=end,
        limit=limit,
    )

    def facts_of(trade: Trade) -> Facts:
        order = call.exchange.store.order(trade.account, trade.symbol, trade.order_id, None)
        return {} if order is None else order_facts(order)

    visible = call.faults.visible(call.on, trades, facts_of)
    return [trade.listed() for trade in call.faults.listed(call.on, visible, facts_of)]


@endpoint("GET /api/v3/account", weight=20, right="read")
def account(call: Call) -> Any:
    without_zero = call.params.boolean("omitZeroBalances")
    call.params.finish()
    own = call.account
    balances = []
    for asset in sorted({*ASSETS, *own.balances}):
        balance = own.balance(asset)
        if balance.free or balance.locked or not without_zero:
            balances.append({"asset": asset, "free": wire(balance.free), "locked": wire(balance.locked)})
    rights = call.key.rights if call.key else frozenset()
    return {
        "makerCommission": int(own.maker * 10_000),
        "takerCommission": int(own.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": wire(own.maker),
            "taker": wire(own.taker),
            "buyer": wire(ZERO),
            "seller": wire(ZERO),
        },
        "canTrade": True,
        "canWithdraw": "withdraw" in rights,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": clock.now(),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": own.id,
    }


@endpoint("GET /sapi/v1/account/apiRestrictions", right="read")
def api_restrictions(call: Call) -> Any:
    call.params.finish()
    key = call.key
    if key is None:
        raise errors.key_or_permissions()
    facts = {"account": str(key.account)}
    if call.faults.take({"untold"}, call.on, facts):
        return {"createTime": key.created}
    ending = call.faults.take({"expires"}, call.on, facts)
    ends = {"tradingAuthorityExpirationTime": clock.now() + int((ending.seconds or 0) * 1000)} if ending else {}
    return {
        **ends,
        "ipRestrict": bool(key.ips),
        "createTime": key.created,
        "enableReading": "read" in key.rights,
        "enableSpotAndMarginTrading": "trade" in key.rights,
        "enableWithdrawals": "withdraw" in key.rights,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enablePortfolioMarginTrading": False,
    }
