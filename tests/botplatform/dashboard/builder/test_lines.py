"""A line lies where its settings put it, and dragging it puts it where it was dragged to."""

from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from botplatform.dashboard.builder.lines import dragged, lines
from botplatform.dashboard.builder.outlook import outlook
from botplatform.dashboard.builder.typed import read, texts
from strategies import kinds
from strategies.market import Market
from strategies.settings import SettingsRefused

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
PRICE = D(60000)
BOTS = {
    "long": ("dca", {"base_order": "50", "averaging_order": "50", "averaging_orders": 5, "step": "0.02"}),
    "scaled": (
        "dca",
        {"base_order": "50", "averaging_order": "50", "averaging_orders": 5, "step": "0.01", "step_scale": "1.4"},
    ),
    "short": (
        "dca",
        {
            "direction": "short",
            "base_order": "50",
            "averaging_order": "50",
            "averaging_orders": 4,
            "step": "0.02",
        },
    ),
    "own": ("dca", {"base_order": "50", "own_ladder": [{"deviation": "0.02", "size": "50"}]}),
    "chain": (
        "dca",
        {
            "base_order": "50",
            "averaging_order": "50",
            "averaging_orders": 3,
            "step": "0.02",
            "step_from": "last executed",
        },
    ),
    "grid": ("grid", {"lower": "50000", "upper": "70000", "lines": 10, "quote_a_line": "90"}),
    "smart": (
        "smart",
        {"quote_amount": "100", "take_profit": [{"profit": "0.05", "share": "1"}], "stop_loss": {"loss": "0.05"}},
    ),
    "smart prices": (
        "smart",
        {
            "entry": "limit",
            "price": "59000",
            "quote_amount": "100",
            "take_profit": [{"price": "66000", "share": "1"}],
            "stop_loss": {"price": "55000"},
        },
    ),
    "signal": (
        "signal",
        {"order_amount": "100", "max_position": "200", "take_profit": [{"profit": "0.05", "share": "1"}]},
    ),
    "recurring": ("recurring", {"quote": "100", "below": "0.02", "highest_price": "70000"}),
    "twap": ("twap", {"quote": "1000", "slices": 10, "duration": 3600, "worst_price": "61000"}),
}
ENDS = {"take_profit": "0.015", "stop_loss": "0.3"}


def made(name):
    kind, settings = BOTS[name]
    return kind, {**settings, **(ENDS if kind == "dca" else {})}


def drawn(kind, settings):
    strategy = kinds.from_json(kind, settings)
    out = outlook(strategy, MARKET, PRICE)
    return strategy, out, {line.handle: line.price for line in lines(strategy, out) if line.handle}


HANDLES = [(name, handle) for name in BOTS for handle in drawn(*made(name))[2]]


@pytest.mark.parametrize(("name", "handle"), HANDLES)
@given(moved=st.decimals("-0.04", "0.04", places=4))
def test_a_line_lies_where_it_was_dragged_to(name, handle, moved):
    kind, settings = made(name)
    strategy, out, before = drawn(kind, settings)
    wanted = MARKET.price_down(before[handle] * (1 + moved))
    typed = dict(texts(kinds.KINDS[kind], settings)) | dict(dragged(strategy, out, handle, wanted))
    try:
        after = drawn(kind, read(kinds.KINDS[kind], typed))[2]
    except SettingsRefused:
        assume(False)  # dragged to where no such bot can be: the field says so
    assume(handle in after)
    # A percentage is typed to a thousandth; a target on the wrong side of the price stays at its least.
    assume(abs(wanted / before[handle] - 1) > 0)
    least = "0.001" in typed.values()
    assert least or abs(after[handle] / wanted - 1) < D("0.00012")


def test_dragging_a_rung_moves_the_whole_ladder_and_nothing_else():
    kind, settings = made("scaled")
    strategy, out, before = drawn(kind, settings)
    typed = dict(dragged(strategy, out, "rung.3", before["rung.3"] * D("0.98")))
    assert list(typed) == ["step"]


def test_a_line_without_a_handle_stays():
    kind, settings = made("grid")
    strategy, out, _ = drawn(kind, settings)
    assert dragged(strategy, out, "", D(1)) == {}


def test_the_ladder_is_drawn_where_the_orders_will_be():
    kind, settings = made("long")
    _strategy, out, before = drawn(kind, settings)
    orders = {order.name: order.price for order in out.then}
    assert before["rung.2"] == orders["averaging-2"]
    assert before["take_profit"] == orders["take-profit"]
