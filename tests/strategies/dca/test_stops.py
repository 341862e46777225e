"""Getting out of a deal at a loss, or because its time or its conditions have come."""

from dataclasses import replace
from decimal import Decimal as D

from strategies.conditions import ASAP, Conditions
from strategies.dca import DCA, Reckoned
from strategies.deal import Ending
from strategies.events import Alarm
from tests.strategies.dca.deals import (
    BOT,
    FEES,
    FREE,
    PLAIN,
    SHORT,
    answered,
    deal_of,
    fill,
    replay,
    short_of,
    sold,
    stands_at,
)

AVERAGED = fill("averaging-1", amount="1.02041", price="98", trade="2")


def test_the_stop_loss_is_measured_from_the_base_order_not_from_the_average():
    assert BOT.stop_price(deal_of(fill(), AVERAGED)) == D("85.00")


def test_from_the_total_it_is_measured_from_the_average():
    bot = replace(BOT, stop_loss_from=Reckoned.TOTAL)
    assert bot.stop_price(deal_of(fill(), AVERAGED)) == D("84.14")


def test_the_stop_loss_sells_all_that_is_held_at_market():
    deal, fills = replay(replace(PLAIN, stop_loss=D("0.1")), FREE, 100, 90)
    assert [(each.order, each.amount, each.price) for each in fills[1:]] == [("close", D(1), D(90))]
    assert deal.ending is Ending.STOP_LOSS


def test_a_gap_through_every_rung_ends_at_the_stop():
    deal, fills = replay(BOT, FREE, 100, 80, 79)
    assert deal.ending is Ending.STOP_LOSS
    assert BOT.finished(deal, D(79))
    assert fills[-1].order == "close"


def test_the_stop_loss_of_a_short_lies_above():
    assert SHORT.stop_price(short_of(SHORT, sold("base", "1", "100", "1"))) == D("115.00")


def test_a_stop_loss_that_the_fee_alone_reaches_is_refused():
    bot = replace(PLAIN, stop_loss=D("0.001"), stop_loss_from=Reckoned.TOTAL)
    assert [problem.field for problem in bot.problems(D(100), FEES)] == ["stop_loss"]


def test_a_deal_that_is_too_old_is_closed_at_market():
    bot = replace(PLAIN, deal_timeout=3600)
    deal = deal_of(fill())
    assert [each.at for each in bot.watches(deal) if isinstance(each, Alarm)] == [deal.opened_at + 3_600_000]
    assert stands_at(bot, deal, 100, seconds=3599) is None
    assert stands_at(bot, deal, 100, seconds=3600) is Ending.TIMED_OUT


def test_a_base_order_that_nobody_took_in_that_time_is_called_off():
    bot = replace(PLAIN, deal_timeout=60)
    deal = deal_of()
    stands_at(bot, deal, 100, seconds=60)
    assert list(bot.orders(deal)) == []
    assert bot.finished(deal, D(100))


class TestCloseConditions:
    BOT = DCA(base_order=D(100), close_conditions=Conditions((ASAP(),)))

    def test_they_close_the_deal_when_they_come_to_hold(self):
        assert answered(self.BOT, deal_of(fill()), "closing", holds=True) is Ending.CONDITIONS

    def test_those_that_held_before_have_to_come_to_hold_anew(self):
        deal = deal_of()
        answered(self.BOT, deal, "closing", holds=True)
        deal.record(fill())
        assert stands_at(self.BOT, deal, 100) is None
        assert answered(self.BOT, deal, "closing", holds=True) is None, "the same answer again is no news"
        answered(self.BOT, deal, "closing", holds=False)
        assert answered(self.BOT, deal, "closing", holds=True) is Ending.CONDITIONS

    def test_with_a_least_profit_those_that_held_before_count(self):
        bot = replace(self.BOT, close_profit=D("0.01"))
        deal = deal_of()
        answered(bot, deal, "closing", holds=True)
        deal.record(fill())
        assert stands_at(bot, deal, "100.99") is None
        assert stands_at(bot, deal, 101) is Ending.CONDITIONS

    def test_the_least_profit_is_after_fees(self):
        bot = replace(self.BOT, close_profit=D("0.01"))
        deal = deal_of(fill(fee="0.001", asset="BTC"), market=FEES)
        answered(bot, deal, "closing", holds=True, price=101)
        assert stands_at(bot, deal, "101.20") is None
        assert stands_at(bot, deal, "101.21") is Ending.CONDITIONS
