from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.deal import Carried, Deal, Ending
from strategies.events import Alarm, CancelDeal, CloseAtMarket, Tick
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.market import Market
from strategies.orders import Fill, Side
from strategies.settings import SettingsRefused
from strategies.twap import TWAP, Missed, Slice

NOON = 1_767_268_800_000
MINUTE = 60_000
MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.01"), min_notional=D(5))
BOT = TWAP(quote=D(1000), slices=4, duration=240)
COINS = TWAP(side=Side.SELL, base=D(8), slices=4, duration=240)


class Told:
    """A deal that began at noon, with what is told of it."""

    def __init__(self, bot, price="100"):
        self.bot, self.trades = bot, 0
        price = D(price)
        self.deal = Deal(market=MARKET, price=price, opened_at=NOON, carried=bot.given(price, MARKET))

    def tick(self, minutes, price="100"):
        self.bot.on_event(self.deal, Tick(NOON + int(minutes * MINUTE), D(price)))
        return self

    def fill(self, amount, price="100", side="buy", order=None):
        self.trades += 1
        self.deal.record(
            Fill(
                order=order or side,
                side=Side(side),
                amount=D(amount),
                price=D(price),
                fee=D(0),
                fee_asset="USDT",
                at=NOON,
                trade_id=str(self.trades),
            )
        )
        return self

    @property
    def order(self):
        (order,) = self.bot.orders(self.deal)
        return order

    @property
    def missing(self):
        return self.order.amount - self.deal.filled(self.order.name)


def test_the_first_slice_comes_at_once():
    order = Told(BOT).order
    assert (order.side, order.amount, order.price) == (Side.BUY, D("2.50"), None)


def test_a_slice_spends_its_share_at_the_price_of_its_moment():
    assert Told(BOT).fill("2.50").tick(1, "125").missing == D("2.00")


def test_a_tick_within_a_slice_changes_nothing():
    assert Told(BOT).tick(0.9, "50").order.amount == D("2.50")


def test_the_deal_waits_for_the_next_slice():
    assert list(BOT.watches(Told(BOT).deal)) == [Alarm(at=NOON + MINUTE, then="slice 2 of 4")]


def test_what_a_slice_overspent_the_next_one_spends_less():
    assert Told(BOT).fill("2.50", "104").tick(1).missing == D("2.40")


def test_a_slice_that_did_not_trade_is_skipped():
    assert Told(BOT).tick(1).missing == D("2.50")


def test_a_slice_that_did_not_trade_is_made_up_for_if_that_is_wished():
    assert Told(replace(BOT, missed=Missed.CATCH_UP)).tick(1).missing == D("5.00")


def test_slices_missed_while_the_bot_was_off_are_not_doubled():
    assert Told(BOT).fill("2.50").tick(3).missing == D("2.50")


def test_slices_missed_while_the_bot_was_off_are_made_up_for_if_that_is_wished():
    assert Told(replace(BOT, missed=Missed.CATCH_UP)).fill("2.50").tick(3).missing == D("7.50")


def test_what_rounding_leaves_of_a_slice_goes_with_the_next():
    # 250 at 101 are 2.47 coins, for 249.47; the next slice has 250.53, which at 50.1 are 5.00 coins and not 4.99.
    assert Told(BOT, "101").fill("2.47", "101").tick(1, "50.1").missing == D("5.00")


def test_a_rest_below_the_smallest_order_goes_with_the_slice_before():
    told = Told(TWAP(base=D("0.14"), slices=2, duration=240))
    assert told.missing == D("0.07")
    assert told.fill("0.03").tick(2, "70").missing == D("0.11")
    assert Told(TWAP(base=D("0.09"), slices=2, duration=240)).missing == D("0.09")


def test_with_a_worst_price_a_slice_is_a_limit_order():
    assert Told(replace(BOT, worst_price=D("99.999"))).order.price == D("99.99")


def test_a_seller_rounds_its_worst_price_up():
    assert Told(replace(COINS, worst_price=D("99.999"))).order.price == D("100.00")


def test_a_limit_order_cannot_spend_more_than_the_slice():
    order = Told(replace(BOT, worst_price=D(125))).order
    assert order.amount * order.price == D(250)


def test_what_a_better_price_left_over_is_spent_in_the_same_slice():
    told = Told(replace(BOT, worst_price=D(125))).fill("2.00", "100")
    assert told.missing == D("0.40")


def test_a_seller_is_given_its_coins():
    assert COINS.given(D(100), MARKET) == Carried(amount=D(8), cost=D(800))


def test_a_seller_of_quote_is_given_what_the_worst_price_needs():
    bot = TWAP(side=Side.SELL, quote=D(1000), slices=4, duration=240, worst_price=D(80))
    assert bot.given(D(100), MARKET).amount == D("12.50")


def test_a_seller_never_sells_more_than_it_was_given():
    bot = TWAP(side=Side.SELL, quote=D(1000), slices=4, duration=240, missed=Missed.CATCH_UP)
    assert Told(bot).tick(3, "10").missing == D("10.00")


def test_it_is_done_when_the_total_is_reached():
    told = Told(replace(BOT, slices=1)).fill("10.00")
    assert [alarm.then for alarm in told.bot.watches(told.deal)] == ["the total is reached"]
    assert told.tick(0).deal.ending is Ending.DONE
    assert told.bot.finished(told.deal, D(100))


def test_it_is_done_when_its_time_is_over():
    told = Told(BOT).tick(4)
    assert told.deal.ending is Ending.DONE
    assert list(BOT.orders(told.deal)) == []


def test_a_millisecond_before_the_end_it_is_not_done():
    assert Told(BOT).tick(4 - 1 / MINUTE).deal.ending is None


def test_closing_at_market_sells_what_it_bought():
    told = Told(BOT).fill("2.50")
    BOT.on_event(told.deal, CloseAtMarket())
    assert (told.order.name, told.order.side, told.order.amount) == ("close", Side.SELL, D("2.50"))
    assert not BOT.finished(told.deal, D(100))


def test_a_cancelled_deal_keeps_its_coins():
    told = Told(BOT).fill("2.50")
    BOT.on_event(told.deal, CancelDeal())
    assert list(BOT.orders(told.deal)) == []
    assert BOT.finished(told.deal, D(100))


def test_an_unchanged_order_is_the_same_object():
    told = Told(BOT)
    assert told.order is told.order


def test_the_slices_of_a_time_that_does_not_divide_begin_on_whole_milliseconds():
    told = Told(replace(BOT, slices=7, duration=10))
    (alarm,) = told.bot.watches(told.deal)
    assert alarm.at == NOON + 1429
    assert told.tick(1428 / MINUTE).deal.state is None
    assert told.tick(1429 / MINUTE).deal.state.number == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quote": None}, "quote"),
        ({"base": D(1)}, "quote"),
        ({"quote": D(0)}, "quote"),
        ({"slices": 0}, "slices"),
        ({"slices": 300}, "slices"),
        ({"worst_price": D(-1)}, "worst_price"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    assert {problem.field for problem in refusal.value.problems} == {field}
    assert all(problem.remedy for problem in refusal.value.problems)


def test_slices_below_the_smallest_order_are_refused_with_how_many_would_do():
    bot = replace(BOT, slices=200)
    (problem,) = bot.problems(D("99.99"), MARKET)
    assert problem.field == "slices"
    assert problem.remedy == "Use at most 166 slices."
    assert list(replace(bot, slices=166).problems(D("99.99"), MARKET)) == []


def test_a_total_below_the_smallest_order_is_refused():
    (problem,) = replace(BOT, quote=D(4), slices=1).problems(D(100), MARKET)
    assert problem.field == "quote"


def test_a_worst_price_that_the_market_is_beyond_is_warned_of():
    (warning,) = replace(BOT, worst_price=D(99)).warnings(D(100), MARKET)
    assert warning.field == "worst_price"


def test_the_capital_of_a_buyer_is_its_total():
    assert BOT.capital(D(100), MARKET) == D(1000)
    assert TWAP(base=D(8), slices=4, duration=240, worst_price=D(120)).capital(D(100), MARKET) == D(960)
    assert COINS.capital(D(100), MARKET) == 0


def test_settings_survive_the_way_through_json():
    for bot in (BOT, replace(COINS, worst_price=D("95.5"), missed=Missed.CATCH_UP)):
        assert from_json("twap", to_json(bot)) == bot


def test_the_slice_survives_the_way_through_json():
    told = Told(BOT).tick(1)
    assert state_from_text(BOT, state_to_text(told.deal.state)) == told.deal.state
    assert isinstance(told.deal.state, Slice)
