"""Settings and state as JSON, and settings that cannot work, each named with its problem and its remedy."""

import dataclasses
from dataclasses import replace
from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.conditions import Conditions, Price, Relation
from strategies.dca import DCA, DCAState, Direction, From, Reckoned, RungSetting, StepSetting, VolumeIn
from strategies.dca.state import ByHand
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.orders import OrderType
from strategies.settings import SettingsRefused
from tests.strategies.dca.bots import CONDITIONS, LADDERS, LIMITS, REINVESTED, STOPS, WAITING, bots, stepped
from tests.strategies.dca.deals import BOT, FEES, FREE, PLAIN, SHORT

DIP = Conditions((Price(interval=5, relation=Relation.BELOW, level=D(99)),))
STEP = StepSetting(profit=D("0.01"), share=D("0.5"))
FURTHER = StepSetting(profit=D("0.02"), share=D("0.5"))
ROW = RungSetting(deviation=D("0.01"), size=D(50))
# Between them a value for each setting that is not its default.
EVERY_ONE = (
    DCA(
        direction=Direction.SHORT,
        base_order=D(7),
        volume_in=VolumeIn.PERCENT,
        most_balance=D(900),
        base_order_type=OrderType.LIMIT,
        averaging_order=D(3),
        averaging_orders=4,
        step=D("0.01"),
        step_scale=D("1.1"),
        volume_scale=D("1.2"),
        step_from=From.LAST,
        active_orders=2,
        averaging_conditions=DIP,
        reinvest=D("0.5"),
        risk_reduction=D("0.25"),
        more_each=D("-1.5"),
        take_profit=D("0.02"),
        take_profit_from=Reckoned.BASE,
        trailing=D("0.005"),
        close_conditions=DIP,
        close_profit=D("0.01"),
        stop_loss=D("0.2"),
        stop_loss_from=Reckoned.TOTAL,
        stop_loss_timeout=30,
        trailing_stop=True,
        deal_timeout=86_400,
        start_conditions=DIP,
        deals_at_once=3,
        cooldown=60,
        stop_after=9,
        lowest_price=D(1),
        highest_price=D(1000),
        least_volume=D(5000),
        blacklist=("BTC/USDT",),
    ),
    DCA(
        base_order=D(100),
        own_ladder=(RungSetting(deviation=D("-0.01"), size=D(20)), ROW),
        take_profit_steps=(STEP, FURTHER),
        break_even_after=1,
    ),
)


def test_the_examples_have_every_setting():
    fields = [field for field in dataclasses.fields(DCA) if field.init]
    assert [f.name for f in fields if all(getattr(bot, f.name) == f.default for bot in EVERY_ONE)] == []


@pytest.mark.parametrize("bot", EVERY_ONE, ids=["short", "long"])
def test_every_setting_survives_the_way_through_json(bot):
    assert from_json("dca", msgspec.json.decode(msgspec.json.encode(to_json(bot)))) == bot


@settings(max_examples=200, deadline=None)
@given(bots(STOPS, LADDERS, CONDITIONS, WAITING, REINVESTED, LIMITS, more=(stepped(),)))
def test_any_settings_survive_the_way_through_json(bot):
    assert from_json("dca", to_json(bot)) == bot


numbers = st.decimals("0.001", 1000, places=3)
by_hand = st.builds(ByHand, name=st.text(max_size=20), amount=numbers, price=st.none() | numbers)
several = st.lists(st.integers(1, 200), unique=True).map(tuple)
states = st.builds(
    DCAState,
    released=several,
    averaging=st.booleans(),
    closing=st.booleans(),
    held_before=st.booleans(),
    best=st.none() | numbers,
    armed=st.none() | numbers,
    stopped_since=st.none() | st.integers(0, 2**50),
    added=st.lists(by_hand, max_size=3).map(tuple),
    reduced=st.lists(by_hand, max_size=3).map(tuple),
    done=several,
)


@given(states)
def test_all_that_a_deal_remembers_survives_the_way_through_text(state):
    assert state_from_text(PLAIN, state_to_text(state)) == state


def test_a_deal_that_remembers_nothing_is_kept_as_nothing():
    assert state_from_text(PLAIN, state_to_text(None)) is None


@pytest.mark.parametrize(
    ("bot", "change", "field"),
    [
        (BOT, {"base_order": D(0)}, "base_order"),
        (BOT, {"base_order": D("NaN")}, "base_order"),
        (BOT, {"averaging_orders": 201}, "averaging_orders"),
        (BOT, {"averaging_order": None}, "averaging_order"),
        (BOT, {"step": None}, "step"),
        (BOT, {"step": D("0.5"), "step_scale": D(2)}, "averaging_orders"),
        (BOT, {"step": D("0.5"), "step_scale": D(2), "step_from": From.LAST}, "step_scale"),
        (BOT, {"step_scale": D("0.05")}, "step_scale"),
        (BOT, {"volume_scale": D(11)}, "volume_scale"),
        (BOT, {"own_ladder": (ROW,)}, "averaging_orders"),
        (PLAIN, {"own_ladder": (ROW, replace(ROW, deviation=D("0.005")))}, "own_ladder"),
        (PLAIN, {"own_ladder": (ROW,), "step_from": From.LAST}, "step_from"),
        (replace(SHORT, averaging_orders=0), {"own_ladder": (replace(ROW, deviation=D(-2)),)}, "own_ladder"),
        (PLAIN, {"volume_in": VolumeIn.BASE, "reinvest": D(1)}, "reinvest"),
        (PLAIN, {"volume_in": VolumeIn.PERCENT, "base_order": D(101)}, "base_order"),
        (PLAIN, {"reinvest": D("1.1")}, "reinvest"),
        (PLAIN, {"risk_reduction": D(2)}, "risk_reduction"),
        (PLAIN, {"active_orders": 201}, "active_orders"),
        (PLAIN, {"take_profit": D("-0.01")}, "take_profit"),
        (PLAIN, {"take_profit": None}, "take_profit"),
        (PLAIN, {"take_profit_steps": (STEP, FURTHER)}, "take_profit"),
        (PLAIN, {"take_profit": None, "take_profit_steps": (STEP,)}, "take_profit_steps"),
        (PLAIN, {"take_profit": None, "take_profit_steps": (FURTHER, STEP)}, "take_profit_steps"),
        (DCA(base_order=D(9), close_conditions=DIP), {"trailing": D("0.01")}, "trailing"),
        (PLAIN, {"close_profit": D("0.01")}, "close_profit"),
        (PLAIN, {"stop_loss": D(1)}, "stop_loss"),
        (PLAIN, {"stop_loss_timeout": 5}, "stop_loss_timeout"),
        (PLAIN, {"trailing_stop": True}, "trailing_stop"),
        (PLAIN, {"break_even_after": 1}, "break_even_after"),
        (PLAIN, {"deal_timeout": 0}, "deal_timeout"),
        (PLAIN, {"deals_at_once": 200}, "deals_at_once"),
        (PLAIN, {"cooldown": 2_592_001}, "cooldown"),
        (PLAIN, {"stop_after": 0}, "stop_after"),
        (PLAIN, {"lowest_price": D(10), "highest_price": D(9)}, "highest_price"),
        (PLAIN, {"least_volume": D(-1)}, "least_volume"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_setting_that_cannot_work_is_named_with_its_problem_and_remedy(bot, change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(bot, **change)
    (problem,) = refusal.value.problems
    assert problem.field == field
    assert problem.problem.endswith(".")
    assert problem.remedy.endswith(".")


@pytest.mark.parametrize(
    ("bot", "market", "field"),
    [
        (replace(PLAIN, base_order=D(4)), FREE, "base_order"),
        (replace(BOT, averaging_order=D(4)), FREE, "averaging_order"),
        (replace(PLAIN, own_ladder=(replace(ROW, size=D(4)),)), FREE, "own_ladder"),
        (replace(BOT, averaging_orders=9, step=D("0.001")), replace(FREE, max_orders=5), "averaging_orders"),
        (replace(PLAIN, take_profit=None, take_profit_steps=(STEP, FURTHER), base_order=D(9)), FREE, "share"),
        (replace(SHORT, take_profit=D(1)), FREE, "take_profit"),
        (replace(PLAIN, stop_loss=D("0.001"), stop_loss_from=Reckoned.TOTAL), FEES, "stop_loss"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_on_a_market_is_named_with_its_remedy(bot, market, field):
    problems = list(bot.problems(D(100), market))
    assert any(problem.field.endswith(field) for problem in problems)
    assert all(problem.problem.endswith(".") and problem.remedy.endswith(".") for problem in problems)


def test_a_refusal_is_a_sentence():
    (problem, *_) = replace(BOT, base_order=D(4)).problems(D(100), FREE)
    assert str(problem) == "base_order: 4 USDT is below the smallest order of BTC/USDT. Give at least 5 USDT."


def test_every_mistake_in_json_settings_is_told_at_once():
    with pytest.raises(SettingsRefused) as refusal:
        from_json("dca", {"base_order": "ten", "averaging_orders": 1.5, "size": 1, "step": "0.01"})
    assert {problem.field for problem in refusal.value.problems} == {"base_order", "averaging_orders", "size"}


def test_settings_that_do_not_fit_together_are_all_told():
    with pytest.raises(SettingsRefused) as refusal:
        from_json("dca", {"base_order": "10", "averaging_orders": 2, "trailing_stop": True})
    found = {problem.field for problem in refusal.value.problems}
    assert found == {"averaging_order", "step", "take_profit", "trailing_stop"}
