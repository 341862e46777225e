"""From fills and wishes to orders: what holds for every DCA deal."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.dca import RungSetting
from strategies.deal import Ending
from strategies.events import AddFunds, CancelDeal, CloseAtMarket, ReduceFunds
from strategies.orders import OpenOrder, Side
from strategies.reconcile import Place, reconcile
from strategies.settings import SettingsRefused
from tests.strategies.dca.deals import (
    BOT,
    FEES,
    FREE,
    PLAIN,
    SHORT,
    deal_of,
    fill,
    prices,
    short_of,
    sold,
    wanted,
)


def test_carried_dust_is_sold_with_the_next_deal():
    first = deal_of(fill(amount="1", price="100", fee="0.001", asset="BTC"), market=FEES)
    second = deal_of(fill(amount="1.00000", price="100", trade="9"), market=FEES, carried=first.dust)
    assert wanted(second)["take-profit"].amount == D("1.999")


def test_the_same_trade_twice_is_one_fill():
    assert deal_of(fill(), fill()).tally.bought == D(1)


def test_a_changed_order_is_only_cancelled_until_the_exchange_confirmed():
    deal = deal_of(fill(), fill("averaging-1", amount="1.02041", price="98", trade="2"))
    old = wanted(deal_of(fill()))["take-profit"]
    steps = reconcile(
        [wanted(deal)["take-profit"]],
        [OpenOrder(order=old, remaining=old.amount)],
        deal.filled_amounts,
        FREE,
        held=deal.held,
        last_price=D(100),
    )
    assert [type(step).__name__ for step in steps] == ["Cancel"]


def test_a_partial_fill_leaves_the_missing_rest_to_place():
    deal = deal_of(fill(amount="0.5", price="100"))
    steps = reconcile(BOT.orders(deal), [], deal.filled_amounts, FREE, held=deal.held, last_price=D(100))
    assert [(step.order.name, step.amount) for step in steps if isinstance(step, Place)] == [("base", D("0.50000"))]


class TestClosing:
    def test_a_deal_that_closes_wants_nothing_but_the_close(self):
        deal = deal_of(fill())
        BOT.on_event(deal, CloseAtMarket())
        assert [(o.name, o.side, o.price) for o in BOT.orders(deal)] == [("close", Side.SELL, None)]

    def test_a_close_waits_until_the_take_profit_has_left_the_book(self):
        deal = deal_of(fill())
        BOT.on_event(deal, CloseAtMarket())
        old = wanted(deal_of(fill()))["take-profit"]
        leaving = OpenOrder(order=old, remaining=old.amount, leaving=True)
        steps = reconcile(BOT.orders(deal), [leaving], deal.filled_amounts, FREE, held=deal.held, last_price=D(100))
        assert steps == []

    def test_a_close_sells_what_a_slow_cancel_let_in(self):
        deal = deal_of(fill())
        BOT.on_event(deal, CloseAtMarket())
        deal.record(fill("averaging-1", amount="0.5", price="98", trade="2"))
        assert wanted(deal)["close"].amount == D("1.5")

    def test_a_cancelled_deal_keeps_its_coins(self):
        deal = deal_of(fill())
        BOT.on_event(deal, CancelDeal())
        assert list(BOT.orders(deal)) == []
        assert BOT.finished(deal, D(100))

    def test_a_close_can_be_called_off_to_keep_the_coins(self):
        deal = deal_of(fill())
        BOT.on_event(deal, CloseAtMarket())
        BOT.on_event(deal, CancelDeal())
        assert deal.ending is Ending.CANCELLED


class TestAddedFunds:
    def test_they_are_bought_at_market(self):
        deal = deal_of(fill())
        PLAIN.on_event(deal, AddFunds(wish="a", quote=D(50), at_price=D(99)))
        assert wanted(deal, PLAIN)["add-a"].amount == D("0.50506")
        assert prices(deal, PLAIN)["add-a"] is None

    def test_or_at_the_price_that_the_user_gives(self):
        deal = deal_of(fill())
        PLAIN.on_event(deal, AddFunds(wish="a", quote=D(50), price=D("95.005"), at_price=D(99)))
        assert prices(deal, PLAIN)["add-a"] == D("95.00")

    def test_a_short_has_no_coins_for_more_than_its_own_orders(self):
        deal = short_of(SHORT, sold("base", "1", "100", "1"))
        with pytest.raises(SettingsRefused, match="not for its own orders"):
            SHORT.on_event(deal, AddFunds(wish="a", quote=D(50), at_price=D(100)))


class TestReductions:
    def test_two_of_them_never_sell_more_than_there_is(self):
        deal = deal_of(fill())
        for wish in ("a", "b"):
            PLAIN.on_event(deal, ReduceFunds(wish=wish, share=D("0.6")))
        assert [o.amount for o in PLAIN.orders(deal) if o.name.startswith("reduce")] == [D("0.6"), D("0.24")]

    def test_what_the_take_profit_sold_meanwhile_is_not_sold_again(self):
        deal = deal_of(fill())
        PLAIN.on_event(deal, ReduceFunds(wish="a", share=D("0.6")))
        deal.record(sold("take-profit", "0.7", "102", "2"))
        assert wanted(deal, PLAIN)["reduce-a"].amount == D("0.3")


class TestEditing:
    def test_an_averaging_order_that_filled_stays_as_large_as_it_is(self):
        deal = deal_of(fill(), fill("averaging-1", amount="1.02041", price="98", trade="2"))
        larger = replace(BOT, averaging_order=D(300))
        larger.takes_over(deal, BOT)
        assert "averaging-1" not in prices(deal, larger)
        assert wanted(deal, larger)["averaging-2"].amount > wanted(deal)["averaging-2"].amount

    def test_fewer_averaging_orders_are_taken_off_the_book(self):
        deal = deal_of(fill())
        fewer = replace(BOT, averaging_orders=1)
        fewer.takes_over(deal, BOT)
        assert [name for name in prices(deal, fewer) if name.startswith("av")] == ["averaging-1"]

    @pytest.mark.parametrize("change", [{"base_order": D(200)}, {"direction": SHORT.direction}, {"more_each": D(5)}])
    def test_what_has_traded_cannot_be_changed(self, change):
        with pytest.raises(SettingsRefused) as refusal:
            replace(BOT, **change).takes_over(deal_of(fill()), BOT)
        assert [problem.field for problem in refusal.value.problems] == [*change]

    def test_steps_may_take_the_place_of_a_ladder_of_ones_own(self):
        rows = (RungSetting(deviation=D("0.01"), size=D(50)),)
        before = replace(PLAIN, own_ladder=rows)
        deal = deal_of(fill())
        BOT.takes_over(deal, replace(before, base_order=BOT.base_order))
        assert prices(deal)["averaging-1"] == D("98.00")
