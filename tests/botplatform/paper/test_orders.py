"""Orders: what is accepted, what is refused and with which code, how they match and end."""

from __future__ import annotations

import asyncio

import pytest

from tests.botplatform.paper.conftest import Person

ORDER = "/api/v3/order"
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "50000",
}


@pytest.fixture(autouse=True)
async def _at_sixty_thousand(place):
    await place.price("60000")


async def test_a_resting_buy_locks_its_cost_and_a_cancel_frees_it(person):
    order = await person.order("BUY", "50000", "0.01")
    assert (await person.balances())["USDT"] == ("99500.00000000", "500.00000000")
    cancelled = await person.must("DELETE", ORDER, symbol="BTCUSDT", orderId=order["orderId"])
    assert cancelled["status"] == "CANCELED"
    assert cancelled["origClientOrderId"] == order["clientOrderId"] != cancelled["clientOrderId"]
    assert (await person.balances())["USDT"] == ("100000.00000000", "0.00000000")


async def test_a_resting_sell_locks_its_amount(person):
    await person.order("SELL", "70000", "0.5")
    assert (await person.balances())["BTC"] == ("1.50000000", "0.50000000")


async def test_a_resting_order_fills_at_its_own_price_when_the_reference_passes_it(place, person):
    order = await person.order("BUY", "59000", "0.01")
    await place.price("58900")
    found = await person.look(order)
    trades = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=order["orderId"])
    assert (found["status"], found["cummulativeQuoteQty"]) == ("FILLED", "590.00000000")
    assert all(trade["isMaker"] and trade["price"] == "59000.00000000" for trade in trades)
    assert (await person.balances())["BTC"] == ("2.00999000", "0.00000000")
    assert (await person.balances())["USDT"] == ("99410.00000000", "0.00000000")


async def test_an_order_larger_than_what_the_market_maker_takes_fills_in_parts(place):
    whale = await place.person(USDT="8000000")
    order = await whale.order("BUY", "59900", "100")
    await place.price("59899")
    found = await whale.look(order)
    assert found["status"] == "PARTIALLY_FILLED"
    before = float(found["executedQty"])
    await place.price("59898")
    assert before < float((await whale.look(order))["executedQty"]) < 100
    cancelled = await whale.must("DELETE", ORDER, symbol="BTCUSDT", orderId=order["orderId"])
    assert cancelled["status"] == "CANCELED"
    assert float(cancelled["executedQty"]) > 0


async def test_a_marketable_buy_pays_the_better_price_and_gets_the_difference_back(person):
    order = await person.order("BUY", "61000", "0.01")
    assert order["status"] == "FILLED"
    assert float(order["fills"][0]["price"]) < 60100
    free, locked = (await person.balances())["USDT"]
    assert locked == "0.00000000"
    assert float(free) == pytest.approx(100000 - float(order["cummulativeQuoteQty"]))


async def test_customers_trade_with_each_other_before_anybody_worse(place, person):
    other = await place.person()
    asked = await person.order("SELL", "60000", "0.01")
    bought = await other.order("BUY", "60000", "0.01")
    assert (await person.look(asked))["status"] == bought["status"] == "FILLED"
    assert bought["fills"][0]["price"] == "60000.00000000"


async def test_a_market_buy_by_amount_of_quote_spends_no_more_than_that(person):
    wish = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "100"}
    order = await person.must("POST", ORDER, **wish)
    assert order["status"] == "FILLED"
    assert order["origQty"] == order["executedQty"]
    assert 99 < float(order["cummulativeQuoteQty"]) <= 100
    assert order["fills"][0]["commissionAsset"] == "BTC"


async def test_a_market_sell_pays_its_commission_in_quote(person):
    order = await person.must("POST", ORDER, symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")
    assert order["fills"][0]["commissionAsset"] == "USDT"
    assert (await person.balances())["BTC"] == ("1.99000000", "0.00000000")


async def test_a_market_order_beyond_all_liquidity_expires_with_what_it_got(place):
    whale = await place.person(BTC="800")
    order = await whale.must("POST", ORDER, symbol="BTCUSDT", side="SELL", type="MARKET", quantity="800")
    assert order["status"] == "EXPIRED"
    assert 0 < float(order["executedQty"]) < 800
    assert (await whale.balances())["BTC"][1] == "0.00000000"


async def test_the_rest_of_an_ioc_expires_and_unlocks(place):
    whale = await place.person(USDT="9000000")
    order = await whale.order("BUY", "60000.05", "100", timeInForce="IOC")
    assert order["status"] == "EXPIRED"
    assert (await whale.balances())["USDT"][1] == "0.00000000"


async def test_a_fok_fills_whole_or_not_at_all(place):
    whale = await place.person(USDT="9000000")
    refused = await whale.order("BUY", "60500", "100", timeInForce="FOK")
    assert (refused["status"], refused["executedQty"], refused["fills"]) == ("EXPIRED", "0.00000000", [])
    assert (await whale.order("BUY", "60500", "0.1", timeInForce="FOK"))["status"] == "FILLED"


async def test_a_limit_maker_is_refused_if_it_would_take(person):
    wish = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01"}
    status, answer = await person.ask("POST", ORDER, **wish, price="61000")
    assert (status, answer["code"], answer["msg"]) == (400, -2010, "Order would immediately match and take.")
    assert (await person.must("POST", ORDER, **wish, price="59000", newOrderRespType="RESULT"))["status"] == "NEW"


async def test_a_client_order_id_is_refused_only_while_an_order_with_it_is_open(place, person):
    first = await person.order("BUY", "50000", "0.01", newClientOrderId="again")
    status, answer = await person.ask("POST", ORDER, **LIMIT, newClientOrderId="again")
    assert (status, answer) == (400, {"code": -2010, "msg": "Duplicate order sent."})
    stranger = await place.person()
    await stranger.order("BUY", "50000", "0.01", newClientOrderId="again")
    await person.order("BUY", "2500", "0.01", "ETHUSDT", newClientOrderId="again")

    await person.must("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="again")
    second = await person.order("BUY", "49000", "0.01", newClientOrderId="again")
    newest = await person.must("GET", ORDER, symbol="BTCUSDT", origClientOrderId="again")
    assert newest["orderId"] == second["orderId"] > first["orderId"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.000015"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"price": "0"}, -1013, "Invalid price."),
        ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "50000.0000000001"}, -1111, "Parameter 'price' has too much precision."),
        ({"quantity": "0.0000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"price": "11999"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"price": "300001"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00009"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "1.99", "price": "59999"}, -2010, "Account has insufficient balance for requested action."),
        ({"quantity": "1e-2"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"quantity": "-1"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"quantity": "1\n"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"newClientOrderId": "a b"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"newClientOrderId": "x" * 37}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"symbol": "BTCEUR"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "MAYBE"}, -1116, "Invalid orderType."),
        ({"type": "STOP_LOSS_LIMIT"}, -1013, "This order type is not supported for this symbol."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": ""}, -1105, "Parameter 'timeInForce' was empty."),
        ({"price": None}, -1102, "Mandatory parameter 'price' was not sent"),
        ({"surprise": "1"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
        ({"quoteOrderQty": "10"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
    ],
)
async def test_a_bad_order_is_refused_in_binance_s_words_and_changes_nothing(person, change, code, words):
    wish = {name: value for name, value in {**LIMIT, **change}.items() if value is not None}
    status, answer = await person.ask("POST", ORDER, **wish)
    assert (status, answer["code"]) == (400, code)
    assert answer["msg"].startswith(words)
    assert await person.balances() == {"BTC": ("2.00000000", "0.00000000"), "USDT": ("100000.00000000", "0.00000000")}
    assert await person.must("GET", "/api/v3/allOrders", symbol="BTCUSDT") == []


async def test_the_201st_open_order_of_a_market_is_refused(place, person):
    await place.control("POST", "/limits", {"orders": 1000})
    for _ in range(200):
        await person.order("BUY", "50000", "0.0001")
    status, answer = await person.ask("POST", ORDER, **LIMIT)
    assert (status, answer["msg"]) == (400, "Filter failure: MAX_NUM_ORDERS")


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("NONE", "FILLED", "FILLED"),
    ],
)
async def test_an_account_does_not_trade_with_itself_unless_it_says_so(person, mode, maker, taker):
    resting = await person.order("SELL", "60000", "0.01")
    crossing = await person.order("BUY", "60000", "0.01", selfTradePreventionMode=mode)
    assert (await person.look(resting))["status"] == maker
    assert crossing["status"] == taker
    trades = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert sorted(trade["isBuyer"] for trade in trades) == ([False, True] if mode == "NONE" else [])


async def test_an_order_of_somebody_else_does_not_exist(place, person):
    order = await person.order("BUY", "50000", "0.01")
    stranger = await place.person()
    named = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert (await stranger.ask("GET", ORDER, **named))[1]["code"] == -2013
    assert (await stranger.ask("DELETE", ORDER, **named))[1]["code"] == -2011
    assert await stranger.must("GET", "/api/v3/openOrders") == []


async def test_a_finished_order_cannot_be_cancelled(person):
    order = await person.order("BUY", "61000", "0.01")
    named = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert (await person.ask("DELETE", ORDER, **named))[1] == {"code": -2011, "msg": "Unknown order sent."}


async def test_all_orders_of_a_market_can_be_cancelled_at_once(person):
    for price in ("50000", "51000"):
        await person.order("BUY", price, "0.01")
    await person.order("BUY", "2500", "0.01", "ETHUSDT")
    cancelled = await person.must("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert [order["status"] for order in cancelled] == ["CANCELED", "CANCELED"]
    assert [order["symbol"] for order in await person.must("GET", "/api/v3/openOrders")] == ["ETHUSDT"]
    status, answer = await person.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert (status, answer["code"]) == (400, -2011)


async def test_cancel_replace_that_cannot_cancel_stops_or_goes_on_as_told(person):
    wish = {**LIMIT, "cancelOrderId": "999999"}
    stopped = await person.ask("POST", f"{ORDER}/cancelReplace", **wish, cancelReplaceMode="STOP_ON_FAILURE")
    assert stopped[0] == 400
    assert stopped[1]["code"] == -2022
    assert stopped[1]["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    assert stopped[1]["data"]["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    went_on = await person.ask("POST", f"{ORDER}/cancelReplace", **wish, cancelReplaceMode="ALLOW_FAILURE")
    assert (went_on[0], went_on[1]["code"]) == (409, -2021)
    assert went_on[1]["data"]["newOrderResponse"]["status"] == "NEW"


async def test_cancel_replace_whose_new_order_has_no_money_has_cancelled_all_the_same(person):
    order = await person.order("BUY", "50000", "0.01")
    wish = {**LIMIT, "quantity": "10", "cancelOrderId": order["orderId"], "cancelReplaceMode": "STOP_ON_FAILURE"}
    status, answer = await person.ask("POST", f"{ORDER}/cancelReplace", **wish)
    assert (status, answer["code"]) == (409, -2021)
    assert (answer["data"]["cancelResult"], answer["data"]["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert (await person.look(order))["status"] == "CANCELED"


async def test_cancel_replace_looks_at_the_filters_before_it_cancels(person):
    order = await person.order("BUY", "50000", "0.01")
    wish = {**LIMIT, "price": "1.001", "cancelOrderId": order["orderId"], "cancelReplaceMode": "STOP_ON_FAILURE"}
    assert (await person.ask("POST", f"{ORDER}/cancelReplace", **wish))[1]["code"] == -1013
    assert (await person.look(order))["status"] == "NEW"


async def test_the_answer_is_as_long_as_asked_for(person):
    ack = await person.order("BUY", "50000", "0.01", newOrderRespType="ACK")
    result = await person.order("BUY", "50000", "0.01", newOrderRespType="RESULT")
    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert "status" in result
    assert "fills" not in result


async def test_trades_are_listed_from_an_id_and_from_a_time_on(person):
    for _ in range(3):
        await person.order("BUY", "61000", "0.001")
    trades = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    later = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT", fromId=trades[1]["id"])
    last = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT", limit=1)
    timed = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT", startTime=trades[0]["time"])
    assert [trade["id"] for trade in trades] == sorted({trade["id"] for trade in trades})
    assert (later, last, timed) == (trades[1:], trades[-1:], trades)


async def test_a_maker_and_a_taker_may_pay_different_commissions(place):
    wish = {"balances": {"USDT": "1000"}, "maker": "0", "taker": "0.002"}
    opened = await place.control("POST", "/accounts", wish)
    person = Person(place, opened)
    order = await person.order("BUY", "61000", "0.001")
    assert sum(float(fill["commission"]) for fill in order["fills"]) == pytest.approx(0.000002)
    resting = await person.order("BUY", "59000", "0.001")
    await place.price("58000")
    trades = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=resting["orderId"])
    assert [trade["commission"] for trade in trades] == ["0.00000000"]


async def test_orders_at_the_same_time_are_served_one_after_the_other(person):
    answers = await asyncio.gather(*(person.ask("POST", ORDER, **LIMIT, newClientOrderId="one") for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 400, 400, 400, 400]


@pytest.mark.parametrize("name", [*LIMIT, "newClientOrderId", "quoteOrderQty", "orderId", "recvWindow", "startTime"])
async def test_whatever_stands_in_a_parameter_the_exchange_answers_and_goes_on(place, person, name):
    nasty = (
        "",
        "0",
        "-0",
        "NaN",
        "Infinity",
        "9" * 20,
        "9" * 21,
        f"{'9' * 20}.{'9' * 20}",
        "0.00000001",
        "é",
        "\0",
        "💥",
    )
    await place.control("POST", "/limits", {"orders": 1000, "weight": 100_000})
    for value in nasty:
        for method, path in (("POST", ORDER), ("GET", ORDER), ("GET", "/api/v3/allOrders"), ("DELETE", ORDER)):
            status, _ = await person.ask(
                method, path, **{**LIMIT, name: value} if method == "POST" else {"symbol": "BTCUSDT", name: value}
            )
            assert status in {200, 400}
    assert (await place.control("GET", "/health"))["ok"]
    await person.must("GET", "/api/v3/account")
