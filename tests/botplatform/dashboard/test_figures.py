"""Numbers as people read them."""

from decimal import Decimal as D

import pytest

from botplatform.dashboard import figures
from botplatform.dashboard.figures import MINUS, UNKNOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"), ("12.3456", "12.35"), ("1234567.891", "1,234,567.89"), ("0.1834", "0.1834"),
        ("0.00012345", "0.0001234"), ("-0.5", MINUS + "0.5000"), ("0.0000000001", "0.00000000"), ("0.99999", "1.0000"),
    ],
)  # fmt: skip
def test_money_has_two_places_or_four_digits(value, text):
    assert figures.money(D(value)) == text


@pytest.mark.parametrize(
    ("value", "text"), [("1", "+1.00"), ("-1", MINUS + "1.00"), ("0", "0.00"), ("0.0000000001", "0.00000000")]
)
def test_gains_carry_their_sign_and_nothing_has_none(value, text):
    assert figures.gain(D(value)) == text


def test_prices_stand_on_ticks_and_amounts_are_never_rounded_up():
    assert figures.price(D("60123.4"), D("0.01")) == "60,123.40"
    assert figures.amount(D("0.00083999"), D("0.00001")) == "0.00083"
    assert figures.price(D(1234), D(10)) == "1,234"


def test_what_is_not_known_is_a_dash():
    assert figures.price(None, D("0.01")) == figures.money(None) == figures.percent(None) == UNKNOWN


def test_fractions_are_shown_in_percent():
    assert figures.percent(D("0.0077")) == "+0.77 %"
    assert figures.percent(D("-0.012")) == MINUS + "1.20 %"
