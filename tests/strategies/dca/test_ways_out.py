"""The ways out of a DCA deal, as their help texts tell them."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.dca import DCA, Direction, StepSetting
from strategies.deal import Carried, Deal, Ending
from strategies.events import AddFunds, Answered, ReduceFunds, Tick
from strategies.market import Market
from strategies.orders import Fill, Side
from strategies.settings import SettingsRefused

NOW = 1_767_225_600_000
MARKET = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.001"),
    min_notional=D(5),
    maker_fee=D(0),
    taker_fee=D(0),
)
PLAIN = DCA(base_order=D(1000), take_profit=D("0.02"))


def deal_of(bot, price=D(100)):
    """A deal whose base order has traded at this price."""
    carried = bot.given(price, MARKET)
    deal = Deal(market=MARKET, price=price, opened_at=NOW, opens=bot.opens_with, carried=carried)
    trade(bot, deal, "base", price)
    return deal


def trade(bot, deal, name, price, share=D(1)):
    """An order of the deal trades."""
    order = bot.order(deal, name)
    amount = MARKET.amount_down((order.amount - deal.filled(name)) * share)
    deal.record(
        Fill(
            order=name,
            side=order.side,
            amount=amount,
            price=D(price),
            fee=D(0),
            fee_asset="USDT",
            at=NOW,
            trade_id=f"{name}-{deal.filled(name)}",
        )
    )


def tell(bot, deal, *prices, after=0):
    for price in prices:
        bot.on_event(deal, Tick(NOW + 1000 * after, D(price)))
    return deal.ending


def orders(bot, deal):
    return {order.name: (order.amount, order.price) for order in bot.orders(deal)}


def test_a_take_profit_in_steps_sells_each_share_at_its_profit():
    steps = (StepSetting(profit=D("0.02"), share=D("0.25")), StepSetting(profit=D("0.05"), share=D("0.75")))
    bot = replace(PLAIN, take_profit=None, take_profit_steps=steps)
    wanted = orders(bot, deal_of(bot))
    assert wanted["take-profit-1"] == (D("2.5"), D(102))
    assert wanted["take-profit-2"] == (D("7.5"), D(105))


def test_the_last_of_several_steps_takes_what_rounding_left():
    steps = (StepSetting(profit=D("0.02"), share=D("0.3333")), StepSetting(profit=D("0.05"), share=D("0.6667")))
    bot = replace(PLAIN, take_profit=None, take_profit_steps=steps)
    wanted = orders(bot, deal_of(bot))
    assert wanted["take-profit-1"][0] + wanted["take-profit-2"][0] == 10


def test_a_trailing_take_profit_follows_the_price_and_sells_when_it_turns_by_so_much():
    bot = replace(PLAIN, trailing=D("0.01"))
    deal = deal_of(bot)
    assert tell(bot, deal, 101) is None  # the take profit is not reached
    assert tell(bot, deal, 102, 110, "108.91") is None  # it follows to 110
    assert tell(bot, deal, "108.9") is Ending.TAKE_PROFIT


def test_a_trailing_take_profit_stands_on_no_book_until_it_sells_everything():
    bot = replace(PLAIN, trailing=D("0.01"))
    deal = deal_of(bot)
    assert "take-profit" not in orders(bot, deal)
    tell(bot, deal, 102, 100)
    assert orders(bot, deal) == {"close": (D(10), None)}


def test_the_stop_loss_moves_to_where_the_rest_loses_nothing_after_the_chosen_step():
    steps = (StepSetting(profit=D("0.02"), share=D("0.5")), StepSetting(profit=D("0.05"), share=D("0.5")))
    bot = replace(PLAIN, take_profit=None, take_profit_steps=steps, stop_loss=D("0.1"), break_even_after=1)
    deal = deal_of(bot)
    assert bot.stop_price(deal) == 90
    trade(bot, deal, "take-profit-1", 102)
    assert bot.stop_price(deal) == 100
    assert tell(bot, deal, 100) is Ending.STOP_LOSS


def test_a_step_that_has_filled_in_part_moves_no_stop_loss():
    steps = (StepSetting(profit=D("0.02"), share=D("0.5")), StepSetting(profit=D("0.05"), share=D("0.5")))
    bot = replace(PLAIN, take_profit=None, take_profit_steps=steps, stop_loss=D("0.1"), break_even_after=1)
    deal = deal_of(bot)
    trade(bot, deal, "take-profit-1", 102, share=D("0.5"))
    assert bot.stop_price(deal) == 90


def test_a_trailing_stop_follows_the_best_price_of_the_deal_and_never_goes_back():
    bot = replace(PLAIN, take_profit=D(1), stop_loss=D("0.1"), trailing_stop=True)
    deal = deal_of(bot)
    tell(bot, deal, 120, 110)
    assert bot.stop_price(deal) == 108
    assert tell(bot, deal, 108) is Ending.STOP_LOSS


def test_a_stop_loss_with_a_timeout_waits_and_is_called_off_when_the_price_recovers():
    bot = replace(PLAIN, stop_loss=D("0.1"), stop_loss_timeout=60)
    deal = deal_of(bot)
    assert tell(bot, deal, 90) is None
    assert tell(bot, deal, 91, after=30) is None
    assert tell(bot, deal, 89, after=50) is None
    assert tell(bot, deal, 89, after=109) is None
    assert tell(bot, deal, 89, after=110) is Ending.STOP_LOSS


def test_close_conditions_close_only_at_the_least_profit_that_was_asked_for():
    bot = DCA(base_order=D(1000), close_conditions=_any_condition(), close_profit=D("0.03"))
    deal = deal_of(bot)
    bot.on_event(deal, Answered(NOW, "closing", holds=True, price=D(101)))
    assert tell(bot, deal, "102.99") is None
    assert tell(bot, deal, 103) is Ending.CONDITIONS


def test_close_conditions_that_hold_no_longer_close_nothing():
    bot = DCA(base_order=D(1000), close_conditions=_any_condition(), close_profit=D("0.03"))
    deal = deal_of(bot)
    for holds in (True, False):
        bot.on_event(deal, Answered(NOW, "closing", holds=holds, price=D(101)))
    assert tell(bot, deal, 110) is None


def test_a_stop_loss_sells_what_is_held_now_after_a_step_was_taken():
    steps = (StepSetting(profit=D("0.02"), share=D("0.25")), StepSetting(profit=D("0.05"), share=D("0.75")))
    bot = replace(PLAIN, take_profit=None, take_profit_steps=steps, stop_loss=D("0.1"))
    deal = deal_of(bot)
    trade(bot, deal, "take-profit-1", 102)
    tell(bot, deal, 90)
    assert orders(bot, deal) == {"close": (D("7.5"), None)}


def test_a_spot_short_sells_coins_that_are_held_and_its_exit_is_a_buy():
    bot = replace(PLAIN, direction=Direction.SHORT)
    deal = deal_of(bot)
    exit_order = bot.order(deal, "take-profit")
    assert (exit_order.side, exit_order.amount, exit_order.price) == (Side.BUY, D(10), D(98))
    assert deal.carried == Carried(amount=D(10), cost=D(1000))


def test_editing_back_and_forth_gives_the_terms_of_each_time():
    deal = deal_of(PLAIN)
    prices = [bot.order(deal, "take-profit").price for bot in (PLAIN, replace(PLAIN, take_profit=D("0.03")), PLAIN)]
    assert prices == [D(102), D(103), D(102)]


def test_funds_that_are_added_move_the_take_profit_and_the_same_wish_counts_once():
    deal = deal_of(PLAIN)
    for _ in range(2):
        PLAIN.on_event(deal, AddFunds(wish="a", quote=D(500), at_price=D(50)))
    assert orders(PLAIN, deal)["add-a"] == (D(10), None)
    trade(PLAIN, deal, "add-a", 50)
    assert orders(PLAIN, deal)["take-profit"] == (D(20), D("76.5"))


def test_a_part_that_is_closed_leaves_the_rest_to_the_take_profit():
    deal = deal_of(PLAIN)
    PLAIN.on_event(deal, ReduceFunds(wish="a", share=D("0.4")))
    wanted = orders(PLAIN, deal)
    assert wanted["reduce-a"] == (D(4), None)
    assert wanted["take-profit"] == (D(6), D(102))


def test_a_wish_below_the_smallest_order_is_refused_with_the_remedy():
    with pytest.raises(SettingsRefused, match="Give at least 5 USDT"):
        PLAIN.on_event(deal_of(PLAIN), AddFunds(wish="a", quote=D(3), at_price=D(100)))


def test_a_stop_loss_above_the_last_averaging_order_is_warned_of():
    bot = replace(
        PLAIN, averaging_order=D(100), averaging_orders=3, step=D("0.05"), stop_loss=D("0.08"), take_profit=D("0.02")
    )
    (warning,) = bot.warnings(D(100), MARKET)
    assert "2 of the averaging orders, which then never work" in warning.problem


def _any_condition():
    from strategies.conditions import from_json

    return from_json([{"kind": "asap"}])
