"""Where a deal buys more, when, and how much."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.conditions import Conditions, Price, Relation
from strategies.dca import DCA, Direction, From, RungSetting, VolumeIn
from strategies.opening import Past
from strategies.orders import OrderType, Side
from strategies.settings import SettingsRefused
from tests.strategies.dca.deals import (
    BOT,
    FEES,
    FREE,
    SHORT,
    answered,
    deal_of,
    fill,
    prices,
    replay,
    short_of,
    sold,
    stands_at,
    told,
    wanted,
)

DIP = Conditions((Price(interval=1, relation=Relation.BELOW, level=D(99)),))


def rows(*pairs):
    return tuple(RungSetting(deviation=D(far), size=D(size)) for far, size in pairs)


def test_the_ladder_is_the_one_in_the_docstring():
    assert [rung.price for rung in BOT.ladder(D(100), FREE)] == [D("98.00"), D("95.00"), D("90.50")]


def test_nothing_but_the_base_order_is_wanted_before_it_filled():
    assert list(wanted(deal_of())) == ["base"]


def test_a_base_order_at_the_market_has_no_price():
    assert wanted(deal_of())["base"].price is None


def test_a_limit_base_order_waits_at_the_price_at_which_the_deal_opened():
    bot = replace(BOT, base_order_type=OrderType.LIMIT)
    assert prices(deal_of(price="100.004"), bot) == {"base": D("100.00")}


def test_the_ladder_waits_for_the_rest_of_the_base_order():
    assert list(wanted(deal_of(fill(amount="0.5", price="100")))) == ["base"]


def test_what_a_limit_base_order_has_bought_so_far_has_a_take_profit():
    bot = replace(BOT, base_order_type=OrderType.LIMIT)
    assert wanted(deal_of(fill(amount="0.5")), bot)["take-profit"].amount == D("0.5")


def test_each_further_step_is_the_one_before_times_the_step_scale():
    bot = replace(BOT, step=D("0.01"), step_scale=D(2))
    assert [rung.deviation for rung in bot.ladder(D(100), FREE)] == [D("0.01"), D("0.03"), D("0.07")]


def test_each_further_averaging_order_spends_the_volume_scale_more():
    assert [round(rung.notional) for rung in BOT.ladder(D(100), FREE)] == [100, 200, 400]


def test_sizes_in_coins_are_coins():
    bot = replace(BOT, volume_in=VolumeIn.BASE, base_order=D("0.5"), averaging_order=D("0.25"))
    assert wanted(deal_of(), bot)["base"].amount == D("0.5")
    assert [rung.amount for rung in bot.ladder(D(100), FREE)] == [D("0.25"), D("0.5"), D(1)]


def test_sizes_in_percent_are_of_what_is_free_when_the_deal_opens():
    bot = replace(BOT, volume_in=VolumeIn.PERCENT, base_order=D(5), averaging_order=D(10))
    sized = bot.for_deal(Past(balance=D(2000)))
    assert (sized.base_order, sized.averaging_order, sized.volume_in) == (D(100), D(200), VolumeIn.QUOTE)


@pytest.mark.parametrize("balance", [None, D(0), D(-5)])
def test_percents_of_nothing_are_refused(balance):
    bot = replace(BOT, volume_in=VolumeIn.PERCENT, base_order=D(5), averaging_order=D(10))
    with pytest.raises(SettingsRefused) as refusal:
        bot.for_deal(Past(balance=balance))
    assert [problem.field for problem in refusal.value.problems] == ["volume_in"]


def test_a_share_of_the_profits_is_spread_evenly_over_all_orders_of_the_next_deal():
    sized = replace(BOT, reinvest=D("0.5")).for_deal(Past(profit=D(80)))
    assert sized.more_each == D(10)
    assert wanted(deal_of(), sized)["base"].amount == D("1.1")
    assert [round(rung.notional) for rung in sized.ladder(D(100), FREE)] == [110, 210, 410]


def test_a_share_of_the_losses_is_taken_from_all_orders_of_the_next_deal():
    sized = replace(BOT, risk_reduction=D("0.5")).for_deal(Past(loss=D(80)))
    assert [round(rung.notional) for rung in sized.ladder(D(100), FREE)] == [90, 190, 390]


def test_a_base_order_that_losses_have_eaten_up_wants_nothing_and_says_so():
    sized = replace(BOT, risk_reduction=D(1)).for_deal(Past(loss=D(4000)))
    deal = deal_of()
    assert prices(deal, sized) == {}
    assert "base_order" in [problem.field for problem in sized.problems(D(100), FREE)]


class TestOwnLadder:
    BOT = DCA(base_order=D(100), own_ladder=rows(("0.01", 50), ("0.04", 150)), take_profit=D("0.02"))

    def test_each_row_is_one_order(self):
        assert [(r.price, round(r.notional)) for r in self.BOT.ladder(D(100), FREE)] == [(D(99), 50), (D(96), 150)]

    def test_a_row_beyond_the_base_price_is_bought_at_market_when_the_price_gets_there(self):
        bot = replace(self.BOT, own_ladder=rows(("-0.01", 60), ("0.04", 150)))
        deal = deal_of(fill())
        assert "averaging-1" not in wanted(deal, bot)
        stands_at(bot, deal, 101)
        assert prices(deal, bot)["averaging-1"] is None

    def test_rows_out_of_order_are_refused(self):
        with pytest.raises(SettingsRefused, match=r"own_ladder: .* Sort them by deviation\."):
            replace(self.BOT, own_ladder=rows(("0.04", 50), ("0.01", 50)))


class TestActiveOrders:
    def test_so_many_stand_on_the_book_at_a_time(self):
        bot = replace(BOT, active_orders=2)
        assert [name for name in prices(deal_of(fill()), bot) if "av" in name] == ["averaging-1", "averaging-2"]

    def test_one_that_fills_lets_the_next_one_in(self):
        bot = replace(BOT, active_orders=1)
        deal = deal_of(fill(), fill("averaging-1", amount="1.02041", price="98", trade="2"))
        assert [name for name in prices(deal, bot) if "av" in name] == ["averaging-2"]

    def test_with_none_each_is_sent_at_market_when_the_price_gets_there(self):
        bot = replace(BOT, active_orders=0)
        _, fills = replay(bot, FREE, 100, 98.01, 97.5, 99)
        assert told(fills) == [("base", D(100)), ("averaging-1", D("97.5"))]


class TestFromLastExecuted:
    BOT = replace(BOT, step_from=From.LAST, step_scale=D(1))

    def test_each_order_waits_a_step_below_the_one_before(self):
        assert [p for name, p in prices(deal_of(fill()), self.BOT).items() if "av" in name] == [
            D("98.00"),
            D("96.04"),
            D("94.11"),
        ]

    def test_a_step_is_measured_from_where_the_one_before_really_traded(self):
        deal = deal_of(fill(), fill("averaging-1", amount="1.02041", price="97", trade="2"))
        assert prices(deal, self.BOT)["averaging-2"] == D("95.06")

    def test_a_ladder_of_ones_own_is_measured_from_the_base_order(self):
        with pytest.raises(SettingsRefused, match="step_from"):
            replace(self.BOT, averaging_orders=0, own_ladder=rows(("0.01", 50)))


class TestAveragingByIndicator:
    BOT = replace(BOT, averaging_conditions=DIP)

    def test_no_averaging_order_stands_on_the_book(self):
        assert list(prices(deal_of(fill()), self.BOT)) == ["take-profit"]

    def test_the_price_alone_is_not_enough(self):
        deal = deal_of(fill())
        stands_at(self.BOT, deal, 97)
        assert list(prices(deal, self.BOT)) == ["take-profit"]

    def test_the_conditions_alone_are_not_enough(self):
        deal = deal_of(fill())
        answered(self.BOT, deal, "averaging", holds=True, price=98.5)
        assert list(prices(deal, self.BOT)) == ["take-profit"]

    def test_both_together_send_it_at_market(self):
        deal = deal_of(fill())
        answered(self.BOT, deal, "averaging", holds=True, price=97)
        assert prices(deal, self.BOT)["averaging-1"] is None


class TestShort:
    def test_the_ladder_lies_above(self):
        bot = replace(SHORT, direction=Direction.SHORT)
        assert [rung.price for rung in bot.ladder(D(100), FREE)] == [D("102.00"), D("105.00"), D("109.50")]

    def test_it_is_given_the_coins_of_the_whole_ladder(self):
        assert SHORT.given(D(100), FREE).amount == 1 + sum(rung.amount for rung in SHORT.ladder(D(100), FREE))

    def test_a_base_order_that_sold_lower_makes_no_ladder_that_needs_more_coins(self):
        deal = short_of(SHORT, sold("base", "1", "99", "1"))
        assert sum(order.amount for order in SHORT.orders(deal) if order.side is Side.SELL) <= deal.carried.amount

    def test_a_row_below_nothing_is_refused(self):
        with pytest.raises(SettingsRefused, match="own_ladder"):
            replace(SHORT, averaging_orders=0, own_ladder=rows(("-1", 50)))


def test_the_capital_is_that_of_the_rounded_ladder():
    market = replace(FREE, lot_size=D(1))
    bot = replace(BOT, base_order=D(150), averaging_orders=1, averaging_order=D(100))
    assert bot.capital(D(100), market) == D(200) + D(98) * 2


def test_the_capital_of_a_short_is_what_its_coins_are_worth():
    assert SHORT.capital(D(100), FEES) == SHORT.given(D(100), FEES).cost
