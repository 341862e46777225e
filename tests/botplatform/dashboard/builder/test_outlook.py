"""What a bot would do if it started now."""

from decimal import Decimal as D

import pytest

from botplatform.dashboard.builder import tables
from botplatform.dashboard.builder.outlook import outlook, worst
from strategies import kinds
from strategies.market import Market

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
PRICE = D(60000)
DCA = {"base_order": "50", "averaging_order": "50", "averaging_orders": 5, "step": "0.02", "take_profit": "0.015"}


def loss(kind, settings):
    strategy = kinds.from_json(kind, settings)
    return worst(strategy, MARKET, PRICE, strategy.capital(PRICE, MARKET))


def test_the_plan_has_the_base_order_now_and_ladder_and_exit_once_it_has_filled():
    out = outlook(kinds.from_json("dca", DCA), MARKET, PRICE)
    assert [order.name for order in out.now] == ["base"]
    assert [order.name for order in out.then] == [*(f"averaging-{n}" for n in range(1, 6)), "take-profit"]


def test_a_grid_buys_its_coins_first():
    grid = kinds.from_json("grid", {"lower": "50000", "upper": "70000", "lines": 10, "quote_a_line": "90"})
    out = outlook(grid, MARKET, PRICE)
    assert [order.name for order in out.now] == ["start"]
    assert {order.side.value for order in out.then} == {"buy", "sell"}


def test_without_a_stop_everything_can_be_lost():
    found = loss("dca", DCA)
    assert not found.ends
    assert D("0.99") < found.share < 1


def test_a_stop_loss_bounds_the_loss_to_the_whole_ladder_sold_there():
    found = loss("dca", {**DCA, "stop_loss": "0.2"})
    assert found.ends
    assert D("0.15") < found.share < D("0.17")


def test_a_stop_above_the_ladder_costs_less_than_one_below():
    assert loss("dca", {**DCA, "stop_loss": "0.03"}).loss < loss("dca", {**DCA, "stop_loss": "0.2"}).loss


def test_a_short_loses_when_the_price_rises():
    found = loss("dca", {**DCA, "direction": "short", "stop_loss": "0.2"})
    assert found.rises
    assert found.ends


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("recurring", {"quote": "100"}),
        ("twap", {"quote": "1000", "slices": 10, "duration": 3600}),
        ("signal", {"order_amount": "100", "max_position": "200"}),
    ],
)
def test_what_only_buys_can_lose_all_of_it(kind, given):
    assert loss(kind, given).share == 1


def test_the_ladder_says_what_each_order_costs_and_how_far_the_price_has_to_come_back():
    strategy = kinds.from_json("dca", DCA)
    rows = tables.ladder(strategy, outlook(strategy, MARKET, PRICE))
    assert rows[-1].cost == strategy.capital(PRICE, MARKET)
    assert rows[-1].average < rows[0].average
    assert rows[0].rebound < rows[-1].rebound
    assert rows[-1].target == (rows[-1].price * (1 + rows[-1].rebound)).quantize(D("0.01"))


def test_an_order_below_the_smallest_is_red_with_its_reason():
    strategy = kinds.from_json("dca", {**DCA, "volume_scale": "0.1"})
    reasons = [row.reason for row in tables.ladder(strategy, outlook(strategy, MARKET, PRICE))]
    assert reasons[1] == ""
    assert "below the smallest order, 5" in reasons[3]


def test_a_grid_line_whose_fees_eat_it_says_so():
    grid = kinds.from_json("grid", {"lower": "59900", "upper": "60100", "lines": 10, "quote_a_line": "900"})
    rows = tables.grid(grid, outlook(grid, MARKET, PRICE))
    assert all("two fees and a tick" in row.reason for row in rows)


def test_the_highest_line_of_a_grid_comes_first():
    grid = kinds.from_json("grid", {"lower": "50000", "upper": "70000", "lines": 10, "quote_a_line": "90"})
    rows = tables.grid(grid, outlook(grid, MARKET, PRICE))
    assert [row.sell for row in rows] == sorted((row.sell for row in rows), reverse=True)
