"""A private stream makes the signer faster and never wrong: it is told that something happened, and reads for itself."""

import contextlib
import sqlite3

import pytest

from tests.support.machine import Machine
from tests.support.processes import wait_until
from tests.vault.conftest import Bot
from tests.vault.test_fills import all_told, same_as_at_exchange

pytestmark = pytest.mark.xdist_group("streams")  # one machine for all of them

SUBSCRIBE = "userDataStream.subscribe.signature"
OPEN_ORDERS = "GET /api/v3/openOrders"
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
