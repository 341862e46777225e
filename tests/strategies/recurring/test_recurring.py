from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from strategies.deal import Deal, Ending
from strategies.events import Alarm, CancelDeal, CloseAtMarket, Tick
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.market import Market
from strategies.opening import AT_ONCE, ONCE
from strategies.orders import Fill, Side
from strategies.recurring import Every, Recurring
from strategies.settings import SettingsRefused

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5))
BOT = Recurring(quote=D(100), every=Every.DAY, hour=12)


def ms(day, hour=12, minute=0):
    return int(datetime(2026, 1, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


class Told:
    """A deal that opened on 1 January at 13:00, with what is told of it."""

    def __init__(self, bot):
        self.bot, self.trades = bot, 0
        self.deal = Deal(market=MARKET, price=D(100), opened_at=ms(1, 13))

    def tick(self, day, price="100", hour=12, minute=0):
        self.bot.on_event(self.deal, Tick(ms(day, hour, minute), D(price)))
        return self

    def fill(self, order, amount, price="100", side="buy"):
        self.trades += 1
        self.deal.record(
            Fill(
                order=order,
                side=Side(side),
                amount=D(amount),
                price=D(price),
                fee=D(0),
                fee_asset="USDT",
                at=0,
                trade_id=str(self.trades),
            )
        )
        return self

    def bought(self, day, price="100"):
        """The purchase of this day, filled whole at this price."""
        self.tick(day, price)
        order = self.purchase
        return self.fill(order.name, order.amount - self.deal.filled(order.name), price)

    @property
    def wanted(self):
        return {order.name: order for order in self.bot.orders(self.deal)}

    @property
    def purchase(self):
        (order,) = (order for order in self.wanted.values() if order.side is Side.BUY)
        return order


def test_nothing_is_bought_before_the_first_purchase_is_due():
    told = Told(BOT).tick(1, hour=23)
    assert told.wanted == {}
    assert list(BOT.watches(told.deal)) == [Alarm(at=ms(2), then="purchase 1 is due")]


def test_a_purchase_that_is_due_when_the_deal_opens_is_not_made_by_it():
    deal = Deal(market=MARKET, price=D(100), opened_at=ms(2))
    BOT.on_event(deal, Tick(ms(2), D(100)))
    assert list(BOT.orders(deal)) == []


def test_a_purchase_spends_its_sum_at_the_price_of_its_moment():
    order = Told(BOT).tick(2, "80").purchase
    assert (order.name, order.amount, order.price) == ("buy-1", D("1.250"), None)


def test_a_purchase_can_be_of_so_many_coins():
    assert Told(replace(BOT, quote=None, base=D("0.5"))).tick(2, "80").purchase.amount == D("0.500")


def test_rounding_never_spends_more_than_the_sum():
    assert Told(BOT).tick(2, "99").purchase.amount == D("1.010")


def test_each_period_has_an_order_of_its_own():
    assert Told(BOT).bought(2).tick(3).purchase.name == "buy-2"


def test_the_same_moment_told_again_buys_nothing_more():
    told = Told(BOT).bought(2)
    assert told.tick(2, hour=18).purchase.amount == told.deal.filled("buy-1")


def test_purchases_missed_while_the_bot_was_off_are_not_doubled():
    assert Told(BOT).bought(2).tick(6, hour=15).purchase.amount == D("1.000")


def test_a_purchase_can_be_made_late():
    assert Told(BOT).tick(2, hour=23, minute=59).purchase.name == "buy-1"


def test_a_purchase_that_would_come_too_late_is_left_out():
    bot = replace(BOT, late=30)
    assert Told(bot).tick(2, minute=31).wanted == {}
    assert Told(bot).tick(2, minute=30).purchase.name == "buy-1"


def test_a_limit_waits_below_the_price():
    order = Told(replace(BOT, below=D("0.02"))).tick(2).purchase
    assert (order.price, order.amount) == (D("98.00"), D("1.020"))


def test_an_unfilled_limit_moves_to_the_next_price_under_its_name():
    """Under one name the exchange has to confirm that the old order has gone before the new one is placed."""
    order = Told(replace(BOT, below=D("0.02"))).tick(2).tick(3, "110").purchase
    assert (order.name, order.price, order.amount) == ("buy-1", D("107.80"), D("0.927"))


def test_a_purchase_too_small_for_the_exchange_is_left_out_and_the_unfilled_order_keeps_its_name():
    told = Told(replace(BOT, quote=None, base=D("0.1"), below=D("0.02"))).tick(2).tick(3, "50").tick(4)
    assert told.purchase.name == "buy-1"
    assert told.tick(5, "50").wanted == {}


def test_what_is_left_of_a_limit_is_not_bought_with_the_next():
    told = Told(replace(BOT, below=D("0.02"))).tick(2).fill("buy-1", "0.500", "98").tick(3)
    assert told.purchase.amount - told.deal.filled("buy-1") == D("1.020")


def test_above_the_highest_price_a_purchase_is_left_out():
    bot = replace(BOT, highest_price=D(100))
    assert Told(bot).tick(2, "100.01").wanted == {}
    assert Told(bot).tick(2, "100.01").tick(3, "100").purchase.name == "buy-2"


def test_a_limit_below_the_highest_price_is_placed_though_the_market_is_above():
    assert Told(replace(BOT, below=D("0.02"), highest_price=D(100))).tick(2, "102").purchase.price == D("99.96")


def test_a_dip_below_the_average_is_bought_larger():
    bot = replace(BOT, dip=D("0.1"), dip_factor=D(3))
    assert Told(bot).bought(2).tick(3, "90.01").purchase.amount == D("1.110")
    assert Told(bot).bought(2).tick(3, "90").purchase.amount == D("3.333")


def test_the_last_purchase_spends_what_is_left_of_the_budget():
    told = Told(replace(BOT, budget=D(130))).bought(2).tick(3)
    assert told.purchase.amount == D("0.300")


def test_a_used_up_budget_ends_the_deal():
    told = Told(replace(BOT, budget=D(100))).bought(2)
    assert [alarm.then for alarm in told.bot.watches(told.deal)] == ["the last purchase is made"]
    assert told.tick(2).deal.ending is Ending.DONE
    assert told.bot.finished(told.deal, D(100))


def test_after_the_last_purchase_the_deal_is_done():
    told = Told(replace(BOT, purchases=2)).bought(2).tick(2)
    assert told.deal.ending is None
    assert told.bought(3).tick(3).deal.ending is Ending.DONE


def test_a_limit_that_expired_is_no_purchase():
    told = Told(replace(BOT, purchases=1, below=D("0.02"))).tick(2).tick(3)
    assert told.deal.ending is None
    assert told.purchase.price == D("98.00")


def test_a_limit_that_filled_in_part_is_a_purchase():
    told = Told(replace(BOT, purchases=1, below=D("0.02"))).tick(2).fill("buy-1", "0.5", "98").tick(3)
    assert told.deal.ending is Ending.DONE


def test_without_a_take_profit_the_coins_are_kept():
    assert list(Told(BOT).bought(2).wanted) == ["buy-1"]
    assert BOT.opening == ONCE


def test_the_take_profit_sells_everything_above_the_average_cost():
    told = Told(replace(BOT, take_profit=D("0.1"))).bought(2, "100").bought(3, "50")
    order = told.wanted["take-profit"]
    assert order.amount == D(3)
    # 200 for 3 coins, 10 % more, and the fee: 73.41 and not a tick less.
    assert order.price == D("73.41")


def test_the_take_profit_stays_while_a_purchase_fills_in_parts():
    told = Told(replace(BOT, take_profit=D("0.1"))).bought(2)
    before = told.wanted["take-profit"]
    assert told.tick(3, "50").fill("buy-2", "1", "50").wanted["take-profit"] is before
    assert told.fill("buy-2", "1", "50").wanted["take-profit"].amount == D(3)


def test_the_parts_get_a_take_profit_of_their_own_when_the_first_has_filled():
    told = Told(replace(BOT, take_profit=D("0.1"))).bought(2).tick(3, "50").fill("buy-2", "1", "50")
    told.fill("take-profit", "1", "112", side="sell")
    assert told.wanted["take-profit"].amount == D(2)


def test_when_everything_is_sold_the_deal_is_over_and_the_next_may_open():
    bot = replace(BOT, take_profit=D("0.1"))
    told = Told(bot).bought(2).fill("take-profit", "1", "112", side="sell").tick(3)
    assert bot.finished(told.deal, D(112))
    assert told.wanted == {}
    assert bot.opening == AT_ONCE


def test_a_used_up_budget_waits_for_its_take_profit():
    bot = replace(BOT, take_profit=D("0.1"), purchases=1)
    told = Told(bot).bought(2).tick(3).tick(4)
    assert told.deal.ending is None
    assert list(bot.watches(told.deal)) == []
    assert "take-profit" in told.wanted


def test_closing_at_market_sells_what_was_bought():
    told = Told(BOT).bought(2)
    BOT.on_event(told.deal, CloseAtMarket())
    assert [(o.name, o.side, o.amount) for o in told.wanted.values()] == [("close", Side.SELL, D(1))]


def test_a_cancelled_deal_keeps_its_coins():
    told = Told(BOT).bought(2)
    BOT.on_event(told.deal, CancelDeal())
    assert told.wanted == {}
    assert BOT.finished(told.deal, D(100))


def test_an_unchanged_order_is_the_same_object():
    told = Told(replace(BOT, take_profit=D("0.1"))).bought(2)
    assert all(told.wanted[name] is order for name, order in told.wanted.items())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quote": None}, "quote"),
        ({"base": D(1)}, "quote"),
        ({"minute": 60}, "minute"),
        ({"hour": 24}, "hour"),
        ({"weekday": 0}, "weekday"),
        ({"day": 32}, "day"),
        ({"budget": D(99)}, "budget"),
        ({"dip_factor": D("0.5")}, "dip_factor"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    (problem,) = refusal.value.problems
    assert problem.field == field
    assert problem.remedy


def test_a_purchase_below_the_smallest_order_is_refused_with_what_would_do():
    (problem,) = replace(BOT, quote=D(5)).problems(D(99), MARKET)
    assert problem.field == "quote"
    assert list(replace(BOT, quote=D("5.049")).problems(D(99), MARKET)) == []
    assert problem.remedy == "Give at least 5.049 USDT."


def test_a_highest_price_below_the_market_is_warned_of():
    (warning,) = replace(BOT, highest_price=D(99)).warnings(D(100), MARKET)
    assert warning.field == "highest_price"


def test_the_capital_is_that_of_all_purchases_or_of_a_year():
    assert replace(BOT, purchases=7).capital(D(100), MARKET) == D(700)
    assert BOT.capital(D(100), MARKET) == D(36600)
    assert replace(BOT, budget=D(500)).capital(D(100), MARKET) == D(500)


def test_settings_survive_the_way_through_json():
    bot = replace(BOT, below=D("0.01"), every=Every.MONTH, day=31, take_profit=D("0.1"), late=5)
    assert from_json("recurring", to_json(bot)) == bot


def test_the_purchase_survives_the_way_through_json():
    told = Told(BOT).tick(2)
    assert state_from_text(BOT, state_to_text(told.deal.state)) == told.deal.state
