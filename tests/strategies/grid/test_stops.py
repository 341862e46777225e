"""How a grid ends by itself."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.deal import Ending
from strategies.events import CancelDeal, Crossing
from strategies.grid import StopAction
from strategies.orders import Side
from strategies.settings import SettingsRefused
from tests.strategies.grid.exchange import FIVE, MARKET, Desk

BOTH = replace(FIVE, stop_below=D(85), stop_above=D(115))


def desk(**settings):
    opened = Desk(replace(BOTH, **settings), "100")
    opened.start()
    return opened


def test_it_waits_for_both_stops():
    levels = [(watch.crossing, watch.price) for watch in BOTH.watches(desk().deal)]
    assert levels == [(Crossing.BELOW, 85), (Crossing.ABOVE, 115)]


def test_nothing_happens_between_the_stops():
    grid = desk()
    for price in ("85.01", "114.99"):
        grid.move(price)
        assert grid.deal.ending is None


def test_stop_cancels_all_orders_and_keeps_the_coins():
    grid = desk(stop_below_action=StopAction.STOP)
    held = grid.deal.held
    grid.move("85")
    assert grid.wanted == []
    assert grid.grid.finished(grid.deal, D(85))
    assert (grid.deal.ending, grid.deal.held) == (Ending.CANCELLED, held)


def test_sell_sells_all_coins_at_market():
    grid = desk(stop_below_action=StopAction.SELL, coins_held=D(7))
    grid.move("85")
    (order,) = grid.wanted
    assert (order.side, order.price, order.amount) == (Side.SELL, None, MARKET.amount_down(grid.deal.held))
    assert order.amount >= 7
    assert grid.deal.ending is Ending.STOP_LOSS


def test_close_sells_what_the_grid_bought_and_keeps_the_owners_coins():
    grid = desk(stop_below_action=StopAction.CLOSE, coins_held=D(1))
    grid.move("85")
    (order,) = grid.wanted
    grid.fill(order.name, order.amount, "85")
    assert grid.grid.finished(grid.deal, D(85))
    assert D(1) <= grid.deal.held < D(1) + MARKET.lot_size


def test_close_buys_back_what_it_sold_of_the_owners_coins():
    grid = desk(stop_above_action=StopAction.CLOSE, coins_held=D(5))
    for name in ("sell-2", "sell-3"):
        grid.fill(name, grid.missing(name), grid.order(name).price)
    assert grid.deal.held < D("3.1")
    grid.move("115")
    (order,) = grid.wanted
    assert (order.side, order.price) == (Side.BUY, None)
    grid.fill(order.name, order.amount, "115")
    assert grid.grid.finished(grid.deal, D(115))
    assert D(5) <= grid.deal.held < D(5) + 2 * MARKET.lot_size


def test_close_without_coins_of_the_owner_is_a_sale():
    grid = desk(stop_below_action=StopAction.CLOSE)
    grid.move("85")
    assert [(order.side, order.amount) for order in grid.wanted] == [(Side.SELL, MARKET.amount_down(grid.deal.held))]


def test_buy_turns_the_quote_into_coins():
    grid = desk(stop_above_action=StopAction.BUY)
    for name in ("sell-2", "sell-3"):
        grid.fill(name, grid.missing(name), grid.order(name).price)
    grid.move("115")
    (order,) = grid.wanted
    assert (order.side, order.price) == (Side.BUY, None)
    grid.fill(order.name, order.amount, "115.5")  # half a percent worse
    assert grid.grid.finished(grid.deal, D("115.5"))
    capital = grid.grid.capital(D(100), MARKET)
    spent = grid.deal.tally.cost - grid.deal.tally.proceeds
    assert capital * D("0.99") < spent <= capital


def test_what_a_stop_still_buys_can_be_cancelled():
    grid = desk(stop_above_action=StopAction.BUY)
    grid.move("115")
    grid.grid.on_event(grid.deal, CancelDeal())
    assert grid.wanted == []


def test_the_first_stop_stands():
    grid = desk(stop_below_action=StopAction.STOP)
    grid.move("85")
    grid.move("115")
    assert grid.deal.state.stopped is Crossing.BELOW


def test_a_purchase_below_the_grid_is_refused():
    with pytest.raises(SettingsRefused, match="stop_below_action: it would buy what falls"):
        replace(BOTH, stop_below_action=StopAction.BUY)


@pytest.mark.parametrize(("setting", "price"), [("stop_below", "90"), ("stop_above", "110")])
def test_a_stop_within_the_grid_is_refused(setting, price):
    with pytest.raises(SettingsRefused, match=f"{setting}: {price} lies within the grid"):
        replace(BOTH, **{setting: D(price)})


def test_a_stop_that_is_reached_at_the_start_is_refused():
    assert [problem.field for problem in BOTH.problems(D(84), MARKET)] == ["stop_below"]
    assert [problem.field for problem in BOTH.problems(D(116), MARKET)] == ["stop_above"]


# Take profit


def test_a_take_profit_price_sells_everything_and_ends():
    grid = Desk(replace(FIVE, take_profit_price=D(112)), "100")
    grid.start()
    grid.move("112")
    assert grid.deal.ending is Ending.TAKE_PROFIT
    assert [order.name for order in grid.wanted] == ["close"]


def test_a_take_profit_is_a_fraction_of_what_was_put_in_after_all_fees():
    """The 5 % are there, to a tick, when everything is sold at the price that the grid waits for."""
    grid = Desk(replace(FIVE, take_profit=D("0.05")), "100")
    grid.start()
    grid.fill("sell-2", grid.missing("sell-2"), "105")
    (watch,) = grid.grid.watches(grid.deal)
    grid.move(watch.price - MARKET.tick_size)
    assert grid.deal.ending is None
    grid.move(watch.price)
    assert grid.deal.ending is Ending.TAKE_PROFIT
    grid.fill("close", grid.missing("close"), watch.price)
    invested = grid.grid.capital(D(100), MARKET)
    profit = grid.deal.tally.proceeds - grid.deal.tally.cost
    assert abs(profit / invested - D("0.05")) < D("0.0001")


def test_a_take_profit_counts_coins_given_at_what_they_were_worth():
    grid = Desk(replace(FIVE, take_profit=D("0.05"), coins_held=D(10)), "100")
    grid.fill("buy-1", grid.missing("buy-1"), "95")
    (watch,) = grid.grid.watches(grid.deal)
    invested = grid.grid.capital(D(100), MARKET) + 1000
    worth = grid.deal.held * watch.price * (1 - MARKET.taker_fee)
    assert abs(worth - 1000 - grid.deal.tally.cost - invested * D("0.05")) < 1


def test_a_take_profit_price_beyond_the_stop_is_refused():
    with pytest.raises(SettingsRefused, match="take_profit_price: the stop above ends the grid first"):
        replace(BOTH, take_profit_price=D(116))


def test_a_take_profit_within_the_grid_is_warned_of():
    grid = replace(FIVE, take_profit_price=D(108))
    assert [warning.field for warning in grid.warnings(D(100), MARKET)] == ["take_profit_price"]


def test_a_grid_that_ended_waits_for_nothing():
    grid = desk()
    grid.move("85")
    assert list(grid.grid.watches(grid.deal)) == []
