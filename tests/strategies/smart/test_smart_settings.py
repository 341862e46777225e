"""Settings of a SmartTrade that cannot work, and what a trade needs."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.events import Crossing
from strategies.exits import Step, StopLoss
from strategies.kinds import from_json
from strategies.orders import OrderType, Side
from strategies.settings import SettingsRefused
from strategies.smart import Entry, SmartTrade
from tests.strategies.exits.deals import FEES, FREE

BOT = SmartTrade(base_amount=D(1), take_profit=(Step(profit=D("0.03")),), stop_loss=StopLoss(loss=D("0.05")))
TWO = (Step(profit=D("0.03"), share=D("0.5")), Step(profit=D("0.05"), share=D("0.5")))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"base_amount": None}, "base_amount"),
        ({"quote_amount": D(5)}, "base_amount"),
        ({"base_amount": D(0)}, "base_amount"),
        ({"price": D(90)}, "price"),
        ({"entry": Entry.LIMIT}, "price"),
        ({"entry": Entry.HELD}, "price"),
        ({"entry": Entry.HELD, "price": D(9), "side": Side.SELL}, "side"),
        ({"entry": Entry.HELD, "price": D(9), "base_amount": None, "quote_amount": D(9)}, "quote_amount"),
        ({"entry": Entry.CONDITIONAL}, "trigger"),
        ({"trigger": D(90)}, "trigger"),
        ({"entry_trailing": D("0.01")}, "entry_trailing"),
        ({"entry": Entry.CONDITIONAL, "trigger": D(9), "price": D(9), "entry_trailing": D("0.01")}, "price"),
        ({"take_profit": (), "trailing": D("0.01")}, "trailing"),
        ({"take_profit": (Step(profit=D("0.03"), share=D("0.9")),)}, "take_profit"),
        ({"take_profit": TWO[::-1]}, "take_profit[1].profit"),
        ({"take_profit": tuple(Step(profit=D(n), share=D(1) / 11) for n in range(1, 12))}, "take_profit"),
        ({"stop_loss": StopLoss(loss=D("0.05"), break_even_after=2)}, "stop_loss.break_even_after"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    assert field in [problem.field for problem in refusal.value.problems]
    assert all(problem.remedy for problem in refusal.value.problems)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"base_amount": D("0.049")}, "base_amount"),
        ({"base_amount": None, "quote_amount": D("4.99")}, "quote_amount"),
        ({"base_amount": D("0.08"), "take_profit": TWO}, "take_profit[0].share"),
        ({"take_profit": (Step(price=D(99)),)}, "take_profit[0].price"),
        ({"take_profit": (TWO[0], Step(price=D(102), share=D("0.5")))}, "take_profit[1].price"),
        ({"side": Side.SELL, "take_profit": (Step(price=D(101)),)}, "take_profit[0].price"),
        ({"side": Side.SELL, "take_profit": (Step(profit=D(1)),)}, "take_profit[0].profit"),
        ({"stop_loss": StopLoss(price=D(101))}, "stop_loss.price"),
        ({"stop_loss": StopLoss(price=D(99)), "side": Side.SELL}, "stop_loss.price"),
        ({"base_amount": D("0.05"), "stop_loss": StopLoss(loss=D("0.05"))}, "stop_loss.loss"),
        (
            {"take_profit": (Step(price=D("100.05")),), "stop_loss": StopLoss(break_even_after=1)},
            "stop_loss.break_even_after",
        ),
        ({"entry": Entry.HELD, "price": D(50)}, "take_profit[0].profit"),
        ({"entry": Entry.HELD, "price": D(110)}, "stop_loss.loss"),
        ({"entry": Entry.LIMIT, "price": D(90), "stop_loss": StopLoss(price=D(95))}, "stop_loss.price"),
    ],
)
def test_what_cannot_work_on_a_market_is_refused_for_that_market(change, field):
    market = FEES if "break" in field else replace(FREE, lot_size=D("0.001"))
    found = list(replace(BOT, **change).problems(D(100), market))
    assert field in [problem.field for problem in found]
    assert all(problem.remedy for problem in found)


def test_settings_that_work_have_no_problems_and_no_warnings():
    assert list(BOT.problems(D(100), FEES)) == []
    assert list(BOT.warnings(D(100), FEES)) == []


def test_a_step_below_the_smallest_order_is_refused_in_words():
    bot = replace(BOT, base_amount=D("0.08"), take_profit=TWO)
    (problem,) = bot.problems(D(100), FREE)
    assert str(problem) == (
        "take_profit[0].share: 50% of the position are less than the smallest order of BTC/USDT, about 5 USDT."
        " Give it a larger share, use fewer steps, or a larger position."
    )


def test_mistakes_in_steps_and_stop_loss_are_named_by_their_path():
    values = {
        "base_amount": "1",
        "take_profit": [{"profit": "0.03"}, {"share": "2"}],
        "stop_loss": {"loss": "0.05", "speed": 1},
    }
    with pytest.raises(SettingsRefused) as refusal:
        from_json("smart", values)
    assert {problem.field for problem in refusal.value.problems} == {
        "take_profit[1].share",
        "take_profit[1].profit",
        "stop_loss.speed",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"entry": Entry.CONDITIONAL, "trigger": D(99), "crossing": Crossing.ABOVE}, "trigger"),
        ({"entry": Entry.LIMIT, "price": D(101)}, "price"),
        ({"take_profit": (), "stop_loss": None}, "take_profit"),
        ({"side": Side.SELL, "stop_loss": None}, "stop_loss"),
        ({"trailing": D("0.04")}, "trailing"),
    ],
)
def test_what_works_but_hardly_as_it_was_meant_is_warned_of(change, field):
    assert field in [problem.field for problem in replace(BOT, **change).warnings(D(100), FREE)]


def test_the_capital_is_what_the_entry_spends_with_its_fee():
    assert BOT.capital(D(100), FEES) == D("100.1")


def test_the_capital_of_an_amount_in_quote_is_never_more_than_it_and_the_fee():
    bot = replace(BOT, base_amount=None, quote_amount=D(100), entry=Entry.CONDITIONAL, trigger=D(90))
    assert bot.capital(D(100), FEES) == D("100.1")


def test_the_capital_of_a_short_is_what_the_stop_loss_may_cost():
    bot = replace(BOT, side=Side.SELL)
    assert bot.capital(D(100), FREE) == D(5)


def test_coins_already_held_need_no_capital():
    assert replace(BOT, entry=Entry.HELD, price=D(100)).capital(D(100), FEES) == 0


def test_the_largest_order_is_the_exit_at_its_highest_price():
    assert BOT.largest_order(D(100), FREE) == D("103.00")


def test_an_exit_without_a_price_is_reckoned_at_twice_the_price():
    assert replace(BOT, trailing=D("0.01")).largest_order(D(100), FREE) == D("206.00")


def test_a_market_step_reckons_with_the_takers_fee():
    market = replace(FREE, taker_fee=D("0.01"))
    one, other = (
        replace(BOT, take_profit=(Step(profit=D("0.03"), order=order),)).take_profit[0].at(_position(market))
        for order in (OrderType.LIMIT, OrderType.MARKET)
    )
    assert one < other


def _position(market):
    from strategies.smart.checks import position

    return position(BOT, D(100), market)
