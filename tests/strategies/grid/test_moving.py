"""Trailing and expansion: the whole grid follows the price, or grows towards it."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.events import Crossing
from strategies.grid import Beyond, GridState
from strategies.kinds import state_from_text, state_to_text
from strategies.orders import Side
from strategies.settings import SettingsRefused
from tests.strategies.grid.exchange import FIVE, MARKET, Desk

UP = replace(FIVE, above=Beyond.TRAIL)
DOWN = replace(FIVE, below=Beyond.TRAIL, lowest=D(75))
WIDER = replace(FIVE, above=Beyond.EXPAND, highest=D(120), below=Beyond.EXPAND, lowest=D(80))


def names(desk):
    return sorted(order.name for order in desk.wanted)


def sold_out(grid):
    desk = Desk(grid, "100")
    desk.start()
    for name in ("sell-2", "sell-3"):
        desk.fill(name, desk.missing(name), desk.order(name).price)
    return desk


def bought_out(grid):
    desk = Desk(grid, "100")
    desk.start()
    for name in ("buy-1", "buy-0"):
        desk.fill(name, desk.missing(name), desk.order(name).price)
    return desk


# Trailing up


def test_one_step_above_the_highest_line_the_grid_moves_up_by_one_line():
    desk = sold_out(UP)
    desk.move("114.99")
    assert names(desk) == ["buy-0", "buy-1", "buy-2", "buy-3"]
    desk.move("115")
    assert names(desk) == ["buy-1", "buy-2", "buy-3", "buy-4"]
    assert desk.order("buy-4").price == 110


def test_trailing_up_spends_no_more_than_the_dropped_line_would_have():
    desk = sold_out(UP)
    dropped = desk.order("buy-0")
    spent = desk.missing("buy-0") * dropped.price
    desk.move("115")
    added = desk.order("buy-4")
    assert spent - added.price * MARKET.lot_size < added.amount * added.price <= spent


def test_a_jump_moves_it_by_as_many_lines():
    desk = sold_out(UP)
    desk.move("131")
    assert names(desk) == ["buy-4", "buy-5", "buy-6", "buy-7"]
    assert [watch.price for watch in UP.watches(desk.deal)] == [135]


def test_it_does_not_move_up_while_the_lowest_line_holds_coins():
    desk = sold_out(UP)
    desk.fill("buy-0", D("0.5"), "90")
    desk.move("115")
    assert "buy-0" in names(desk)
    assert list(UP.watches(desk.deal)) == []


def test_it_trails_up_to_the_highest_price_that_is_set():
    desk = sold_out(replace(UP, highest=D(120)))
    desk.move("200")
    assert max(order.price for order in desk.wanted) == 115
    assert desk.deal.state == GridState(first=2, end=6)


def test_coming_back_the_moved_grid_turns_at_its_new_lines():
    desk = sold_out(UP)
    desk.move("115")
    desk.fill("buy-4", desk.missing("buy-4"), "110")
    assert (desk.order("sell-4").side, desk.order("sell-4").price) == (Side.SELL, 115)


def test_trailing_up_with_a_quote_size_falls_under_the_minimum():
    """A quote a line buys ever fewer coins. The grid trails as far as its orders are accepted, and no further."""
    market = replace(MARKET, min_amount=D("0.8"))
    desk = Desk(UP, "111", market)
    desk.move("1000")
    placed = [order for order in desk.wanted if order.name not in {"buy-0", "buy-1", "buy-2", "buy-3"}]
    assert placed
    assert all(market.accepts(order.amount, order.price) for order in placed)
    assert max(order.price for order in desk.wanted) < 125
    assert [warning.field for warning in UP.warnings(D(100), market)] == ["above"]
    limited = replace(UP, highest=D(200))
    (problem,) = limited.problems(D(100), market)
    assert problem.field == "highest"
    assert "falls under the smallest order" in problem.problem
    (problem,) = replace(UP, quote_a_line=D(87)).problems(D(100), market)  # not even one line can be added
    assert problem.field == "above"


def test_coins_of_a_line_whose_cancel_came_too_late_are_sold_and_its_quote_is_not_spent_twice():
    desk = sold_out(UP)
    late = desk.order("buy-0")
    desk.move("115")
    assert "buy-4" in names(desk)
    desk.record(late, desk.grid.plan(D(100), MARKET).cell(0).buy_amount)
    assert names(desk) == ["buy-1", "buy-2", "buy-3", "sell-0"]
    desk.fill("sell-0", desk.missing("sell-0"), "115")
    assert names(desk) == ["buy-1", "buy-2", "buy-3", "buy-4"]


# Trailing down


def test_one_step_below_the_lowest_line_the_grid_moves_down_by_one_line():
    desk = bought_out(DOWN)
    desk.move("85.01")
    assert names(desk) == ["sell-0", "sell-1", "sell-2", "sell-3"]
    desk.move("85")
    assert names(desk) == ["buy-below-1", "sell-0", "sell-1", "sell-2"]
    assert desk.order("buy-below-1").price == 85


def test_coins_of_a_dropped_line_stay_with_the_grid():
    desk = bought_out(DOWN)
    held = desk.deal.held
    desk.move("85")
    assert desk.deal.held == held
    assert sum(order.amount for order in desk.wanted if order.side is Side.SELL) < held - D("0.9")


def test_trailing_down_ends_at_the_lowest_price_that_is_set():
    desk = bought_out(DOWN)
    desk.move("10")
    assert min(order.price for order in desk.wanted) == 75
    assert list(DOWN.watches(desk.deal)) == []


def test_coming_back_up_a_grid_that_trails_both_ways_sells_the_dropped_lines_coins():
    both = replace(UP, below=Beyond.TRAIL, lowest=D(75), highest=D(130))
    desk = bought_out(both)
    desk.move("85")
    assert "sell-3" not in names(desk)
    desk.fill("sell-0", desk.missing("sell-0"), "95")
    desk.fill("sell-1", desk.missing("sell-1"), "100")
    desk.fill("sell-2", desk.missing("sell-2"), "105")
    desk.move("110")
    assert "sell-3" in names(desk)


def test_lines_below_ask_for_their_quote_at_the_start():
    more = DOWN.capital(D(100), MARKET) - FIVE.capital(D(100), MARKET)
    assert 300 < more < 301  # three lines: 85, 80, 75


# Expansion


def test_expansion_adds_lines_and_drops_none():
    desk = sold_out(WIDER)
    desk.move("115")
    assert names(desk) == ["buy-0", "buy-1", "buy-2", "buy-3", "buy-4"]
    desk.move("300")
    assert names(desk) == ["buy-0", "buy-1", "buy-2", "buy-3", "buy-4", "buy-5"]


def test_expansion_below_adds_buys_down_to_the_limit():
    desk = bought_out(WIDER)
    desk.move("10")
    assert {order.price for order in desk.wanted if order.side is Side.BUY} == {85, 80}


def test_expansion_asks_for_its_quote_at_the_start():
    more = WIDER.capital(D(100), MARKET) - FIVE.capital(D(100), MARKET)
    assert 400 < more < 401  # two lines on either side


# Both


def test_it_waits_for_the_price_one_step_beyond_each_end():
    levels = {(watch.crossing, watch.price) for watch in WIDER.watches(sold_out(WIDER).deal)}
    assert levels == {(Crossing.ABOVE, 115), (Crossing.BELOW, 85)}


def test_told_the_same_price_again_it_stays():
    desk = sold_out(UP)
    desk.move("121")
    before = desk.deal.state
    desk.move("121")
    assert desk.deal.state == before


def test_where_it_stands_survives_the_way_through_text():
    desk = sold_out(UP)
    desk.move("115")
    assert state_from_text(UP, state_to_text(desk.deal.state)) == desk.deal.state


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"below": Beyond.TRAIL}, "lowest"),
        ({"below": Beyond.EXPAND}, "lowest"),
        ({"above": Beyond.EXPAND}, "highest"),
        ({"above": Beyond.TRAIL, "below": Beyond.TRAIL, "lowest": D(80)}, "highest"),
        ({"above": Beyond.TRAIL, "highest": D(110)}, "highest"),
        ({"below": Beyond.TRAIL, "lowest": D(90)}, "lowest"),
        ({"highest": D(120)}, "highest"),
        ({"lowest": D(80)}, "lowest"),
        ({"above": Beyond.TRAIL, "highest": D(130), "stop_above": D(120)}, "stop_above"),
        ({"below": Beyond.TRAIL, "lowest": D(70), "stop_below": D(80)}, "stop_below"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(settings, field):
    with pytest.raises(SettingsRefused) as refused:
        replace(FIVE, **settings)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_limit_that_leaves_no_room_for_a_line_is_refused_for_that_market():
    grid = replace(FIVE, above=Beyond.TRAIL, highest=D(112))
    (problem,) = grid.problems(D(100), MARKET)
    assert (problem.field, problem.remedy) == ("highest", "Give 115.00 or a price beyond it.")
