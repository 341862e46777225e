"""What a grid wants, buys, sells and keeps."""

from decimal import Decimal as D

import pytest

from strategies.deal import Carried, Ending
from strategies.events import CancelDeal, CloseAtMarket
from strategies.grid import Grid, ProfitIn, Spacing
from strategies.kinds import from_json, to_json
from strategies.opening import ONCE
from strategies.orders import Side
from strategies.settings import SettingsRefused
from tests.strategies.grid.exchange import FIVE, MARKET, Desk, prices


def of(orders, side):
    return [order for order in orders if order.side is side]


# Lines


def test_arithmetic_lines_lie_at_equal_distances():
    lines = prices(Grid(lower=D(80), upper=D(120), lines=5, quote_a_line=D(100), spacing=Spacing.ARITHMETIC))
    assert lines == [80, 90, 100, 110, 120]


def test_geometric_lines_lie_at_equal_ratios():
    assert prices(Grid(lower=D(50), upper=D(200), lines=3, quote_a_line=D(100))) == [50, 100, 200]


def test_lines_lie_on_ticks():
    lines = prices(Grid(lower=D(90), upper=D(110), lines=7, quote_a_line=D(100)))
    assert all(line % MARKET.tick_size == 0 for line in lines)


# The start


@pytest.mark.parametrize("price", ["100", "100.01", "104.99", "95", "89", "90", "110", "111"])
def test_the_line_nearest_to_the_price_stays_empty(price):
    """It is the first one at or above the price; below all lines it is the lowest, above all the highest."""
    desk = Desk(FIVE, price)
    desk.start()
    price = D(price)
    empty = set(prices(FIVE)) - {order.price for order in desk.wanted}
    assert empty == {next((line for line in prices(FIVE) if line >= price), D(110))}
    assert all(order.price < price if order.side is Side.BUY else order.price > price for order in desk.wanted)


def test_the_start_buys_what_the_sells_need_with_exactly_the_commission_on_top():
    desk = Desk(FIVE, "100")
    (start,) = desk.wanted
    desk.start()
    offered = sum(order.amount for order in of(desk.wanted, Side.SELL))
    assert start.amount * (1 - MARKET.taker_fee) >= offered
    assert (start.amount - MARKET.lot_size) * (1 - MARKET.taker_fee) < offered


def test_nothing_rests_before_the_start_is_bought():
    assert [order.name for order in Desk(FIVE, "100").wanted] == ["start"]


def test_coins_held_are_not_bought():
    grid = Grid(lower=D(90), upper=D(110), lines=5, quote_a_line=D(100), spacing=Spacing.ARITHMETIC, coins_held=D(5))
    assert grid.given(D(100), MARKET) == Carried(amount=D(5), cost=D(500))
    desk = Desk(grid, "100")
    assert "start" not in {order.name for order in desk.wanted}
    assert len(of(desk.wanted, Side.SELL)) == 2


def test_the_start_buys_what_is_missing_of_coins_held():
    held = D("0.5")
    desk = Desk(
        Grid(lower=D(90), upper=D(110), lines=5, base_a_line=D(1), spacing=Spacing.ARITHMETIC, coins_held=held), "100"
    )
    (start,) = desk.wanted
    needed = 2 * D("0.999")
    assert start.amount == MARKET.amount_up((needed - held) / (1 - MARKET.taker_fee))


def test_what_is_missing_is_bought_as_the_smallest_order_when_it_is_less():
    held = 2 * D("0.999") - D("0.001")
    desk = Desk(
        Grid(lower=D(90), upper=D(110), lines=5, base_a_line=D(1), spacing=Spacing.ARITHMETIC, coins_held=held), "100"
    )
    (start,) = desk.wanted
    assert MARKET.accepts(start.amount, D(100))
    assert start.amount * 100 < 2 * MARKET.min_notional


def test_a_start_that_comes_short_leaves_the_highest_sell_smaller():
    desk = Desk(FIVE, "100")
    (start,) = desk.wanted
    desk.fill("start", start.amount - D("0.04"), "100")  # a rest of 4 USDT, which no exchange takes
    sells = of(desk.wanted, Side.SELL)
    assert len(sells) == 2
    assert sum(order.amount for order in sells) <= desk.deal.held
    assert sells[1].amount < sells[0].amount
    desk.fill("sell-3", sells[1].amount, "110")
    assert [order.name for order in desk.wanted if order.name.endswith("-3")] == ["buy-3"]


# Turns


def test_what_is_bought_at_a_line_is_sold_at_the_next_and_bought_again():
    desk = Desk(FIVE, "100")
    desk.start()
    buy = desk.order("buy-1")
    assert (buy.price, buy.amount) == (95, MARKET.amount_up(D(100) / 95))
    desk.fill("buy-1", buy.amount, "95")
    sell = desk.order("sell-1")
    assert (sell.price, sell.amount) == (100, MARKET.amount_down(buy.amount * D("0.999")))
    desk.fill("sell-1", sell.amount, "100")
    assert desk.order("buy-1").amount == 2 * buy.amount


def test_base_a_line_buys_the_same_coins_at_every_line():
    desk = Desk(Grid(lower=D(90), upper=D(110), lines=5, base_a_line=D("0.7"), spacing=Spacing.ARITHMETIC), "111")
    assert {order.amount for order in desk.wanted} == {D("0.7")}


def test_profit_in_quote_sells_all_that_arrived():
    desk = Desk(FIVE, "111")
    buy = desk.order("buy-0")
    desk.fill("buy-0", buy.amount, "90")
    assert desk.deal.held - desk.order("sell-0").amount < MARKET.lot_size


def test_profit_in_base_brings_back_the_quote_and_keeps_coins():
    grid = Grid(
        lower=D(90), upper=D(110), lines=5, quote_a_line=D(100), spacing=Spacing.ARITHMETIC, profit_in=ProfitIn.BASE
    )
    desk = Desk(grid, "111")
    for turn in range(1, 4):
        desk.fill("buy-0", desk.missing("buy-0"), "90")
        desk.fill("sell-0", desk.missing("sell-0"), "95")
        tally, cell = desk.deal.tally, desk.deal.by_order["buy-0"]
        assert tally.proceeds >= tally.cost
        assert tally.proceeds - tally.cost < turn * 95 * MARKET.lot_size  # no more than rounding to lots makes it
        assert desk.deal.held > turn * D("0.04")  # about 5 % of a coin and a bit, less two fees
        assert cell.bought == turn * MARKET.amount_up(D(100) / 90)


def test_a_part_of_a_buy_is_not_sold_yet():
    desk = Desk(FIVE, "111")
    desk.fill("buy-0", D("0.5"), "90")
    assert desk.order("sell-0") is None
    assert desk.missing("buy-0") == MARKET.amount_up(D(100) / 90) - D("0.5")


def test_a_rest_below_the_smallest_order_does_not_block_a_line_for_ever():
    desk = Desk(FIVE, "111")
    whole = desk.missing("buy-0")
    desk.fill("buy-0", whole - D("0.01"), "90")  # 0.90 USDT are missing
    sell = desk.order("sell-0")
    assert sell.amount <= desk.deal.held
    desk.fill("sell-0", sell.amount - D("0.02"), "95")
    assert desk.missing("buy-0") == whole + D("0.01")
    desk.fill("buy-0", desk.missing("buy-0"), "90")
    assert desk.deal.held - desk.missing("sell-0") < D("0.01")


def test_an_unchanged_order_is_the_same_object():
    desk = Desk(FIVE, "100")
    desk.start()
    before = {order.name: order for order in desk.wanted}
    desk.fill("buy-1", desk.missing("buy-1"), "95")
    after = {order.name: order for order in desk.wanted}
    assert all(after[name] is before[name] for name in before.keys() & after.keys())
    assert after.keys() - before.keys() == {"sell-1"}


# Active lines


def test_only_the_nearest_buys_and_sells_are_on_the_book():
    grid = Grid(lower=D(80), upper=D(120), lines=9, quote_a_line=D(100), spacing=Spacing.ARITHMETIC, active_lines=2)
    desk = Desk(grid, "101")
    desk.start()
    assert [(order.side, order.price) for order in desk.wanted] == [
        (Side.BUY, 95),
        (Side.BUY, 100),
        (Side.SELL, 110),
        (Side.SELL, 115),
    ]
    desk.fill("buy-4", desk.missing("buy-4"), "100")
    assert [order.price for order in desk.wanted] == [90, 95, 105, 110]


# Infinity


def endless(**settings):
    return Grid(lower=D(80), step=D("0.02"), quote_a_line=D(100), **settings)


def test_an_infinity_grid_always_has_the_sell_just_above():
    desk = Desk(endless(), "100")
    desk.start()
    for _ in range(100):
        sell = min(of(desk.wanted, Side.SELL), key=lambda order: order.price)
        assert sell.price <= desk.price * D("1.0405")  # two steps at the start, whose line stays empty
        desk.fill(sell.name, desk.missing(sell.name), sell.price)
    assert desk.price > 700


def test_an_infinity_grid_holds_a_constant_value():
    desk = Desk(endless(), "100")
    desk.start()
    worth = []
    for _ in range(100):
        sell = min(of(desk.wanted, Side.SELL), key=lambda order: order.price)
        desk.fill(sell.name, desk.missing(sell.name), sell.price)
        worth.append(desk.deal.held * desk.price)
    assert max(worth) < min(worth) * D("1.1")


# The end


def test_a_grid_does_not_begin_again_by_itself():
    assert FIVE.opening == ONCE


def test_close_at_market_sells_everything_and_ends():
    desk = Desk(FIVE, "100")
    desk.start()
    FIVE.on_event(desk.deal, CloseAtMarket())
    (close,) = desk.wanted
    assert (close.side, close.price, close.amount) == (Side.SELL, None, MARKET.amount_down(desk.deal.held))
    assert not FIVE.finished(desk.deal, D(100))
    desk.fill("close", close.amount, "100")
    assert FIVE.finished(desk.deal, D(100))


def test_cancel_keeps_the_coins():
    desk = Desk(FIVE, "100")
    desk.start()
    FIVE.on_event(desk.deal, CancelDeal())
    assert desk.wanted == []
    assert desk.deal.ending is Ending.CANCELLED
    assert FIVE.finished(desk.deal, D(100))


# Settings


def test_a_range_upside_down_is_refused():
    with pytest.raises(SettingsRefused, match="upper: 90 is not above the lowest line"):
        Grid(lower=D(100), upper=D(90), lines=10, quote_a_line=D(100))


def test_settings_survive_the_way_through_json():
    grid = Grid(
        lower=D(80),
        upper=D(120),
        lines=30,
        base_a_line=D(1),
        spacing=Spacing.ARITHMETIC,
        profit_in=ProfitIn.BASE,
        stop_below=D(70),
    )
    assert from_json("grid", to_json(grid)) == grid


def test_an_unknown_spacing_is_named_with_the_choices():
    values = {"lower": "80", "upper": "120", "lines": 30, "quote_a_line": "100", "spacing": "cubic"}
    with pytest.raises(SettingsRefused, match="spacing: 'cubic' is not a choice"):
        from_json("grid", values)
