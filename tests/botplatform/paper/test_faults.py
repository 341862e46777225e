"""The exchange misbehaves on demand, and a test can learn when it has."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from tests.botplatform.paper.conftest import until

ORDER = "/api/v3/order"
POST = f"POST {ORDER}"
WISH = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "50000",
    "newClientOrderId": "lost",
}


@pytest.fixture(autouse=True)
async def _at_sixty_thousand(place):
    await place.price("60000")


async def opened(person):
    return [order["clientOrderId"] for order in await person.must("GET", "/api/v3/openOrders")]


async def test_accept_then_drop_places_the_order_and_loses_the_answer(place, person):
    await place.fault("accept_then_drop", on=POST)
    with pytest.raises(aiohttp.ClientError):
        await person.ask("POST", ORDER, **WISH)
    assert await opened(person) == ["lost"]


async def test_accept_then_hang_never_answers_until_the_client_gives_up(place, person):
    fault = await place.fault("accept_then_hang", on=POST)
    waiting = asyncio.create_task(person.ask("POST", ORDER, **WISH))
    struck = await place.control("POST", f"/faults/{fault}/wait", {"count": 1, "timeout": 5})
    assert struck["fired"] == 1
    assert not waiting.done()
    assert await opened(person) == ["lost"]
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_accept_then_hang_for_some_seconds_ends_in_a_cut_connection(place, person):
    await place.fault("accept_then_hang", on=POST, seconds=0.05)
    with pytest.raises(aiohttp.ClientError):
        await person.ask("POST", ORDER, **WISH)
    assert await opened(person) == ["lost"]


async def test_accept_then_500_places_the_order_and_says_error(place, person):
    await place.fault("accept_then_500", on=POST)
    assert await person.ask("POST", ORDER, **WISH) == (
        500,
        {"code": -1000, "msg": "An unknown error occurred while processing the request."},
    )
    assert await opened(person) == ["lost"]


async def test_a_refused_order_does_not_use_up_an_accept_fault(place, person):
    fault = await place.fault("accept_then_drop", on=POST)
    assert (await person.ask("POST", ORDER, **{**WISH, "quantity": "0"}))[0] == 400
    assert [row["fired"] for row in await place.control("GET", "/faults") if row["id"] == fault] == [0]


@pytest.mark.parametrize("do", ["drop_before", "hang_before"])
async def test_before_faults_do_nothing_but_cut_the_connection(place, person, do):
    await place.fault(do, on=POST, seconds=0.01)
    with pytest.raises(aiohttp.ClientError):
        await person.ask("POST", ORDER, **WISH)
    assert await opened(person) == []


@pytest.mark.parametrize(
    ("do", "status", "code"),
    [
        ("error_500", 500, -1000),
        ("error_503", 503, -1001),
        ("error_429", 429, -1003),
        ("error_418", 418, -1003),
        ("reject", 400, -2010),
    ],
)
async def test_errors_are_answered_without_doing_anything(place, person, do, status, code):
    await place.fault(do, on=POST)
    answered, answer = await person.ask("POST", ORDER, **WISH)
    assert (answered, answer["code"]) == (status, code)
    assert await opened(person) == []
    await person.must("POST", ORDER, **WISH)


async def test_an_error_may_have_another_code_and_other_words(place, person):
    await place.fault("reject", on=POST, code=-1013, msg="Filter failure: LOT_SIZE", status=400)
    assert await person.ask("POST", ORDER, **WISH) == (400, {"code": -1013, "msg": "Filter failure: LOT_SIZE"})


@pytest.mark.parametrize("do", ["delay", "delay_answer"])
async def test_a_delayed_request_is_answered_late(place, person, do):
    await place.fault(do, on=POST, seconds=0.05)
    begun = asyncio.get_running_loop().time()
    await person.must("POST", ORDER, **WISH)
    assert asyncio.get_running_loop().time() - begun >= 0.05


async def test_a_fault_strikes_only_what_it_matches(place, person):
    await place.fault("reject", on=POST, match={"symbol": "BTCUSDT", "side": "buy", "clientOrderId": "lo"})
    await person.must("POST", ORDER, **{**WISH, "newClientOrderId": "other"})
    assert (await person.ask("POST", ORDER, **WISH))[0] == 400


async def test_a_fault_may_strike_every_third_time(place, person):
    await place.fault("error_500", on="GET /api/v3/account", nth=3, times=None)
    statuses = [(await person.ask("GET", "/api/v3/account"))[0] for _ in range(6)]
    assert statuses == [200, 200, 500, 200, 200, 500]


async def test_a_fault_by_chance_is_the_same_for_the_same_seed(place, person):
    runs = []
    for _ in range(2):
        await place.control("DELETE", "/faults")
        await place.fault("error_500", on="GET /api/v3/account", probability=0.5, seed=3, times=None)
        runs.append([(await person.ask("GET", "/api/v3/account"))[0] for _ in range(10)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_not_found_hides_an_order_that_exists_from_every_look_up(place, person):
    order = await person.must("POST", ORDER, **{**WISH, "price": "61000"})
    await person.must("POST", ORDER, **{**WISH, "newClientOrderId": "seen"})
    fault = await place.fault("not_found", match={"clientOrderId": "lost"}, times=3)
    named = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert (await person.ask("GET", ORDER, **named))[1]["code"] == -2013
    every = await person.must("GET", "/api/v3/allOrders", symbol="BTCUSDT")
    assert [row["clientOrderId"] for row in every] == ["seen"]
    assert await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT") == []
    assert (await person.must("GET", ORDER, **named))["status"] == "FILLED"
    assert [row["fired"] for row in await place.control("GET", "/faults") if row["id"] == fault] == [3]


async def test_a_cancel_can_be_told_that_the_order_is_unknown(place, person):
    await person.must("POST", ORDER, **WISH)
    await place.fault("not_found", on=f"DELETE {ORDER}")
    named = {"symbol": "BTCUSDT", "origClientOrderId": "lost"}
    assert (await person.ask("DELETE", ORDER, **named))[1]["code"] == -2011
    assert await opened(person) == ["lost"]


async def test_a_stale_look_up_shows_a_filled_order_as_new(place, person):
    order = await person.must("POST", ORDER, **{**WISH, "price": "61000"})
    await place.fault("stale")
    stale, true = await person.look(order), await person.look(order)
    assert (stale["status"], stale["executedQty"]) == ("NEW", "0.00000000")
    assert (true["status"], true["executedQty"]) == ("FILLED", "0.01000000")


async def test_trades_can_come_twice_and_lists_backwards(place, person):
    for number in range(3):
        await person.must("POST", ORDER, **{**WISH, "price": "61000", "newClientOrderId": f"n{number}"})
    trades = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    await place.fault("duplicate_trades")
    doubled = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert doubled == [trade for trade in trades for _ in range(2)]
    await place.fault("reorder", on="GET /api/v3/myTrades")
    assert await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT") == trades[::-1]


async def test_a_resting_order_can_be_filled_in_part_and_the_rest_comes_later(place, person):
    order = await person.must("POST", ORDER, **WISH)
    await place.fault("partial_fill", share="0.3", match={"clientOrderId": "lost"})
    await place.price("49900")
    partly = await person.look(order)
    assert (partly["status"], partly["executedQty"]) == ("PARTIALLY_FILLED", "0.00300000")
    await place.step()
    assert (await person.look(order))["status"] == "FILLED"


async def test_a_taker_can_be_filled_in_part_and_its_rest_does_not_cross_the_book(place, person):
    await place.fault("partial_fill", share="0.5")
    order = await person.must("POST", ORDER, **{**WISH, "price": "60100"})
    assert (order["status"], order["executedQty"]) == ("PARTIALLY_FILLED", "0.00500000")
    _, depth = await place.get("/api/v3/depth", "symbol=BTCUSDT")
    assert depth["bids"][0][0] == "60100.00000000"
    assert not depth["asks"] or float(depth["asks"][0][0]) > 60100
    await place.step()
    assert (await person.look(order))["status"] == "FILLED"
    assert (await place.control("GET", "/health"))["ok"]


async def test_the_rest_of_a_cut_order_can_be_held_back_for_a_while(place, person):
    order = await person.must("POST", ORDER, **WISH)
    await place.fault("partial_fill", seconds=0.2)
    await place.price("49900")
    await place.step()
    assert (await person.look(order))["status"] == "PARTIALLY_FILLED"

    async def filled():
        await place.step()
        return (await person.look(order))["status"] == "FILLED"

    await until(filled)


async def test_cancel_replace_can_cancel_and_then_refuse_the_new_order(place, person):
    await person.must("POST", ORDER, **WISH)
    await place.fault("cancel_then_reject")
    wish = {
        **WISH,
        "newClientOrderId": "new",
        "cancelOrigClientOrderId": "lost",
        "cancelReplaceMode": "STOP_ON_FAILURE",
    }
    status, answer = await person.ask("POST", f"{ORDER}/cancelReplace", **wish)
    assert (status, answer["code"], answer["data"]["newOrderResult"]) == (409, -2021, "FAILURE")
    assert await opened(person) == []


async def test_faults_can_be_taken_back(place, person):
    first = await place.fault("error_500", times=None)
    await place.fault("error_500", on=POST, times=None)
    await place.control("DELETE", f"/faults/{first}")
    assert (await person.ask("GET", "/api/v3/account"))[0] == 200
    await place.control("DELETE", "/faults")
    assert await place.control("GET", "/faults") == []
    await person.must("POST", ORDER, **WISH)


async def test_waiting_for_a_fault_that_does_not_strike_ends(place):
    fault = await place.fault("error_500")
    assert (await place.control_status("POST", f"/faults/{fault}/wait", {"timeout": 0.01}))[0] == 408
    assert (await place.control_status("POST", "/faults/99/wait", {}))[0] == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"do": "explode"},
        {"do": "reject", "surprise": 1},
        {"do": "reject", "fired": 1},
        {"do": "reject", "match": {"colour": "red"}},
        {"do": "partial_fill", "share": "half"},
        {"do": "partial_fill", "share": "2"},
        {"do": "reject", "nth": 0},
        {"do": "reject", "times": "twice"},
        {"do": "reject", "on": "/api/v3/order"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(place, wish):
    status, answer = await place.control_status("POST", "/faults", wish)
    assert status == 400
    assert answer["error"]


async def test_an_exchange_that_does_not_tell_what_a_key_may_do(place, person):
    await place.fault("untold")
    assert set(await person.must("GET", "/sapi/v1/account/apiRestrictions")) == {"createTime"}
    assert (await person.must("GET", "/sapi/v1/account/apiRestrictions"))["enableReading"]


async def test_a_right_to_trade_that_ends(place, person):
    await place.fault("expires", seconds=3600)
    told = await person.must("GET", "/sapi/v1/account/apiRestrictions")
    assert told["enableSpotAndMarginTrading"]
    assert abs(told["tradingAuthorityExpirationTime"] / 1000 - time.time() - 3600) < 60
