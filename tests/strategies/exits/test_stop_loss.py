"""The stop loss, as its help text has it."""

from decimal import Decimal as D

import pytest

from strategies.deal import Ending
from strategies.events import Alarm, Crossing, Watch
from strategies.exits import Exits, MeasuredFrom, Step, StopLoss
from strategies.orders import OrderType, Side
from tests.strategies.exits.deals import FEES, START, Followed, fill, long_deal, short_deal

STEPS = (Step(profit=D("0.03"), share=D("0.3")), Step(profit=D("0.10"), share=D("0.7")))


def stopped(deal=None, steps=(), **stop):
    return Followed(Exits(steps=steps, stop_loss=StopLoss(**stop)), deal or long_deal())


def test_everything_is_sold_at_market_at_the_loss():
    exits = stopped(loss=D("0.05")).price("95.01")
    assert exits.deal.ending is None
    assert exits.price("95").orders() == [("close", D(1), None)]
    assert exits.deal.ending is Ending.STOP_LOSS


def test_the_stop_loss_of_a_short_lies_above():
    exits = stopped(short_deal(), loss=D("0.05")).price("104.99")
    assert exits.deal.ending is None
    assert exits.price("105").orders() == [("close", D(1), None)]


def test_jesse_510_after_a_partial_take_profit_the_stop_loss_sells_what_is_held_now():
    exits = stopped(steps=STEPS, loss=D("0.05")).fill("take-profit-step-1", Side.SELL, "0.3", "103").price("94")
    assert exits.orders() == [("close", D("0.700"), None)]


def test_the_stop_loss_stays_at_the_entry_when_funds_are_added():
    exits = stopped(loss=D("0.05")).fill("add-1", amount="1", price="90")
    assert exits.stop() == D("95.00")


def test_the_stop_loss_moves_with_the_average_if_it_is_measured_from_it():
    exits = stopped(loss=D("0.05"), measured_from=MeasuredFrom.AVERAGE).fill("add-1", amount="1", price="98")
    assert exits.stop() == D("94.05")


def test_with_a_timeout_the_price_has_to_stay_at_the_stop_loss():
    exits = stopped(loss=D("0.05"), timeout=60).price("95", after=10)
    assert exits.deal.ending is None
    exits.price("94", after=69)
    assert exits.deal.ending is None
    exits.price("94", after=70)
    assert exits.deal.ending is Ending.STOP_LOSS


def test_a_recovery_starts_the_timeout_anew():
    exits = stopped(loss=D("0.05"), timeout=60).price("95", after=10).price("95.01", after=50).price("95", after=60)
    exits.price("95", after=119)
    assert exits.deal.ending is None
    exits.price("95", after=120)
    assert exits.deal.ending is Ending.STOP_LOSS


def test_a_recovery_at_the_very_moment_is_a_recovery():
    exits = stopped(loss=D("0.05"), timeout=60).price("95", after=10).price("96", after=70)
    assert exits.deal.ending is None


def test_during_the_timeout_it_waits_for_the_time_and_for_the_recovery():
    assert stopped(loss=D("0.05"), timeout=60).price("94").awaited() == [
        Alarm(at=START + 60_000, then="stop loss: the price has stayed beyond it"),
        Watch(crossing=Crossing.ABOVE, price=D("95.01"), then="the price recovers from the stop loss"),
    ]


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back():
    exits = stopped(loss=D("0.05"), trailing=True)
    assert exits.stop() == D("95.00")
    assert exits.price("110").stop() == D("104.50")
    assert exits.price("105").stop() == D("104.50")
    assert exits.price("104.50").deal.ending is Ending.STOP_LOSS


def test_the_trailing_stop_of_a_short_follows_the_lowest_price():
    exits = stopped(short_deal(), loss=D("0.05"), trailing=True).price("90")
    assert exits.stop() == D("94.50")


def test_after_the_step_the_stop_loss_stands_where_nothing_is_lost_after_the_fees():
    deal = long_deal(fill(fee="0.001", asset="BTC"), market=FEES)
    exits = stopped(deal, steps=STEPS, loss=D("0.05"), break_even_after=1)
    assert exits.stop() == D("95.00")
    level = exits.fill("take-profit-step-1", Side.SELL, "0.2997", "103.5", fee="0.031").stop()
    cost = D(100) / D("0.999")
    assert level * (1 - FEES.taker_fee) >= cost
    assert (level - FEES.tick_size) * (1 - FEES.taker_fee) < cost


def test_a_short_breaks_even_where_the_whole_proceeds_buy_everything_back():
    deal = short_deal(fill(side=Side.SELL, fee="0.1"), market=FEES)
    exits = stopped(deal, steps=STEPS, loss=D("0.05"), break_even_after=1)
    level = exits.fill("take-profit-step-1", Side.BUY, "0.3003", "97", fee="0.0003003", asset="BTC").stop()
    assert level / (1 - FEES.taker_fee) <= D("99.9")
    assert (level + FEES.tick_size) / (1 - FEES.taker_fee) > D("99.9")


def test_break_even_waits_for_its_step_to_have_sold_in_full():
    exits = stopped(steps=STEPS, loss=D("0.05"), break_even_after=1).fill("take-profit-step-1", Side.SELL, "0.1", "103")
    assert exits.stop() == D("95.00")


def test_funds_added_later_do_not_undo_the_break_even():
    exits = stopped(steps=STEPS, loss=D("0.05"), break_even_after=1)
    exits.fill("take-profit-step-1", Side.SELL, "0.3", "103").fill("add-1", Side.BUY, "5", "101")
    assert exits.stop() == D("100.84")  # 605 for six coins


def test_a_stop_that_stands_nowhere_but_at_break_even_waits_for_its_step():
    exits = stopped(steps=STEPS, break_even_after=1)
    assert exits.awaited() == []
    assert exits.fill("take-profit-step-1", Side.SELL, "0.3", "103").stop() == D("100.00")


def test_a_limit_stop_sells_down_to_its_limit():
    exits = stopped(loss=D("0.05"), order=OrderType.LIMIT, limit=D("0.01")).price("95")
    assert exits.orders() == [("close", D(1), D("94.05"))]


def test_a_limit_stop_that_nobody_takes_can_be_sold_at_market_or_called_off():
    exits = stopped(loss=D("0.05"), order=OrderType.LIMIT, limit=D("0.01")).price("90")
    exits.deal.end(Ending.AT_MARKET)
    assert exits.orders() == [("close", D(1), None)]
    exits.deal.end(Ending.CANCELLED)
    assert exits.exits.close(exits.deal, exits.seen) is None


def test_told_the_same_again_nothing_changes():
    exits = stopped(steps=STEPS, loss=D("0.05"), trailing=True, timeout=60).price("104", "98.8", after=5)
    before = exits.seen
    assert exits.price("98.8", after=6).seen == before


@pytest.mark.parametrize(
    ("stop", "field"),
    [
        ({}, "loss"),
        ({"loss": D("0.05"), "price": D(95)}, "price"),
        ({"price": D(95), "trailing": True}, "trailing"),
        ({"loss": D("0.05"), "order": OrderType.LIMIT}, "limit"),
        ({"loss": D("0.05"), "limit": D("0.01")}, "limit"),
        ({"loss": D(1)}, "loss"),
    ],
)
def test_a_stop_loss_that_cannot_work_is_named_with_its_remedy(stop, field):
    with pytest.raises(ValueError, match=field) as refusal:
        StopLoss(**stop)
    (problem,) = refusal.value.problems
    assert problem.field == field
    assert problem.remedy
