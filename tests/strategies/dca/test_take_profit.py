"""Where a deal is got out of in profit: at once, in steps, trailing."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.dca import Reckoned, StepSetting
from strategies.orders import Side
from tests.strategies.dca.deals import (
    BOT,
    FEES,
    FREE,
    PLAIN,
    SHORT,
    deal_of,
    fill,
    prices,
    replay,
    short_of,
    sold,
    told,
    wanted,
)

AVERAGED = fill("averaging-1", amount="1.02041", price="98", trade="2")


def steps(*pairs):
    return tuple(StepSetting(profit=D(profit), share=D(share)) for profit, share in pairs)


def test_buys_the_dip_and_sells_everything_above_the_average():
    _, fills = replay(BOT, FREE, 100, 97.9, 99, 101)
    assert told(fills) == [("base", D(100)), ("averaging-1", D("98.00")), ("take-profit", D("100.48"))]


def test_the_take_profit_leaves_its_percentage_after_all_fees():
    deal = deal_of(fill(amount="1", price="100", fee="0.001", asset="BTC"), market=FEES)
    exit_order = wanted(deal)["take-profit"]
    proceeds = exit_order.amount * exit_order.price * (1 - FEES.maker_fee)
    assert D("0.0149") < proceeds / D(100) - 1 < D("0.0152")


def test_of_the_total_it_follows_the_average():
    assert wanted(deal_of(fill(), AVERAGED))["take-profit"].price == D("100.48")


def test_from_the_base_order_it_stays_where_it_was():
    bot = replace(BOT, take_profit_from=Reckoned.BASE)
    assert wanted(deal_of(fill(), AVERAGED), bot)["take-profit"].price == D("101.50")


def test_the_take_profit_stays_while_an_averaging_order_fills_in_parts():
    before = wanted(deal_of(fill()))["take-profit"]
    during = wanted(deal_of(fill(), fill("averaging-1", amount="0.5", price="98", trade="2")))["take-profit"]
    after = wanted(deal_of(fill(), AVERAGED))["take-profit"]
    assert before == during
    assert after.amount == D("2.02041")


def test_the_parts_get_a_take_profit_of_their_own_when_the_first_has_filled():
    deal = deal_of(
        fill(), fill("averaging-1", amount="0.5", price="98", trade="2"), sold("take-profit", "1", "101.5", "3")
    )
    assert wanted(deal)["take-profit"].amount == D("1.5")


def test_profit_counts_fees_and_agrees_with_the_money_that_moved():
    deal, _ = replay(BOT, FEES, 100, 97.9, 99, 102)
    moved = deal.tally.proceeds - deal.tally.cost
    assert deal.realised == pytest.approx(moved + deal.dust.cost)


class TestSteps:
    BOT = replace(PLAIN, take_profit=None, take_profit_steps=steps(("0.01", "0.3"), ("0.02", "0.3"), ("0.03", "0.4")))

    def test_together_they_sell_everything(self):
        deal, fills = replay(self.BOT, FREE, 100, 101.5, 102.5, 103.5)
        assert [each.order for each in fills[1:]] == ["take-profit-1", "take-profit-2", "take-profit-3"]
        assert self.BOT.finished(deal, D("103.5"))
        assert deal.held == 0

    def test_what_is_bought_later_is_shared_out_too(self):
        bot = replace(self.BOT, averaging_orders=1, averaging_order=D(100), step=D("0.02"))
        deal = deal_of(fill(), sold("take-profit-1", "0.3", "101", "2"), fill("averaging-1", amount="1", price="98"))
        deal.record(fill("averaging-1", amount="1.02041", price="98", trade="3"))
        amounts = {order.name: order.amount for order in bot.orders(deal) if order.side is Side.SELL}
        assert amounts["take-profit-1"] == D("0.60612")
        assert sum(amounts.values()) == D("2.02041")

    def test_after_a_reduction_no_step_sells_more_than_is_left(self):
        deal = deal_of(fill(), sold("take-profit-1", "0.3", "101", "2"), sold("reduce-1", "0.5", "101", "3"))
        missing = [o.amount - deal.filled(o.name) for o in self.BOT.orders(deal) if o.side is Side.SELL]
        assert sum(missing) == deal.held == D("0.2")

    def test_a_step_too_small_for_the_exchange_is_sold_by_the_next_one(self):
        bot = replace(self.BOT, base_order=D(14))
        assert prices(deal_of(fill(amount="0.14")), bot) == {"take-profit-2": D(102), "take-profit-3": D(103)}

    def test_a_step_that_would_leave_too_little_for_the_next_one_takes_all(self):
        bot = replace(self.BOT, take_profit_steps=steps(("0.01", "0.9"), ("0.02", "0.1")))
        deal = deal_of(fill(), sold("reduce-1", "0.7", "100", "2"))
        assert {o.name: o.amount for o in bot.orders(deal) if o.side is Side.SELL}["take-profit-1"] == D("0.3")


class TestTrailing:
    BOT = replace(PLAIN, trailing=D("0.01"))

    def test_it_does_not_sell_before_the_take_profit_was_reached(self):
        assert told(replay(self.BOT, FREE, 100, 101.9, 100.5)[1]) == [("base", D(100))]

    def test_in_several_steps_only_the_last_one_trails(self):
        bot = replace(self.BOT, take_profit=None, take_profit_steps=steps(("0.01", "0.5"), ("0.02", "0.5")))
        _, fills = replay(bot, FREE, 100, 101.5, 103, 104, 102.9)
        assert told(fills) == [("base", D(100)), ("take-profit-1", D(101)), ("close", D("102.9"))]

    def test_a_short_follows_the_price_down(self):
        bot = replace(SHORT, trailing=D("0.01"), stop_loss=None, take_profit=D("0.02"))
        _, fills = replay(bot, FREE, 100, 98, 95, 95.95)
        assert told(fills) == [("base", D(100)), ("close", D("95.95"))]


def test_a_short_deal_buys_back_below_its_average_and_its_profit_is_in_quote():
    deal, fills = replay(SHORT, FREE, 100, 102.1, 99)
    assert told(fills) == [("base", D(100)), ("averaging-1", D("102.00")), ("take-profit", D("99.47"))]
    assert deal.position == 0
    assert deal.realised == deal.tally.proceeds - deal.tally.cost


def test_a_short_deal_buys_the_fee_on_top_so_that_nothing_is_owed():
    deal, _ = replay(SHORT, FEES, 100, 102.1, 98)
    assert 0 <= deal.position < FEES.lot_size


def test_a_short_of_several_steps_never_buys_back_more_than_it_owes():
    bot = replace(SHORT, take_profit=None, take_profit_steps=steps(("0.01", "0.5"), ("0.02", "0.5")))
    deal = short_of(bot, sold("base", "1", "100", "1"))
    assert sum(order.amount for order in bot.orders(deal) if order.side is Side.BUY) == 1
