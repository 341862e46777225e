"""What is typed becomes settings exactly, and settings become what is typed."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botplatform.dashboard.builder.sections import KINDS, NOT_ASKED
from botplatform.dashboard.builder.typed import new_row, read, texts
from strategies import kinds
from strategies.settings import SettingsRefused

RICH = {
    "dca": {
        "base_order": "50",
        "averaging_order": "50",
        "averaging_orders": 3,
        "step": "0.0123",
        "take_profit_steps": [{"profit": "0.01", "share": "0.5"}, {"profit": "0.02", "share": "0.5"}],
        "start_conditions": [
            {"kind": "rsi", "interval": 15, "relation": "below", "period": 7, "level": "30"},
            {"kind": "signal", "lasts": 5},
        ],
        "stop_loss": "0.2",
        "trailing_stop": True,
        "blacklist": ["DOGE/USDT", "XRP/USDT"],
    },
    "grid": {"lower": "50000", "upper": "70000", "lines": 20, "quote_a_line": "90", "above": "trail"},
    "smart": {
        "quote_amount": "100",
        "take_profit": [{"price": "66000", "share": "1"}],
        "stop_loss": {"loss": "0.05", "trailing": True},
    },
    "signal": {"order_amount": "50", "max_position": "100", "max_lag": 60},
    "recurring": {"quote": "50", "every": "month", "day": 3},
    "rebalance": {"coins": [{"symbol": "BTC/USDT", "weight": "0.4", "held": "1"}], "cash": "10", "every": 60},
    "twap": {"quote": "500", "slices": 24, "duration": 86400, "missed": "catch up"},
}


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_setting_stands_in_one_section(kind):
    shown = [name for section in KINDS[kind].sections for name in section.settings]
    asked = {field.name for field in kinds.settings_of(kind)} - NOT_ASKED.get(kind, frozenset())
    assert sorted(shown) == sorted(asked)


@pytest.mark.parametrize("kind", RICH)
def test_settings_come_back_from_the_form_as_they_went_in(kind):
    strategy = kinds.from_json(kind, RICH[kind])
    typed = dict(texts(kinds.KINDS[kind], kinds.to_json(strategy)))
    assert kinds.from_json(kind, read(kinds.KINDS[kind], typed)) == strategy


@given(st.decimals("0.0001", "99", places=6))
def test_a_percentage_is_kept_as_the_exact_fraction(percent):
    values = read(kinds.KINDS["dca"], {"base_order": "50", "take_profit": f"{percent}"})
    assert D(values["take_profit"]) == percent / 100


def test_what_stands_at_its_default_is_not_kept():
    assert read(kinds.KINDS["dca"], {"base_order": "50", "step_scale": "1.0", "direction": "long"}) == {
        "base_order": "50"
    }


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("step", "150", "150 is too large. Give at most 99."),
        ("step", "0", "0 is too small. Give more than 0."),
        ("base_order", "1,000", "“1,000” is not a number. Write it like 1000 or 0.5."),
        ("base_order", "nan", "“nan” is not a number."),
        ("averaging_orders", "2.5", "2.5 is not a whole number. Give a whole one."),
        ("base_order", "9" * 30, "Give at most 24 characters."),
        ("own_ladder.0.deviation", "x", "“x” is not a number."),
        ("start_conditions.0.level", "200", "200 is too large. Give at most 100."),
    ],
)
def test_a_mistake_is_named_where_it_was_typed_in_the_unit_in_which_it_was(path, text, words):
    typed = {"base_order": "50", "start_conditions.0.kind": "rsi", "own_ladder.0.size": "5", path: text}
    with pytest.raises(SettingsRefused) as refused:
        read(kinds.KINDS["dca"], typed)
    (problem,) = (each for each in refused.value.problems if each.field == path)
    assert words in f"{problem.problem} {problem.remedy}"


def test_a_row_that_is_added_stands_behind_the_others_with_its_defaults():
    typed = {"take_profit.0.profit": "3", "take_profit.4.profit": "5"}
    assert new_row(kinds.KINDS["smart"], "take_profit", typed)["take_profit.5.share"] == "100"


def test_a_condition_that_is_added_can_be_used_once_its_level_is_given():
    row = new_row(kinds.KINDS["dca"], "start_conditions", {}, "rsi")
    values = read(kinds.KINDS["dca"], {"base_order": "50", **row, "start_conditions.0.level": "30"})
    assert kinds.from_json("dca", {**values, "take_profit": "0.01"}).start_conditions


def test_a_part_that_is_switched_on_has_its_defaults():
    row = new_row(kinds.KINDS["smart"], "stop_loss", {})
    assert row["stop_loss"] == "on"
    assert row["stop_loss.order"] == "market"


def test_digits_of_another_script_become_plain_ones():
    assert read(kinds.KINDS["dca"], {"base_order": "\N{ARABIC-INDIC DIGIT FIVE}"})["base_order"] == "5"
