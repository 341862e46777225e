"""No answer is not a failure: the order is looked up until it is found, or proven never to have arrived."""

from datetime import datetime
from decimal import Decimal

import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import refused, total
from vault.messages.refusals import Code

ORDER = "POST /api/v3/order"
LOOK_UP = "GET /api/v3/order"


def is_there_once(bot):
    (order,) = bot.at_exchange()
    (row,) = bot.orders()
    assert order["clientOrderId"] == row["client_order_id"]
    return order


@pytest.mark.parametrize("fault", ["accept_then_hang", "accept_then_drop", "accept_then_500"])
def test_an_order_that_was_accepted_without_an_answer_is_found(bot, fault):
    bot.fault(ORDER, fault)
    assert bot.place().state in ("unknown", "accepted")
    bot.becomes("accepted")
    is_there_once(bot)
    assert bot.states() == ["unknown", "accepted"]
    assert [entry["kind"] for entry in bot.audit()][:3] == ["order.found", "order.placed", "order.place"]


def test_an_order_without_an_answer_that_traded_is_found_with_its_trades(bot):
    bot.fault(ORDER, "accept_then_drop")
    bot.buy_now()
    assert bot.becomes("filled").filled == "0.01"
    is_there_once(bot)
    assert total(bot.trades()) == total_at_exchange(bot)


def total_at_exchange(bot):
    return sum(Decimal(trade["qty"]) for trade in bot.trades_at_exchange())


def test_not_found_at_first_is_not_believed(bot):
    """The look-up, the open orders and the history all say so for a while: nothing is sent a second time."""
    bot.fault(ORDER, "accept_then_drop")
    lies = [
        bot.fault(LOOK_UP, "not_found", times=3),
        bot.fault("GET /api/v3/openOrders", "not_found", times=3),
        bot.fault("GET /api/v3/allOrders", "not_found", times=1),
    ]
    assert bot.place().state == "unknown"
    refused(Code.GENERATION_ALIVE, bot.place, generation=2)
    bot.machine.paper.wait_for_fault(lies[0], count=3)
    bot.becomes("accepted")
    is_there_once(bot)
    assert bot.states() == ["unknown", "accepted"]


def test_an_order_that_only_the_history_shows_is_found(bot):
    """The exchange's look-up never finds it, and its open orders leave it out."""
    bot.fault(ORDER, "accept_then_drop")
    bot.fault(LOOK_UP, "not_found", times=None)
    bot.fault("GET /api/v3/openOrders", "not_found", times=None)
    bot.place()
    bot.becomes("accepted")
    is_there_once(bot)


def test_an_order_that_only_the_open_orders_show_is_found(bot):
    bot.fault(ORDER, "accept_then_drop")
    bot.fault(LOOK_UP, "not_found", times=None)
    bot.fault("GET /api/v3/allOrders", "not_found", times=None)
    bot.place()
    bot.becomes("accepted")
    is_there_once(bot)


def test_an_order_that_only_its_trade_shows_is_not_absent(bot):
    """Nothing lists the order, but a trade that is nobody's might be its own: that is enough to keep waiting."""
    bot.fault(ORDER, "accept_then_drop")
    bot.fault(LOOK_UP, "not_found", times=None)
    history = bot.fault("GET /api/v3/allOrders", "not_found", times=None)
    bot.buy_now()
    bot.machine.paper.wait_for_fault(history, count=5)
    assert bot.state() == "unknown"
    refused(Code.GENERATION_ALIVE, bot.place, generation=2)
    bot.machine.paper.clear_faults()
    assert bot.becomes("filled").filled == "0.01"
    is_there_once(bot)


@pytest.mark.parametrize("fault", ["drop_before", "hang_before", "error_500", "error_503"])
def test_an_order_that_never_arrived_is_absent_and_placed_once(bot, fault):
    bot.fault(ORDER, fault)
    assert bot.place().state in ("unknown", "absent")
    refused(Code.GENERATION_ALIVE, bot.place, generation=2)
    assert bot.place().generation == 1, "asking for the same again sends nothing"
    assert bot.becomes("absent").filled == "0"
    assert bot.at_exchange() == []
    assert bot.place(generation=2).state == "accepted"
    (order,) = bot.at_exchange()
    assert order["clientOrderId"] == bot.look_up(generation=2).client_order_id
    assert bot.states() == ["unknown", "absent", "accepted"]
    assert "order.absent" in [entry["kind"] for entry in bot.audit()]


def test_an_order_is_not_absent_while_its_request_may_still_arrive(bot):
    bot.fault(ORDER, "drop_before")
    bot.place()
    bot.becomes("absent")
    entries = {entry["kind"]: entry for entry in bot.audit()}
    waited = at(entries["order.absent"]) - at(entries["order.place"])
    assert waited.total_seconds() > 2 + 0.5, "the request's window, and the margin"
    assert entries["order.absent"]["body"]["reads"] == 2


def at(entry):
    return datetime.fromisoformat(entry["at"])


@pytest.mark.parametrize(("seconds", "ended"), [(2.4, "rejected"), (3.5, "absent")])
def test_an_order_that_arrives_after_its_window_is_not_taken(bot, seconds, ended):
    """The exchange refuses it; whether the signer still waits for that answer or not, it does not exist."""
    late = bot.fault(ORDER, "delay", seconds=seconds)
    bot.place()
    bot.machine.paper.wait_for_fault(late)
    bot.becomes(ended)
    assert bot.at_exchange() == []
    assert bot.place(generation=2).state == "accepted"


@pytest.mark.parametrize("fault", ["error_429", "error_418"])
def test_an_order_that_the_exchange_had_no_time_for_is_rejected(bot, fault):
    bot.fault(ORDER, fault)
    assert bot.place().state == "rejected"
    assert bot.at_exchange() == []
    assert bot.place(generation=2).state == "accepted"


def test_an_order_of_an_exchange_that_is_away_is_absent(machine, bot):
    """No connection, not a byte sent: there is nothing to look up."""
    bot.place("warm")
    machine.paper_process.kill()
    machine.paper_process.wait()
    try:
        assert bot.place().state in ("absent", "unknown")
    finally:
        machine.start_paper()
    bot.becomes("absent")
    assert bot.place(generation=2).state == "accepted"
    assert len(bot.at_exchange()) == 2


def test_a_late_answer_is_an_answer(bot):
    bot.fault(ORDER, "delay_answer", seconds=1)
    assert bot.place().state == "accepted"
    is_there_once(bot)
    assert bot.states() == ["accepted"]


def test_an_unknown_order_can_be_cancelled(bot):
    bot.fault(ORDER, "accept_then_drop")
    bot.fault(LOOK_UP, "not_found", times=None)
    bot.fault("GET /api/v3/openOrders", "not_found", times=None)
    bot.fault("GET /api/v3/allOrders", "not_found", times=None)
    assert bot.place().state == "unknown"
    assert bot.cancel().state == "cancelled"
    assert is_there_once(bot)["status"] == "CANCELED"
    wait_until(lambda: bot.states() == ["unknown", "accepted", "cancelled"])
