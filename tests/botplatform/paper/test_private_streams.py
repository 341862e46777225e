"""What an account is told on Binance's WebSocket API, who may listen, and how the connection fails."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from contextlib import asynccontextmanager

import aiohttp
import ccxt.pro
import pytest

from tests.botplatform.paper.conftest import ccxt_options, until

SUBSCRIBE = "userDataStream.subscribe.signature"


@pytest.fixture(autouse=True)
async def _at_sixty_thousand(place):
    await place.price("60000")


def signed(person, **changed):
    """The parameters of a subscription, signed over in the order of their names."""
    params = {"apiKey": person.key, "timestamp": time.time_ns() // 1_000_000, **changed}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return {**params, "signature": hmac.new(person.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()}


class Line:
    """A connection to the WebSocket API."""

    def __init__(self, socket):
        self.socket = socket
        self.events = []

    async def ask(self, method, params=None, number=1):
        """The answer; events that come before it are kept."""
        await self.socket.send_json({"id": number, "method": method, "params": params or {}})
        while "status" not in (message := await self.socket.receive_json(timeout=60)):
            self.events.append(message)
        return message

    async def next(self, kind="executionReport"):
        """The next event of a kind."""
        while True:
            message = self.events.pop(0) if self.events else await self.socket.receive_json(timeout=60)
            if message.get("event", {}).get("e") == kind:
                return message["event"]

    async def closed(self):
        async with asyncio.timeout(5):
            while (await self.socket.receive()).type not in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                pass
        return True


@asynccontextmanager
async def line(place, person=None, **options):
    """A connection, subscribed to a person's events if one is given."""
    async with place.http.ws_connect(f"ws://{place.address}/ws-api/v3", **options) as socket:
        made = Line(socket)
        if person is not None:
            assert (await made.ask(SUBSCRIBE, signed(person)))["result"] == {"subscriptionId": 0}
        yield made


@pytest.fixture
async def listening(place, person):
    async with line(place, person) as made:
        yield made


# Who may listen


async def test_a_signature_over_the_sorted_parameters_subscribes(place, person):
    async with line(place) as made:
        answer = await made.ask(SUBSCRIBE, signed(person, recvWindow=5000), number="a-1")
        assert answer == {"id": "a-1", "status": 200, "result": {"subscriptionId": 0}}


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        (lambda params: params | {"signature": "0" * 64}, 400, -1022),
        (lambda params: params | {"recvWindow": 60000}, 400, -1022),
        (lambda params: params | {"apiKey": "A" * 64}, 401, -2015),
        (lambda params: params | {"apiKey": "short"}, 401, -2014),
        (lambda params: {name: params[name] for name in ("timestamp", "signature")}, 400, -1102),
        (lambda params: {name: params[name] for name in ("timestamp", "apiKey")}, 400, -1102),
        (lambda params: params | {"timestamp": "now"}, 400, -1100),
        (lambda params: params | {"timestamp": [1]}, 400, -1102),
    ],
)
async def test_a_spoilt_subscription_is_refused(place, person, spoil, status, code):
    async with line(place) as made:
        answer = await made.ask(SUBSCRIBE, spoil(signed(person)))
        assert (answer["status"], answer["error"]["code"]) == (status, code)
        assert (await place.control("GET", f"/accounts/{person.account}/streams"))["subscribed"] == 0


@pytest.mark.parametrize("off", [-6000, 1500])
async def test_a_subscription_out_of_its_time_is_refused(place, person, off):
    async with line(place) as made:
        params = signed(person, timestamp=time.time_ns() // 1_000_000 + off)
        assert (await made.ask(SUBSCRIBE, params))["error"]["code"] == -1021


async def test_a_parameter_that_does_not_belong_is_refused_though_it_is_signed(place, person):
    async with line(place) as made:
        assert (await made.ask(SUBSCRIBE, signed(person, symbol="BTCUSDT")))["error"]["code"] == -1104


async def test_an_account_is_subscribed_to_once_a_connection(listening, person):
    assert (await listening.ask(SUBSCRIBE, signed(person)))["error"]["code"] == -2035


async def test_two_accounts_on_one_connection_have_numbers_of_their_own(place, listening, person):
    other = await place.person()
    assert (await listening.ask(SUBSCRIBE, signed(other)))["result"] == {"subscriptionId": 1}
    subscribed = (await listening.ask("session.subscriptions"))["result"]
    assert subscribed == [{"subscriptionId": 0}, {"subscriptionId": 1}]
    await other.order("BUY", "50000", "0.01")
    message = await listening.socket.receive_json(timeout=60)
    assert (message["subscriptionId"], message["event"]["e"]) == (1, "executionReport")


async def test_too_much_weight_refuses_the_connection(place):
    await place.control("POST", "/limits", {"weight": 1})
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await place.http.ws_connect(f"ws://{place.address}/ws-api/v3")
    assert caught.value.status == 429
    assert int(caught.value.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(("text", "code"), [("{", -1135), ("[]", -1135), ('{"id": 1, "method": "order.place"}', -1020)])
async def test_what_is_no_request_is_refused_and_the_connection_lives_on(listening, text, code):
    await listening.socket.send_str(text)
    assert (await listening.socket.receive_json(timeout=60))["error"]["code"] == code
    assert (await listening.ask("ping"))["result"] == {}


# What is told


async def test_a_resting_order_is_told_when_it_is_new_and_when_it_trades(place, person, listening):
    order = await person.order("SELL", "61000", "0.01", newClientOrderId="exit")
    new = await listening.next()
    assert (new["x"], new["X"], new["c"], new["i"], new["t"]) == ("NEW", "NEW", "exit", order["orderId"], -1)
    await place.price("61500")
    traded = await listening.next()
    assert (traded["x"], traded["X"], traded["l"], traded["L"]) == ("TRADE", "FILLED", "0.01000000", "61000.00000000")
    (trade,) = await person.must("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert (traded["t"], traded["n"], traded["N"]) == (trade["id"], trade["commission"], trade["commissionAsset"])
    assert traded["m"] is True


async def test_a_cancel_is_told_with_its_own_name_and_the_orders(person, listening):
    order = await person.order("BUY", "50000", "0.01", newClientOrderId="base")
    await person.must("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=order["orderId"], newClientOrderId="stop")
    assert (await listening.next())["x"] == "NEW"
    told = await listening.next()
    assert (told["x"], told["X"], told["c"], told["C"]) == ("CANCELED", "CANCELED", "stop", "base")


async def test_what_an_ioc_order_cannot_trade_is_told_as_expired(person, listening):
    await person.order("BUY", "50000", "0.01", timeInForce="IOC")
    assert [(await listening.next())["x"] for _ in range(2)] == ["NEW", "EXPIRED"]


async def test_balances_that_moved_are_told(person, listening):
    await person.order("BUY", "50000", "0.01")
    told = await listening.next("outboundAccountPosition")
    assert told["B"] == [{"a": "USDT", "f": "99500.00000000", "l": "500.00000000"}]


async def test_nobody_hears_of_another_account(place, listening):
    other = await place.person()
    await other.order("BUY", "50000", "0.01")
    await listening.ask("ping")
    assert listening.events == []


async def test_nothing_is_told_after_the_subscription_was_given_up(person, listening):
    assert (await listening.ask("userDataStream.unsubscribe", {"subscriptionId": 0}))["result"] == {}
    assert (await listening.next("eventStreamTerminated"))["E"]
    await person.order("BUY", "50000", "0.01")
    await listening.ask("ping")
    assert listening.events == []
    assert (await listening.ask("userDataStream.unsubscribe", {"subscriptionId": 0}))["error"]["code"] == -1130


async def test_a_deleted_keys_stream_ends(place, person, listening):
    await place.control("DELETE", f"/keys/{person.key}")
    assert await listening.next("eventStreamTerminated")
    assert (await listening.ask(SUBSCRIBE, signed(person)))["error"]["code"] == -2015


async def test_ccxt_pro_watches_its_orders_and_trades(place, person):
    pro = ccxt.pro.binance(ccxt_options(place, person))
    try:
        async with asyncio.timeout(10):
            await pro.load_markets()
            watching = asyncio.create_task(pro.watch_orders("BTC/USDT"))

            async def subscribed():
                return (await place.control("GET", f"/accounts/{person.account}/streams"))["subscribed"] == 1

            await until(subscribed)
            await person.order("SELL", "61000", "0.01", newClientOrderId="exit")
            (order,) = await watching
            assert (order["clientOrderId"], order["status"], order["amount"]) == ("exit", "open", 0.01)
            watching = asyncio.create_task(pro.watch_my_trades("BTC/USDT"))
            await asyncio.sleep(0)
            await place.price("61500")
            (trade,) = await watching
            assert (trade["amount"], trade["price"], trade["takerOrMaker"]) == (0.01, 61000.0, "maker")
    finally:
        await pro.close()


# How it fails


async def test_a_dropped_connection_ends_without_a_word(place, person, listening):
    assert await place.control("POST", f"/accounts/{person.account}/streams/drop") == {"dropped": 1}
    assert await listening.closed()


async def test_a_connection_ends_when_its_time_is_over(place, listening):
    await place.control("POST", "/streams/lifetime", {"seconds": 0.05})
    assert await listening.closed()


@pytest.mark.parametrize("seconds", [0, -1, 86401, "1"])
async def test_a_lifetime_that_makes_no_sense_is_refused(place, seconds):
    assert (await place.control_status("POST", "/streams/lifetime", {"seconds": seconds}))[0] == 400


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("event_lost", ["b", "c"]),
        ("event_twice", ["a", "a", "b", "c"]),
        ("event_after_next", ["b", "a", "c"]),
    ],
)
async def test_events_are_lost_doubled_and_out_of_order_on_demand(place, person, listening, fault, told):
    match = {"clientOrderId": "a", "account": person.account}
    await place.fault(fault, on="executionReport", match=match)
    for name in "abc":
        await person.order("BUY", "50000", "0.001", newClientOrderId=name)
    assert [(await listening.next())["c"] for _ in told] == told


async def test_an_event_is_late_on_demand(place, person, listening):
    await place.fault("event_late", on="executionReport", seconds=0.1)
    await person.order("BUY", "50000", "0.001", newClientOrderId="late")
    await person.order("BUY", "50000", "0.001", newClientOrderId="prompt")
    assert [(await listening.next())["c"] for _ in range(2)] == ["prompt", "late"]


async def test_pings_go_unanswered_on_demand(place, person):
    fault = await place.fault("no_pong", match={"account": person.account}, times=None)
    async with line(place, person, heartbeat=0.2) as made:
        assert await made.closed()
        assert isinstance(made.socket.exception(), aiohttp.ServerTimeoutError)
    assert (await place.control("POST", f"/faults/{fault}/wait", {}))["fired"] >= 1


async def test_pings_are_answered_otherwise(place, person):
    async with line(place, person) as made:
        await made.socket.ping(b"there?")
        await made.ask("ping")
        assert not made.socket.closed


async def test_a_subscription_is_refused_on_demand_and_other_faults_pass_it_by(place, person):
    await place.fault("error_503", on=SUBSCRIBE)
    await place.fault("reject", on="*")
    async with line(place) as made:
        assert (await made.ask(SUBSCRIBE, signed(person)))["status"] == 503
        assert (await made.ask(SUBSCRIBE, signed(person)))["status"] == 200


async def test_events_that_nothing_caused_are_told_on_demand(place, listening, person):
    forged = {"e": "executionReport", "s": "BTCUSDT", "x": "TRADE", "X": "FILLED"}
    assert await place.control("POST", f"/accounts/{person.account}/streams/say", {"event": forged}) == {"heard": 1}
    assert await listening.next() == forged
