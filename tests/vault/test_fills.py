"""Each trade is booked once, in its place, and an order has ended only when all its trades are booked."""

import contextlib
import sqlite3
from decimal import Decimal

import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import Bot, total
from vault.ledger.identity import client_order_id
from vault.messages.answers import State

TRADES = "GET /api/v3/myTrades"


def all_told(bot, name="base"):
    """What every order's events must look like, however the exchange stumbled."""
    events = [event for event in bot.events() if event.order.name == name]
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    ids = [event.trade.trade_id for event in events if event.trade]
    assert len(ids) == len(set(ids))
    booked = Decimal(0)
    for event in events:
        assert not State(event.order.state).over or event is events[-1], "nothing comes after the end"
        if event.trade:
            booked += Decimal(event.trade.amount)
        assert Decimal(event.order.filled) == booked
    return events


def same_as_at_exchange(bot, name="base"):
    named = bot.look_up(name).client_order_id
    (number,) = [order["orderId"] for order in bot.at_exchange() if order["clientOrderId"] == named]
    theirs = [trade for trade in bot.trades_at_exchange() if trade["orderId"] == number]
    ours = bot.trades(name)
    assert [(trade.trade_id, Decimal(trade.amount), Decimal(trade.price), Decimal(trade.fee)) for trade in ours] == [
        (str(trade["id"]), Decimal(trade["qty"]), Decimal(trade["price"]), Decimal(trade["commission"]))
        for trade in sorted(theirs, key=lambda trade: trade["id"])
    ]


def test_an_order_that_trades_at_once_is_filled_with_its_trades(bot):
    bot.buy_now()
    assert bot.becomes("filled").filled == "0.01"
    events = all_told(bot)
    assert events[0].order.state == "accepted"
    assert events[-1].order.state == "filled"
    same_as_at_exchange(bot)
    (first, *_) = bot.trades()
    assert (first.fee_asset, first.maker) == ("BTC", False)


def test_an_order_that_takes_many_levels_has_many_trades(machine):
    bot = Bot(machine, account=machine.account(USDT="1000000"), notional="1000000")
    bot.place(amount="3", price="70000", type="ioc")
    order = wait_until(lambda: bot.look_up() if State(bot.state()).over else None)
    assert len(bot.trades()) > 1
    assert total(bot.trades()) == Decimal(order.filled)
    all_told(bot)
    same_as_at_exchange(bot)


@pytest.mark.parametrize("fault", ["duplicate_trades", "reorder"])
def test_trades_told_twice_or_backwards_are_booked_once_and_in_order(machine, fault):
    bot = Bot(machine, account=machine.account(USDT="1000000"), notional="1000000")
    bot.fault(TRADES, fault, times=None)
    bot.place(amount="3", price="70000", type="ioc")
    wait_until(lambda: State(bot.state()).over)
    all_told(bot)
    same_as_at_exchange(bot)
    machine.paper.clear_faults()


def test_a_trade_that_is_listed_late_is_not_forgotten(bot):
    """Another order's trade, with a higher number, is listed first."""
    bot.buy_now("warm")
    bot.becomes("filled", "warm")
    hidden = bot.fault(TRADES, "not_found", times=None, match={"clientOrderId": upcoming_id(bot, "base")})
    bot.buy_now()
    bot.machine.paper.wait_for_fault(hidden)
    assert bot.state() == "accepted", "the exchange says filled, but no trade is known"
    bot.buy_now("next")
    bot.becomes("filled", "next")
    bot.machine.paper.clear_faults()
    assert bot.becomes("filled").filled == "0.01"
    all_told(bot)
    same_as_at_exchange(bot)
    same_as_at_exchange(bot, "next")


def upcoming_id(bot, name):
    """The client order id that this order is going to have."""
    with contextlib.closing(sqlite3.connect(bot.machine.folder / "vault/vault.sqlite3")) as database:
        (installation,) = database.execute("SELECT key FROM ledger_installation").fetchone()
    return client_order_id(bot.word(name), installation)


def test_a_resting_order_fills_when_the_price_comes(bot):
    bot.place(name="exit", side="sell", amount="0.01", price="61000")
    bot.machine.paper.set_price("BTCUSDT", "61500")
    try:
        assert bot.becomes("filled", "exit").filled == "0.01"
    finally:
        bot.machine.paper.set_price("BTCUSDT", "60000")
    all_told(bot, "exit")
    same_as_at_exchange(bot, "exit")
    (first, *_) = bot.trades("exit")
    assert (first.fee_asset, first.maker) == ("USDT", True)


def test_a_partly_filled_order_is_open_and_its_trades_are_booked(machine):
    bot = Bot(machine, account=machine.account(USDT="1000000", BTC="10"), notional="1000000")
    bot.fault("*", "partial_fill", share=0.3, seconds=60)
    bot.place(name="exit", side="sell", amount="0.1", price="61000")
    machine.paper.set_price("BTCUSDT", "61500")
    try:
        order = wait_until(lambda: bot.look_up("exit") if bot.look_up("exit").filled != "0" else None)
        assert (order.state, order.filled) == ("accepted", "0.03")
        cancelled = bot.cancel("exit")
        assert (cancelled.state, cancelled.filled) == ("cancelled", "0.03")
    finally:
        machine.paper.set_price("BTCUSDT", "60000")
    all_told(bot, "exit")
    same_as_at_exchange(bot, "exit")


def test_a_partly_filled_order_that_is_cancelled_ends_after_its_trades(machine):
    """The cancel is confirmed before the trades are listed."""
    bot = Bot(machine, account=machine.account(USDT="1000000", BTC="10"), notional="1000000")
    bot.fault("*", "partial_fill", share=0.3, seconds=60)
    late = bot.fault(TRADES, "not_found", times=None)
    bot.place(name="exit", side="sell", amount="0.1", price="61000")
    machine.paper.set_price("BTCUSDT", "61500")
    try:
        wait_until(bot.trades_at_exchange)
        assert bot.cancel("exit").state == "accepted", "0.03 were traded, and nothing of it is booked"
        machine.paper.wait_for_fault(late, count=2)
        assert bot.state("exit") == "accepted"
        machine.paper.clear_faults()
        assert bot.becomes("cancelled", "exit").filled == "0.03"
    finally:
        machine.paper.set_price("BTCUSDT", "60000")
    all_told(bot, "exit")
    same_as_at_exchange(bot, "exit")


def test_an_order_that_fills_while_its_cancel_is_under_way_is_filled(bot):
    """The cancel waits at the exchange's door; meanwhile the price comes."""
    bot.place(name="exit", side="sell", amount="0.01", price="61000")
    bot.fault("DELETE /api/v3/order", "delay", seconds=1)
    bot.machine.paper.set_price("BTCUSDT", "61500")
    try:
        answer = bot.cancel("exit")
        assert answer.state in ("accepted", "filled")
        assert bot.becomes("filled", "exit").filled == "0.01"
    finally:
        bot.machine.paper.set_price("BTCUSDT", "60000")
    assert "cancelled" not in bot.states("exit")
    all_told(bot, "exit")
    same_as_at_exchange(bot, "exit")


def test_what_an_ioc_order_cannot_trade_at_once_expires(bot):
    order = bot.place(type="ioc")
    assert (order.state, order.filled) == ("expired", "0")
    assert bot.states() == ["accepted", "expired"]
    assert bot.place(generation=2, type="limit").state == "accepted"


def test_events_come_in_pages_and_none_is_lost(bot):
    for number in range(4):
        bot.buy_now(f"b{number}", amount="0.001")
    for number in range(4):
        bot.becomes("filled", f"b{number}")
    whole = bot.events()
    bot.renew()
    pages, since = [], 0
    while True:
        page = bot.lease.events(since, limit=2)
        pages += page.events
        assert len(page.events) <= 2
        if not page.more:
            break
        since = page.events[-1].seq
    assert pages == whole
    assert bot.lease.events(whole[-1].seq).events == []


def test_stale_readings_undo_nothing(bot):
    bot.fault("*", "stale", times=None)
    bot.buy_now()
    wait_until(lambda: bot.look_up().filled == "0.01")
    assert bot.becomes("filled").filled == "0.01"
    all_told(bot)
    same_as_at_exchange(bot)
