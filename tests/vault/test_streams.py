"""A private stream makes the signer faster and never wrong: it is told that something happened, and reads for itself."""

import asyncio
import contextlib
import json
import pickle
import re
import sqlite3
import uuid
from types import SimpleNamespace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.support.machine import Machine
from tests.support.processes import wait_until
from tests.vault.conftest import Bot
from tests.vault.test_fills import all_told, same_as_at_exchange
from vault.messages.refusals import Code, Refused
from vault.service import schedule, streams
from vault.service.schedule import Schedule
from vault.service.standing import Standing
from vault.settings import VAULT
from vault.signing.line import Lines
from vault.signing.outcomes import NotSent, Rejected, Unsure
from vault.signing.user_stream import Heard, Subscription, heard, subscribed

pytestmark = pytest.mark.xdist_group("streams")  # one machine for all of them

SUBSCRIBE = "userDataStream.subscribe.signature"
OPEN_ORDERS = "GET /api/v3/openOrders"
KEY = "k" * 64
MAC = "0" * 64
POLL = 60  # seconds: nothing in these tests is learned by asking now and then


@pytest.fixture(scope="module")
def listening():
    """A machine that reads its accounts once a minute, unless it hears of something."""
    settings = {"poll_seconds": POLL, "stream_poll_seconds": POLL, "stream_ping_seconds": 0.5, "stream_idle_seconds": 1}
    with Machine("--speed", "0.0001", **settings) as running:
        running.paper.set_price("BTCUSDT", "60000")
        yield running


@pytest.fixture
def trader(listening):
    """A bot with a resting sell at 61000, and a stream that is open."""
    made = Bot(listening)
    made.place("exit", side="sell", amount="0.01", price="61000")
    becomes_subscribed(made)
    yield made
    made.leave()


@pytest.fixture
def price_comes(listening):
    """Moves the market to where the resting order fills, and back when the test is over."""
    yield lambda: listening.paper.set_price("BTCUSDT", "61500")
    listening.paper.set_price("BTCUSDT", "60000")


def subscribed_to(bot):
    return bot.machine.paper.call("GET", f"/accounts/{bot.account.id}/streams")["subscribed"]


def becomes_subscribed(bot, count=1):
    wait_until(lambda: subscribed_to(bot) == count, what=f"{count} subscriptions")


def say(bot, event):
    """The exchange tells this account's stream something that nothing has caused."""
    heard_by = bot.machine.paper.call("POST", f"/accounts/{bot.account.id}/streams/say", {"event": event})
    assert heard_by == {"heard": 1}


def told_as_filled(bot):
    (order,) = [each for each in bot.at_exchange() if each["status"] == "NEW"]
    return {
        "e": "executionReport",
        "s": "BTCUSDT",
        "c": order["clientOrderId"],
        "i": order["orderId"],
        "x": "TRADE",
        "X": "FILLED",
        "t": 987654,
        "l": "0.01",
        "z": "0.01",
        "L": "61000",
    }


# With a real exchange


def test_a_fill_is_learned_long_before_the_next_reading_is_due(trader, price_comes):
    price_comes()
    assert trader.becomes("filled", "exit").filled == "0.01"
    all_told(trader, "exit")
    same_as_at_exchange(trader, "exit")


def test_every_part_of_an_order_that_fills_in_parts_is_learned(trader, price_comes):
    trader.fault("*", "partial_fill", share=0.3, seconds=0)
    price_comes()
    assert trader.becomes("filled", "exit").filled == "0.01"
    assert len(trader.trades("exit")) > 1
    same_as_at_exchange(trader, "exit")


@pytest.mark.parametrize(("fault", "times"), [("event_twice", None), ("event_after_next", 1)])
def test_events_told_twice_or_in_disorder_book_each_trade_once(trader, price_comes, fault, times):
    trader.fault("executionReport", fault, times=times)
    trader.fault("*", "partial_fill", share=0.5, seconds=0)
    price_comes()
    trader.becomes("filled", "exit")
    all_told(trader, "exit")
    same_as_at_exchange(trader, "exit")


def test_a_forged_fill_costs_a_reading_and_books_nothing(trader):
    read = trader.fault(OPEN_ORDERS, "delay", seconds=0)
    say(trader, told_as_filled(trader))
    trader.machine.paper.wait_for_fault(read)
    again = trader.fault(OPEN_ORDERS, "delay", seconds=0)
    say(trader, told_as_filled(trader))
    trader.machine.paper.wait_for_fault(again)  # so the first reading has been digested
    order = trader.look_up("exit")
    assert (order.state, order.filled, trader.trades("exit")) == ("accepted", "0", [])


def test_a_hundred_lies_cost_a_few_readings(trader):
    read = trader.fault(OPEN_ORDERS, "delay", times=None, seconds=0)
    for _ in range(100):
        say(trader, told_as_filled(trader))
    trader.machine.paper.wait_for_fault(read, count=2)
    (fault,) = [each for each in trader.machine.paper.call("GET", "/faults") if each["id"] == read]
    assert fault["fired"] < 10


@pytest.mark.parametrize(
    "event",
    [
        {"e": "executionReport", "s": 7, "x": "TRADE"},
        {"e": "executionReport", "s": "NOSUCH", "x": "TRADE"},
        {"e": "executionReport", "x": "TRADE"},
        {"e": "executionReport", "s": "BTCUSDT", "x": ["TRADE"]},
        {"e": {"e": "executionReport"}},
        {"e": "outboundAccountPosition", "B": [{"a": "BTC", "f": "1e999", "l": "NaN"}]},
    ],
)
def test_nonsense_is_passed_over_and_the_stream_goes_on(trader, event, price_comes):
    say(trader, event)
    price_comes()
    assert trader.becomes("filled", "exit").filled == "0.01"


def test_a_stream_that_was_cut_comes_back(trader, price_comes):
    cut = trader.machine.paper.call("POST", f"/accounts/{trader.account.id}/streams/drop")
    assert cut == {"dropped": 1}
    becomes_subscribed(trader)
    price_comes()
    assert trader.becomes("filled", "exit").filled == "0.01"


def test_a_stream_that_the_exchange_ends_is_opened_again(trader, price_comes):
    refusal = trader.fault(SUBSCRIBE, "error_503")
    say(trader, {"e": "eventStreamTerminated", "E": 1})
    trader.machine.paper.wait_for_fault(refusal)  # the first try is refused, the next is not
    becomes_subscribed(trader)
    price_comes()
    assert trader.becomes("filled", "exit").filled == "0.01"


def test_a_stream_whose_pings_stay_unanswered_is_given_up(trader):
    trader.fault("ping", "no_pong", times=None)
    becomes_subscribed(trader, 0)
    trader.machine.paper.clear_faults()
    becomes_subscribed(trader)


def test_an_account_without_orders_has_no_stream_and_one_whose_orders_are_over_loses_it(listening):
    bot = Bot(listening)
    assert subscribed_to(bot) == 0
    bot.place()
    becomes_subscribed(bot)
    bot.cancel()
    becomes_subscribed(bot, 0)


def test_the_stream_of_a_key_that_is_removed_is_closed(listening):
    bot = Bot(listening)
    bot.place()
    becomes_subscribed(bot)
    asked = bot.fault(SUBSCRIBE, "reject", times=None)
    listening.web().remove_key(bot.account.owner, bot.account.credential)
    becomes_subscribed(bot, 0)
    (fault,) = [each for each in listening.paper.call("GET", "/faults") if each["id"] == asked]
    assert fault["fired"] == 0, "nobody asks on behalf of a key that is gone"
    listening.paper.clear_faults()


def test_the_stream_of_a_key_that_the_exchange_deleted_ends_and_is_not_asked_for_at_once(listening):
    bot = Bot(listening)
    bot.place()
    becomes_subscribed(bot)
    (key,) = keys_of(listening, bot)
    listening.paper.call("DELETE", f"/keys/{key}")
    becomes_subscribed(bot, 0)
    refused = f"private stream of key {bot.account.credential} refused: -2015"
    wait_until(lambda: refused in (listening.folder / "signer.log").read_text(), what="the refusal")


def keys_of(machine, bot):
    with contextlib.closing(sqlite3.connect(machine.folder / "paper/paper.sqlite3")) as rows:
        return [key for (key,) in rows.execute("SELECT key FROM keys WHERE account = ?", [bot.account.id])]


def test_without_a_stream_everything_is_learned_by_asking(bot):
    """The machine of the other tests, which asks often."""
    bot.fault(SUBSCRIBE, "error_503", times=None)
    bot.place("exit", side="sell", amount="0.01", price="61000")
    bot.machine.paper.set_price("BTCUSDT", "61500")
    try:
        assert bot.becomes("filled", "exit").filled == "0.01"
    finally:
        bot.machine.paper.set_price("BTCUSDT", "60000")
    same_as_at_exchange(bot, "exit")


def test_what_a_stream_keeps_to_itself_is_learned_by_asking(bot):
    bot.fault("*", "event_lost", times=None)
    bot.place("exit", side="sell", amount="0.01", price="61000")
    becomes_subscribed(bot)
    bot.machine.paper.set_price("BTCUSDT", "61500")
    try:
        assert bot.becomes("filled", "exit").filled == "0.01"
    finally:
        bot.machine.paper.set_price("BTCUSDT", "60000")
    same_as_at_exchange(bot, "exit")


# A hostile exchange


class HostileExchange:
    """A WebSocket server that says what it likes; it keeps what it was told."""

    def __init__(self, *frames, redirect=None):
        self.frames, self.redirect = frames, redirect
        self.told, self.visits = [], 0

    async def handle(self, request):
        self.visits += 1
        if self.redirect:
            raise web.HTTPFound(self.redirect)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.told.append(json.loads((await socket.receive()).data))
        for frame in self.frames:
            await socket.send_str(frame)
        await socket.close()
        return socket

    @contextlib.asynccontextmanager
    async def running(self):
        app = web.Application()
        app.router.add_get("/ws-api/v3", self.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.address = f"ws://127.0.0.1:{runner.addresses[0][1]}/ws-api/v3"
            yield self
        finally:
            await runner.cleanup()


class Watched:
    """A signer's key store that keeps what it was asked to sign."""

    def __init__(self):
        self.signed = []

    async def mac(self, key_name, payload):
        self.signed.append((key_name, payload))
        return MAC


async def follow(exchange, api_key=KEY):
    """What comes of following an account there: the exception, what was signed, and what was stirred."""
    lines = Lines(exchange.address, ping_seconds=5)
    await lines.open()
    keystore, stirred = Watched(), []

    async def key_of(_credential):
        return api_key

    venue = SimpleNamespace(
        lines=lines,
        budget=SimpleNamespace(slowness=1.0),
        workshop=SimpleNamespace(symbol_of={"BTCUSDT": "BTC/USDT"}.get),
    )
    signer = SimpleNamespace(
        standing=Standing(),
        keystore=keystore,
        api_key=key_of,
        followed={},
        venue=lambda _exchange: venue,
        stir=lambda _credential, market: stirred.append(market),
    )
    credential = SimpleNamespace(id=uuid.uuid4(), exchange="paper", key_name="the-key")
    try:
        with pytest.raises((Refused, Rejected, NotSent, Unsure)) as caught:
            await streams._follow(signer, credential)
    finally:
        await lines.close()
    assert signer.followed == {}, "it is not healthy any more"
    return caught.value, keystore.signed, stirred


YES = json.dumps({"id": "subscribe", "status": 200, "result": {"subscriptionId": 3}})
WISHES = (
    '{"id": "subscribe", "method": "order.place", "params": {"symbol": "BTCUSDT"}}',
    '{"method": "sign", "params": {"payload": "asset=BTC&amount=1&address=x"}}',
    '{"id": "subscribe", "status": 200, "result": {"payload": "coin=BTC"}}',
    "[[[[[[",
    '{"subscriptionId": 3, "event": {"e": "executionReport", "s": "coin=BTC&address=x", "x": "TRADE"}}',
)


async def test_an_exchange_gets_one_signature_a_connection_and_only_over_the_subscription():
    async with HostileExchange(YES, *WISHES).running() as exchange:
        _, signed, stirred = await follow(exchange)
    ((key_name, payload),) = signed
    assert key_name == "the-key"
    assert re.fullmatch(rb"apiKey=k{64}&recvWindow=\d+&timestamp=\d{13}", payload)
    (told,) = exchange.told
    assert told["method"] == SUBSCRIBE
    assert told["params"].keys() == {"apiKey", "recvWindow", "timestamp", "signature"}
    assert stirred == []


async def test_events_of_another_subscription_stir_nothing():
    event = '{"subscriptionId": %d, "event": {"e": "executionReport", "s": "BTCUSDT", "x": "TRADE"}}'
    async with HostileExchange(YES, event % 4, event % 0).running() as exchange:
        assert (await follow(exchange))[2] == []
    async with HostileExchange(YES, event % 3).running() as exchange:
        assert (await follow(exchange))[2] == ["BTC/USDT"]


async def test_a_redirect_is_not_followed_and_nothing_is_signed():
    async with HostileExchange(YES).running() as elsewhere:
        async with HostileExchange(redirect=elsewhere.address.replace("ws", "http", 1)).running() as exchange:
            why, signed, _ = await follow(exchange)
        assert isinstance(why, NotSent)
        assert (signed, elsewhere.visits) == ([], 0)


async def test_a_key_that_would_smuggle_a_parameter_is_not_signed():
    async with HostileExchange(YES).running() as exchange:
        why, signed, _ = await follow(exchange, api_key=f"{KEY}&symbol=BTCUSDT")
    assert why.code is Code.REQUEST_NOT_AS_INTENDED
    assert signed == []


async def test_a_frame_that_is_too_large_ends_the_stream():
    async with HostileExchange(YES, json.dumps({"x": "y" * 100_000})).running() as exchange:
        assert isinstance((await follow(exchange))[0], Unsure)


async def test_an_address_that_is_not_opened_too_often():
    async with HostileExchange().running() as exchange:
        lines = Lines(exchange.address, ping_seconds=5)
        await lines.open()
        opened = [await lines.connect() for _ in range(30)]
        with pytest.raises(NotSent):
            await lines.connect()
        await asyncio.gather(*(line.close() for line in opened))
        await lines.close()


# What is signed, and what is read


@given(st.text(max_size=130), st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70))
def test_whatever_is_signed_is_a_subscription_and_nothing_else(api_key, timestamp, recv_window):
    subscription = Subscription(api_key=api_key, timestamp=timestamp, recv_window=recv_window)
    with contextlib.suppress(Refused):
        names = [part.split(b"=")[0] for part in subscription.payload().split(b"&")]
        assert names == [b"apiKey", b"recvWindow", b"timestamp"]


@pytest.mark.parametrize("mac", ["", "0" * 63, "0" * 64 + '"', "G" * 64, "vault:v1:abc="])
def test_what_is_no_mac_is_not_sent(mac):
    with pytest.raises(Refused):
        Subscription(api_key=KEY, timestamp=1, recv_window=5000).request(mac)


def test_a_subscription_does_not_show_or_pickle_its_key():
    made = Subscription(api_key=KEY, timestamp=1, recv_window=5000)
    assert KEY not in repr(made)
    with pytest.raises(TypeError):
        pickle.dumps(made)


@pytest.mark.parametrize(
    ("error", "status", "busy"),
    [((-2015, "Invalid API-key"), 401, False), ((-1021, "Timestamp"), 400, True), ((-1003, "Too much"), 429, True)],
)
def test_a_refused_subscription_says_whether_the_same_may_pass_later(error, status, busy):
    frame = {"id": "subscribe", "status": status, "error": {"code": error[0], "msg": error[1]}}
    with pytest.raises(Rejected) as caught:
        subscribed(json.dumps(frame))
    assert caught.value.busy is busy


@pytest.mark.parametrize("kind", ["eventStreamTerminated", "serverShutdown"])
def test_a_stream_may_say_that_it_ends(kind):
    assert heard(json.dumps({"event": {"e": kind, "E": 1}}), 0) == Heard(over=True)


def test_that_an_order_is_new_is_no_news():
    new = {"subscriptionId": 0, "event": {"e": "executionReport", "s": "BTCUSDT", "x": "NEW"}}
    assert heard(json.dumps(new), 0) is None


@given(st.text() | st.binary().map(repr))
def test_no_frame_is_too_odd_to_be_read(text):
    heard(text, 0)
    subscribed(text)


# When an account is read

HERE = (uuid.uuid4(), "BTC/USDT")


@pytest.fixture
def calm():
    """An account that was read at 100 and found in order."""
    made = Schedule()
    made.reading(HERE, now=100.0)
    made.settled(HERE)
    return made


def due(plan, now, *, followed=0.0, slowness=1.0):
    return plan.due(HERE, now=now, slowness=slowness, followed=followed)


def test_an_account_in_order_with_a_healthy_stream_waits_longer(calm):
    assert not due(calm, 100 + VAULT.stream_poll_seconds - 0.1)
    assert due(calm, 100 + VAULT.stream_poll_seconds)


def test_without_a_healthy_stream_the_pace_is_the_usual_one_at_once(calm):
    assert not due(calm, 107.0)
    assert due(calm, 107.0, followed=None)


def test_a_stream_counts_from_the_first_reading_after_it_was_opened(calm):
    assert due(calm, 108.0, followed=101.0)
    assert due(calm, 100 + VAULT.poll_seconds, followed=100.5)


def test_an_account_that_is_not_in_order_is_read_at_the_usual_pace(calm):
    calm.reading(HERE, now=120.0)
    assert due(calm, 120 + VAULT.poll_seconds)


def test_after_something_happened_the_pace_is_the_usual_one_for_a_while(calm):
    calm.stirred(HERE, now=200.0)
    assert due(calm, 200.0)
    calm.reading(HERE, now=200.0)
    calm.settled(HERE)
    assert not due(calm, 200.0 + VAULT.poll_seconds / 2)
    assert due(calm, 200.0 + VAULT.poll_seconds)
    calm.reading(HERE, now=200 + schedule.SETTLING)
    calm.settled(HERE)
    assert not due(calm, 200 + schedule.SETTLING + VAULT.poll_seconds)


def test_an_account_that_is_stirred_while_it_is_read_is_read_again(calm):
    calm.reading(HERE, now=300.0)
    calm.stirred(HERE, now=300.01)
    calm.settled(HERE)
    assert due(calm, 300.02)


def test_an_exchange_that_loses_patience_is_asked_less(calm):
    assert not due(calm, 100 + VAULT.poll_seconds * 2, followed=None, slowness=3.0)
    assert due(calm, 100 + VAULT.poll_seconds * 3, followed=None, slowness=3.0)


def test_an_account_that_is_new_or_was_forgotten_is_due(calm):
    calm.keep([])
    assert due(calm, 100.0)
