"""Settings that cannot work are refused with field, problem and remedy; those that hardly work are warned of."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies.grid import Beyond, Grid, ProfitIn, Spacing
from strategies.settings import SettingsRefused
from tests.strategies.grid.exchange import FIVE, MARKET
from tests.strategies.grid.settings import decimal


def refused(grid, market=MARKET, price=D(100)):
    return {problem.field for problem in grid.problems(price, market)}


def warned(grid, market=MARKET, price=D(100)):
    return {problem.field for problem in grid.warnings(price, market)}


def test_an_ordinary_grid_has_neither():
    assert (refused(FIVE), warned(FIVE)) == (set(), set())


# Traps


def test_a_spacing_below_two_fees_plus_a_tick_is_refused():
    """Lines at 100 and 100.22 leave 0.22: two fees of 0.1 % are 0.20044, and a tick 0.01."""
    market = replace(MARKET, lot_size=D("0.00000001"))
    wide = Grid(lower=D(100), upper=D("100.22"), lines=2, quote_a_line=D(100), spacing=Spacing.ARITHMETIC)
    assert refused(wide, market) == set()
    (problem,) = replace(wide, upper=D("100.21")).problems(D(100), market)
    assert str(problem) == (
        "lines: two of them are 0.21 apart, and two fees and a tick are 0.21042. Draw fewer lines, or a wider range."
    )


def test_max_num_orders_rejects_lines():
    assert refused(FIVE, replace(MARKET, max_orders=4)) == {"lines"}
    assert refused(replace(FIVE, active_lines=2), replace(MARKET, max_orders=4)) == set()
    assert refused(replace(FIVE, active_lines=3), replace(MARKET, max_orders=4)) == {"active_lines"}


def test_max_num_orders_counts_lines_of_an_expansion():
    wider = replace(FIVE, above=Beyond.EXPAND, highest=D(150))
    assert refused(wider, replace(MARKET, max_orders=12)) == {"lines"}
    assert refused(wider, replace(MARKET, max_orders=13)) == set()


def test_percent_price_by_side_rejects_deep_lines():
    """An exchange's factors are not known here; five times the price is a common one."""
    deep = Grid(lower=D(15), upper=D(110), lines=20, quote_a_line=D(100))
    assert warned(deep) == {"active_lines"}
    assert warned(replace(deep, active_lines=5)) == set()


def test_lines_below_the_minimum_notional_are_refused():
    assert refused(replace(FIVE, quote_a_line=D(4))) == {"quote_a_line"}


def test_lines_below_the_smallest_amount_are_refused():
    assert refused(replace(FIVE, quote_a_line=None, base_a_line=D("0.5")), replace(MARKET, min_amount=D(1))) == {
        "base_a_line"
    }


def test_ceil_lot_overspends_so_capital_counts_whole_lots():
    """Lots of a whole coin: 150 a line buys two coins at 90 and 95, and a commission on them takes a third."""
    market = replace(MARKET, lot_size=D(1), maker_fee=D(0), taker_fee=D(0))
    assert replace(FIVE, quote_a_line=D(150)).capital(D(111), market) == 2 * (90 + 95 + 100 + 105)


def test_fees_in_the_coin_that_take_a_whole_lot_are_refused():
    """Ten lots are bought and nine arrive whole: each turn would lose a tenth and win a twentieth."""
    market = replace(MARKET, lot_size=D("0.1"))
    grid = replace(FIVE, quote_a_line=None, base_a_line=D(1))
    (problem,) = grid.problems(D(100), market)
    assert problem.field == "base_a_line"
    assert "no more than 0.9 arrive in whole lots" in problem.problem


# Refusals


@given(quote=decimal("0.1", 40), lot=st.sampled_from(["0.0001", "0.01", "0.1", "1"]), least=st.sampled_from([0, 5, 10]))
def test_what_the_remedy_says_is_enough(quote, lot, least):
    market = replace(MARKET, lot_size=D(lot), min_notional=D(least))
    small = replace(FIVE, quote_a_line=quote)
    for _ in range(2):  # below the minimum first, then too few lots
        problems = list(small.problems(D(100), market))
        if not problems:
            break
        assert {problem.field for problem in problems} == {"quote_a_line"}
        needed = max(D(problem.remedy.removeprefix("Give at least ").removesuffix(".")) for problem in problems)
        assert needed > small.quote_a_line
        small = replace(small, quote_a_line=needed)
    assert not list(small.problems(D(100), market))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"upper": None}, "upper"),
        ({"lines": None}, "lines"),
        ({"quote_a_line": None}, "quote_a_line"),
        ({"base_a_line": D(1)}, "quote_a_line"),
        ({"take_profit_price": D(80)}, "take_profit_price"),
        ({"active_lines": 0}, "active_lines"),
        ({"coins_held": D(-1)}, "coins_held"),
        ({"step": D("0.01"), "lines": None, "spacing": Spacing.GEOMETRIC}, "upper"),
    ],
)
def test_what_the_settings_alone_rule_out_is_refused(settings, field):
    with pytest.raises(SettingsRefused) as why:
        replace(FIVE, **settings)
    assert [problem.field for problem in why.value.problems] == [field]


ENDLESS = {"lower": D(80), "step": D("0.02"), "quote_a_line": D(100)}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"spacing": Spacing.ARITHMETIC}, "spacing"),
        ({"above": Beyond.TRAIL}, "above"),
        ({"quote_a_line": None, "base_a_line": D(1)}, "base_a_line"),
    ],
)
def test_an_infinity_grid_refuses_what_needs_a_highest_line(settings, field):
    with pytest.raises(SettingsRefused) as why:
        Grid(**{**ENDLESS, **settings})
    assert [problem.field for problem in why.value.problems] == [field]


def test_an_infinity_grid_with_too_small_a_step_is_refused():
    assert refused(Grid(**{**ENDLESS, "step": D("0.002")})) == {"step"}


def test_an_infinity_grid_from_far_below_the_price_is_refused():
    assert refused(Grid(lower=D("0.01"), step=D("0.005"), quote_a_line=D(100))) == {"lower"}


# Warnings


def test_a_price_outside_of_the_range_is_warned_of():
    assert warned(FIVE, price=D(80)) == {"lower"}
    assert warned(FIVE, price=D(120)) == {"upper"}


def test_more_coins_than_the_lines_need_are_warned_of():
    assert warned(replace(FIVE, coins_held=D(5))) == {"coins_held"}


def test_a_stop_that_does_not_trail_is_warned_of():
    assert "stop_below" in warned(replace(FIVE, above=Beyond.TRAIL, highest=D(150), stop_below=D(80)))


def test_a_profit_in_base_below_a_lot_is_warned_of():
    grid = replace(FIVE, profit_in=ProfitIn.BASE)
    assert warned(grid) == set()
    assert warned(
        replace(grid, quote_a_line=D(20), lower=D(100), upper=D(104)), replace(MARKET, lot_size=D("0.001"))
    ) == {"profit_in"}


# What it may send


@given(width=decimal("0.05", "0.4"), lines=st.integers(2, 10), coins=decimal(0, 20), price=decimal(70, 130))
def test_the_largest_order_covers_selling_everything_at_any_line(width, lines, coins, price):
    grid = Grid(lower=100 * (1 - width), upper=100 * (1 + width), lines=lines, quote_a_line=D(100), coins_held=coins)
    assume(not refused(grid, price=price))
    plan = grid.plan(price, MARKET)
    idle = max(coins - plan.needed, 0)
    for line in range(lines - 1):
        held = sum(plan.cell(number).buy_amount for number in range(line, lines - 1))
        assert grid.largest_order(price, MARKET) >= (held + idle) * plan.line(line + 1)
