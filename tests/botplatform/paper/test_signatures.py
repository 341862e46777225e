"""Who may do what: keys, signatures, timestamps, rights and rate limits."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest

from botplatform.paper import clock
from tests.botplatform.paper.conftest import Person

ACCOUNT = "/api/v3/account"


async def raw(person, query, *, method="GET", path=ACCOUNT, key=None):
    return await person.place.get(path, query, method=method, headers={"X-MBX-APIKEY": key or person.key})


async def test_a_request_without_a_key_or_with_half_a_key_is_refused(place, person):
    status, answer = await place.get(ACCOUNT, person.signed())
    assert (status, answer["code"]) == (401, -2014)
    assert (await raw(person, person.signed(), key="short"))[1]["code"] == -2014


async def test_an_unknown_or_deleted_key_is_refused(place, person):
    assert (await raw(person, person.signed(), key="A" * 64))[1]["code"] == -2015
    await place.control("DELETE", f"/keys/{person.key}")
    assert (await raw(person, person.signed()))[0] == 401
    assert (await place.control_status("DELETE", f"/keys/{person.key}"))[0] == 404


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda query: query[:-1] + ("0" if query[-1] != "0" else "1"), -1022),
        (lambda query: query.replace("timestamp=", "omitZeroBalances=true&timestamp="), -1022),
        (lambda query: query.partition("&signature")[0], -1102),
        (lambda query: query.partition("&signature")[0] + "&signature=%C3%A9", -1022),
        (lambda query: query + "&timestamp=1", -1101),
    ],
)
async def test_a_spoilt_signature_is_refused(person, spoil, code):
    assert (await raw(person, spoil(person.signed())))[1]["code"] == code


async def test_the_signature_covers_the_bytes_as_they_were_sent(person):
    query = person.signed(symbol="BTCUSDT", origClientOrderId="a:b/c")
    assert "%3A" in query
    assert (await raw(person, query, path="/api/v3/order"))[1]["code"] == -2013
    assert (await raw(person, query.replace("%3A", ":"), path="/api/v3/order"))[1]["code"] == -1022


async def test_query_and_body_are_signed_one_after_the_other(place, person):

    query = f"symbol=BTCUSDT&side=BUY&timestamp={time.time_ns() // 1_000_000}"
    body = "type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000"
    signature = hmac.new(person.secret.encode(), (query + body).encode(), hashlib.sha256).hexdigest()
    url = f"http://{place.address}/api/v3/order?{query}"
    headers = {"X-MBX-APIKEY": person.key, "Content-Type": "application/x-www-form-urlencoded"}
    async with place.http.post(url, data=f"{body}&signature={signature}", headers=headers) as response:
        assert response.status == 200
        assert response.headers["X-MBX-ORDER-COUNT-10S"] == "1"


@pytest.mark.parametrize(("offset", "words"), [(-6000, "outside of the recvWindow"), (1500, "1000ms ahead")])
async def test_a_clock_that_is_off_is_refused(person, offset, words):
    status, answer = await raw(person, person.signed(timestamp=time.time_ns() // 1_000_000 + offset))
    assert (status, answer["code"]) == (400, -1021)
    assert words in answer["msg"]


async def test_a_wide_window_accepts_a_late_request_but_not_one_wider_than_a_minute(person):
    late = time.time_ns() // 1_000_000 - 20_000
    assert (await raw(person, person.signed(timestamp=late, recvWindow=30_000)))[0] == 200
    assert (await raw(person, person.signed(recvWindow=60_001)))[1]["code"] == -1131


async def test_a_key_without_the_right_to_trade_reads_but_does_not_trade(place):
    reader = await place.person(rights=(), USDT="1000")
    assert (await reader.balances())["USDT"] == ("1000.00000000", "0.00000000")
    wish = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "100"}
    status, answer = await reader.ask("POST", "/api/v3/order", **wish)
    assert (status, answer["code"]) == (401, -2015)


@pytest.mark.parametrize(
    ("rights", "trades", "withdraws"),
    [((), False, False), (("trade",), True, False), (("trade", "withdraw"), True, True)],
)
async def test_a_key_tells_its_rights(place, rights, trades, withdraws):
    person = await place.person(rights=rights)
    told = await person.must("GET", "/sapi/v1/account/apiRestrictions")
    assert told["enableReading"] is True
    assert (told["enableSpotAndMarginTrading"], told["enableWithdrawals"]) == (trades, withdraws)


async def test_a_key_bound_to_other_addresses_is_refused(place):

    elsewhere = Person(place, await place.control("POST", "/accounts", {"ips": ["10.0.0.1"]}))
    here = Person(place, await place.control("POST", "/accounts", {"ips": ["127.0.0.1"]}))
    assert (await elsewhere.ask("GET", ACCOUNT))[1]["code"] == -2015
    assert (await here.must("GET", "/sapi/v1/account/apiRestrictions"))["ipRestrict"] is True


async def test_too_much_weight_is_answered_429_with_a_time_to_come_back(place, monkeypatch):
    monkeypatch.setattr(clock, "now", clock.now().__int__)  # the minute does not end during the test
    await place.control("POST", "/limits", {"weight": 3})
    for _ in range(3):
        await place.get("/api/v3/ping")
    async with place.http.get(f"http://{place.address}/api/v3/ping") as response:
        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        assert (await response.json())["code"] == -1003


async def test_too_many_orders_are_answered_429(place, person, monkeypatch):
    monkeypatch.setattr(clock, "now", clock.now().__int__)  # the ten seconds do not end during the test
    await place.control("POST", "/limits", {"orders": 1})
    await person.order("BUY", "50000", "0.01")
    wish = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "100"}
    status, answer = await person.ask("POST", "/api/v3/order", **wish)
    assert (status, answer["code"]) == (429, -1015)


async def test_an_unknown_path_is_not_found(place):
    async with place.http.get(f"http://{place.address}/api/v3/nothing") as response:
        assert response.status == 404
