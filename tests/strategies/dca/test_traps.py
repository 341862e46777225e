"""The traps that a careful trader would catch, each by its name."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np
import pytest

from strategies.backtest.candles import Candles
from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, Options
from strategies.conditions import Conditions, Price, Relation
from strategies.dca import DCA
from strategies.orders import Side
from tests.strategies.dca.deals import BOT, FEES, FREE, PLAIN, SHORT, deal_of, fill, replay, short_of, sold, wanted

DOGE = replace(FEES, symbol="DOGE/USDT", tick_size=D("0.00001"), lot_size=D(1))
DOGE_BOT = replace(BOT, base_order=D("191.6"))


def candles_of(*bars):
    """Minutes from (open, high, low, close)."""
    opened, high, low, close = (np.array(column, dtype=float) for column in zip(*bars, strict=True))
    times = np.arange(len(bars), dtype=np.int64) * 60_000
    return Candles(
        opened_at=times, open=opened, high=high, low=low, close=close, volume=np.ones(len(bars)), span=60_000
    )


class TestFeesInTheCoin:
    def test_only_what_arrived_is_sold(self):
        deal = deal_of(fill(amount="958", price="0.2", fee="0.958", asset="DOGE"), market=DOGE, price="0.2")
        assert deal.held == D("957.042")
        assert wanted(deal, DOGE_BOT)["take-profit"].amount == D(957)

    def test_the_deal_ends_and_its_dust_is_carried_at_cost(self):
        bought = fill(amount="958", price="0.2", fee="0.958", asset="DOGE")
        deal = deal_of(bought, sold("take-profit", "957", "0.21", "2"), market=DOGE, price="0.2")
        assert DOGE_BOT.finished(deal, D("0.21"))
        assert deal.dust.amount == D("0.042")
        assert deal.dust.cost == pytest.approx(D("0.042") * D("191.6") / D("957.042"))
        assert list(DOGE_BOT.orders(deal)) == []

    @pytest.mark.parametrize(("asset", "fee", "held"), [("DOGE", "1", 99), ("USDT", "1", 100), ("BNB", "0.01", 100)])
    def test_a_fee_leaves_the_asset_that_it_was_taken_in(self, asset, fee, held):
        assert deal_of(fill(amount="100", price="1", fee=fee, asset=asset), market=DOGE, price="1").held == held


class TestRoundingUpToALotOverspends:
    def test_the_capital_counts_what_the_exchange_will_really_take(self):
        bot = replace(BOT, base_order=D(2), averaging_order=D(2), averaging_orders=1)
        coarse = replace(DOGE, min_notional=D(0), lot_size=D(10))
        (rung,) = bot.ladder(D("0.3") / (1 - DOGE.taker_fee), coarse)
        assert bot.capital(D("0.3"), coarse) == 10 * D("0.3") + rung.notional > 4

    def test_a_backtest_spends_what_the_capital_says_and_no_more(self):
        market = replace(FEES, lot_size=D("0.1"))
        found = run(BOT, market, candles_of((100, 100, 88, 88)))
        spent = sum(each.price * each.amount for each in found.fills if each.side == "buy")
        assert spent == BOT.capital(D(100), market)


class TestStopLossAndLadder:
    def test_one_that_never_lets_the_ladder_work_is_warned_of(self):
        (warning,) = replace(BOT, stop_loss=D("0.03")).warnings(D(100), FREE)
        assert warning.field == "stop_loss"
        assert "2 of the averaging orders" in warning.problem

    def test_a_trailing_one_is_no_better(self):
        assert list(replace(BOT, stop_loss=D("0.03"), trailing_stop=True).warnings(D(100), FREE))

    def test_one_below_the_ladder_is_fine(self):
        assert list(BOT.warnings(D(100), FREE)) == []

    def test_a_shorts_lies_above_its_ladder(self):
        assert list(replace(SHORT, stop_loss=D("0.03")).warnings(D(100), FREE))
        assert [each.field for each in SHORT.warnings(D(100), FREE) if each.field == "stop_loss"] == []


def test_editing_back_and_forth_wants_the_first_terms_again():
    # That they are placed under a new generation is the runner's: an identity that ended is never used again.
    deal, bot = deal_of(fill()), BOT
    first = wanted(deal)["take-profit"]
    for profit in ("0.02", "0.015"):
        edited = replace(bot, take_profit=D(profit))
        edited.takes_over(deal, bot)
        bot = edited
        assert wanted(deal, bot)["take-profit"].price == D(100) * (1 + D(profit))
    assert wanted(deal, bot)["take-profit"] == first


class TestOrphanCoins:
    def test_a_rest_of_the_base_order_too_small_for_the_exchange_is_not_waited_for(self):
        assert "take-profit" in wanted(deal_of(fill(amount="0.96", price="100")))

    def test_when_it_fills_after_the_end_the_deal_wakes_and_sells_it(self):
        deal = deal_of(fill(amount="0.96"), sold("take-profit", "0.96", "102", "2"))
        assert BOT.finished(deal, D(102))
        deal.record(fill(amount="0.06", trade="3"))
        assert wanted(deal)["take-profit"].amount == D("1.02")


def test_the_take_profit_is_not_replaced_at_every_part_of_an_averaging_order():
    deal = deal_of(fill())
    first = wanted(deal)["take-profit"]
    for part in ("0.1", "0.3", "0.2"):
        deal.record(fill("averaging-1", amount=part, price="98", trade=f"part-{part}"))
        assert wanted(deal)["take-profit"] is first


def test_a_spot_shorts_exit_is_a_buy():
    deal = short_of(SHORT, sold("base", "1", "100", "1"))
    assert wanted(deal, SHORT)["take-profit"].side is Side.BUY
    assert all(order.side is Side.SELL for order in SHORT.orders(deal) if order.name != "take-profit")


class TestBacktests:
    TOUCHES = candles_of((100, 100, 98, 98), (98, 100, 98, 100))

    def test_through_and_touch_differ(self):
        def averaged(rule):
            return [f.order for f in run(BOT, FREE, self.TOUCHES, Options(fill=rule)).fills if f.order != "base"]

        assert averaged(FillRule.THROUGH) == []
        assert averaged(FillRule.TOUCH) == ["averaging-1"]

    def test_they_differ_on_a_book_in_memory_too(self):
        assert [f.order for f in replay(BOT, FREE, 100, 98)[1]] == ["base"]
        assert [f.order for f in replay(BOT, FREE, 100, 98, rule=FillRule.TOUCH)[1]] == ["base", "averaging-1"]

    def test_maker_and_taker_pay_different_fees(self):
        market = replace(FREE, maker_fee=D("0.001"), taker_fee=D("0.002"))
        base, profit = run(PLAIN, market, candles_of((100, 100, 100, 100), (100, 105, 100, 100))).fills[:2]
        assert base.fee == base.amount * D("0.002")
        assert profit.fee == profit.amount * profit.price * D("0.001")

    def test_a_condition_is_answered_by_candles_that_have_closed(self):
        falls = Conditions((Price(interval=1, relation=Relation.BELOW, level=D(99)),))
        bot = DCA(base_order=D(100), take_profit=D("0.5"), start_conditions=falls)
        candles = candles_of((100, 100, 98, 98), (98, 98, 97, 97))
        assert [(each.bar, each.price) for each in run(bot, FREE, candles).fills] == [(1, D(98))]
