"""Settings of every sort, for tests that draw them."""

from decimal import Decimal as D

from hypothesis import assume
from hypothesis import strategies as st

from strategies.conditions import Conditions, Price, Relation
from strategies.dca import DCA, Direction, From, Reckoned, RungSetting, StepSetting, VolumeIn
from strategies.orders import OrderType
from strategies.settings import SettingsRefused


def number(low, high, places):
    return st.decimals(low, high, places=places)


def maybe(strategy):
    return st.none() | strategy


SIZES = {
    "direction": st.sampled_from(Direction),
    "base_order": number(40, 500, 1),
    "averaging_order": number(40, 500, 1),
    "averaging_orders": st.integers(0, 6),
    "step": number("0.002", "0.03", 4),
    "step_scale": number("0.8", "1.5", 2),
    "volume_scale": number("0.8", 2, 2),
}
PROFIT = {"take_profit": number("0.002", "0.05", 4)}
STOPS = {
    "stop_loss": maybe(number("0.01", "0.3", 3)),
    "stop_loss_from": st.sampled_from(Reckoned),
    "stop_loss_timeout": st.sampled_from([0, 0, 1, 90, 600]),
    "trailing_stop": st.booleans(),
    "deal_timeout": maybe(st.sampled_from([1, 60, 1000, 10_000])),
}
LADDERS = {
    "step_from": st.sampled_from(From),
    "active_orders": maybe(st.integers(0, 3)),
    "base_order_type": st.sampled_from(OrderType),
}
WAITING = {"cooldown": st.sampled_from([0, 30, 60, 600]), "stop_after": maybe(st.integers(1, 5))}
REINVESTED = {"reinvest": number(0, 1, 2), "risk_reduction": number(0, 1, 2)}

conditions = st.builds(
    lambda relation, level: Conditions((Price(interval=1, relation=relation, level=level),)),
    st.sampled_from(Relation),
    number(92, 108, 1),
)
CONDITIONS = {
    "start_conditions": maybe(conditions),
    "averaging_conditions": maybe(conditions),
    "close_conditions": maybe(conditions),
    "close_profit": maybe(number("-0.02", "0.03", 3)),
}
LIMITS = {"lowest_price": maybe(number(90, 100, 2)), "highest_price": maybe(number(100, 110, 2))}


@st.composite
def stepped(draw):
    """A take profit of two to four steps, with what goes with it."""
    count = draw(st.integers(2, 4))
    shares = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    profits = sorted(draw(st.lists(st.integers(2, 60), min_size=count, max_size=count, unique=True)))
    cents = [D(share * 100 // sum(shares)) / 100 for share in shares[:-1]]
    cents.append(1 - sum(cents))
    return {
        "take_profit": None,
        "take_profit_steps": tuple(
            StepSetting(profit=D(profit) / 1000, share=share) for profit, share in zip(profits, cents, strict=True)
        ),
        "trailing": draw(maybe(number("0.001", "0.03", 3))),
        "break_even_after": draw(maybe(st.integers(1, count - 1))),
        "take_profit_from": draw(st.sampled_from(Reckoned)),
    }


@st.composite
def own_ladders(draw):
    """A ladder of one's own, also beyond the base price."""
    far = sorted(draw(st.lists(st.integers(-60, 120), min_size=1, max_size=6)))
    rows = (RungSetting(deviation=D(each) / 1000, size=draw(number(40, 500, 1))) for each in far)
    return {"own_ladder": tuple(rows), "averaging_orders": 0, "step_from": From.BASE}


IN_COINS = st.fixed_dictionaries(
    {
        "volume_in": st.just(VolumeIn.BASE),
        "base_order": number("0.7", 3, 3),
        "averaging_order": number("0.7", 3, 3),
        "reinvest": st.just(D(0)),
        "risk_reduction": st.just(D(0)),
    }
)
IN_PERCENT = st.fixed_dictionaries(
    {"volume_in": st.just(VolumeIn.PERCENT), "base_order": number(1, 9, 1), "averaging_order": number(1, 9, 1)}
)
TRAILING = st.fixed_dictionaries({"trailing": number("0.001", "0.03", 3)})
TOTAL_OR_BASE = st.fixed_dictionaries({"take_profit_from": st.sampled_from(Reckoned)})


@st.composite
def bots(draw, *groups, more=()):
    """A bot with settings drawn from these groups, and from one or none of `more`, each a strategy for a dict."""
    settings = {}
    for group in (SIZES, PROFIT, *groups):
        settings |= draw(st.fixed_dictionaries(group))
    for each in more:
        settings |= draw(each)
    if settings.get("stop_loss") is None:
        settings |= {"stop_loss_timeout": 0, "trailing_stop": False}
    if settings.get("close_conditions") is None:
        settings |= {"close_profit": None}
    try:
        return DCA(**settings)
    except SettingsRefused:
        assume(False)


def optional(strategy):
    """What it says, or nothing."""
    return st.just({}) | strategy
