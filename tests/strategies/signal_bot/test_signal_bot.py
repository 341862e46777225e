"""The signal bot, as its help text has it."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.backtest.engine import run
from strategies.deal import Carried, Deal, Ending
from strategies.events import AddFunds, CancelDeal, CloseAtMarket, ReduceFunds
from strategies.exits import Step, StopLoss
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.opening import AT_ONCE
from strategies.orders import OrderType, Side
from strategies.settings import SettingsRefused
from strategies.signal_bot import AmountIn, ExitsFrom, SignalBot, SignalExits
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.exits.deals import FEES, FREE, START, fill
from tests.strategies.signal_bot.signals import SHARE, enter, leave, signal
from tests.strategies.smart.trades import Trade

BOT = SignalBot(order_amount=D(100), max_position=D(300), entries=2)
SHORT = replace(BOT, side=Side.SELL, coins=D(3))
WITH_EXITS = replace(
    BOT,
    take_profit=(Step(profit=D("0.03"), share=D("0.5")), Step(profit=D("0.05"), share=D("0.5"))),
    stop_loss=StopLoss(loss=D("0.05"), break_even_after=1),
)


def entered(bot=BOT, market=FREE):
    return Trade(bot, market).tell(enter()).trade("enter-s1")


def reasons(trade):
    return [each.reason for each in trade.deal.state.unheeded]


def test_a_deal_waits_for_its_first_signal():
    trade = Trade(WITH_EXITS).price("50", "200")
    assert trade.terms() == []
    assert not trade.over


def test_an_entering_signal_buys_the_bots_amount_at_market():
    assert Trade(BOT).tell(enter(price="110")).terms() == [("enter-s1", D("0.909"), None)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"amount": "50"}, (D("0.500"), None)),
        ({"amount": "0.7", "amount_in": AmountIn.BASE}, (D("0.700"), None)),
        ({"order": OrderType.LIMIT, "price_limit": "98"}, (D("1.020"), D(98))),
        ({"order": OrderType.LIMIT, "better_by": "0.05"}, (D("1.052"), D(95))),
    ],
)
def test_a_signal_may_say_how_much_and_at_what_price(said, expected):
    assert Trade(BOT).tell(enter(**said)).terms() == [("enter-s1", *expected)]


def test_a_second_entry_may_be_a_share_of_the_position():
    trade = entered().tell(enter("s2", amount="0.5", amount_in=SHARE))
    assert trade.terms() == [("add-signal-s2", D("0.500"), None)]


def test_entries_beyond_pyramiding_are_not_heeded_and_the_reason_is_kept():
    trade = entered().tell(enter("s2")).trade("add-signal-s2").tell(enter("s3"))
    assert trade.terms() == []
    assert reasons(trade) == ["action: the position has had 2 of its 2 entries. Allow more entries."]


def test_an_entry_beyond_the_largest_position_is_not_heeded():
    trade = entered().tell(enter("s2", amount="201"))
    assert trade.terms() == []
    assert reasons(trade) == [
        "order.amount: the position would be worth 301.000, more than 300. Allow a larger position."
    ]


def test_the_same_signal_twice_is_one_and_changes_nothing():
    trade = entered(WITH_EXITS).trade("take-profit-step-1")
    before = trade.deal.state
    assert trade.tell(enter()).deal.state is before


def test_an_unheeded_signal_told_again_is_kept_once():
    trade = Trade(BOT).tell(enter(amount="1")).tell(enter(amount="1"))
    assert len(reasons(trade)) == 1


def test_an_exit_without_a_position_does_nothing():
    trade = Trade(BOT).tell(leave())
    assert (trade.terms(), trade.deal.state, trade.over) == ([], None, False)


def test_an_exit_sells_everything_and_ends_the_deal():
    trade = entered().tell(leave())
    assert trade.terms() == [("close", D("1.000"), None)]
    assert trade.trade("close").over
    assert trade.deal.ending is Ending.SIGNAL


def test_an_exit_may_be_a_part():
    trade = entered(WITH_EXITS).tell(leave(amount="0.4", amount_in=SHARE))
    assert trade.terms() == [
        ("take-profit-step-1", D("0.300"), D("103.00")),
        ("take-profit-step-2", D("0.300"), D("105.00")),
        ("exit-x1", D("0.400"), None),
    ]
    assert not trade.trade("exit-x1").over


def test_an_exit_that_would_leave_dust_sells_everything():
    trade = entered().tell(leave(amount="0.96", amount_in=SHARE))
    assert trade.terms() == [("close", D("1.000"), None)]


def test_an_exit_at_a_limit_keeps_the_coins_for_it():
    trade = entered(WITH_EXITS).tell(leave(order=OrderType.LIMIT, price_limit="101"))
    assert trade.terms() == [("exit-x1", D("1.000"), D(101))]
    assert trade.trade("exit-x1").over


def test_an_exit_calls_off_an_entry_that_has_not_filled():
    trade = Trade(BOT).tell(enter(order=OrderType.LIMIT, price_limit="90")).tell(leave())
    assert trade.terms() == []
    assert trade.over


def test_what_an_entry_still_buys_after_the_exit_is_sold():
    trade = Trade(BOT).tell(enter(order=OrderType.LIMIT, price_limit="90")).tell(leave())
    trade.deal.record(fill("enter-s1", amount="0.5", price="90"))
    assert trade.terms() == [("close", D("0.500"), None)]
    assert not trade.over


def test_signals_the_other_way_are_not_for_this_bot():
    assert reasons(Trade(BOT).tell(signal("enter_short"))) == [
        "action: this bot goes long. Send the signal to a bot that goes the other way."
    ]
    assert reasons(Trade(SHORT).tell(enter()))[0].startswith("action: this bot goes short.")


def test_a_short_sells_the_coins_that_it_was_given_and_buys_them_back():
    trade = Trade(SHORT).tell(signal("enter_short")).trade("enter-s1")
    assert trade.deal.owed == D(1)
    trade.price("90").tell(signal("exit_short", "x1", price="90")).trade("close")
    assert trade.over
    assert trade.deal.held == D(3)
    assert trade.deal.realised == D(10)


def test_a_short_sells_no_more_coins_than_it_has():
    trade = Trade(replace(SHORT, coins=D("1.5"))).tell(signal("enter_short")).tell(signal("enter_short", "s2"))
    assert reasons(trade) == ["order.amount: 1.000 BTC would be sold, and 0.500 are left. Give the bot more coins."]


def test_a_disabled_bot_enters_no_more_but_looks_after_what_it_has():
    trade = entered(WITH_EXITS).tell(signal("disable", "d")).tell(enter("s2"))
    assert [name for name, _, _ in trade.terms()] == ["take-profit-step-1", "take-profit-step-2"]
    assert reasons(trade) == ["action: the bot was disabled by a signal. Enable it again."]


def test_a_bot_that_is_disabled_while_it_waits_ends_its_deal():
    trade = Trade(BOT).tell(signal("disable", "d"))
    assert trade.over
    assert trade.deal.ending is Ending.DONE


def test_a_disabled_bot_lets_go_of_entries_that_have_not_filled():
    trade = Trade(BOT).tell(enter()).trade("enter-s1", "0.5").tell(signal("disable", "d"))
    assert trade.terms() == []


def test_the_bots_exits_follow_an_entry():
    trade = entered(WITH_EXITS).trade("take-profit-step-1").price("100")
    assert trade.terms() == [("close", D("0.500"), None)]
    assert trade.deal.ending is Ending.STOP_LOSS


def test_exits_may_come_with_the_signal():
    exits = SignalExits(take_profit=(Step(profit=D("0.1")),), stop_loss=StopLoss(loss=D("0.02")))
    bot = replace(BOT, exits_from=ExitsFrom.SIGNAL)
    trade = Trade(bot).tell(enter(exits=exits)).trade("enter-s1")
    assert trade.terms() == [("take-profit-step-1", D("1.000"), D("110.00"))]
    assert trade.price("98").deal.ending is Ending.STOP_LOSS


def test_a_bot_with_exits_of_its_own_does_not_take_those_of_a_signal():
    exits = SignalExits(take_profit=(Step(profit=D("0.5")),))
    trade = Trade(WITH_EXITS).tell(enter(exits=exits)).trade("enter-s1")
    assert trade.terms()[0] == ("take-profit-step-1", D("0.500"), D("103.00"))


def test_a_later_entry_moves_the_exits_and_leaves_sold_steps_alone():
    trade = entered(WITH_EXITS).trade("take-profit-step-1").tell(enter("s2", price="104")).price("104")
    trade.trade("add-signal-s2")
    assert [name for name, _, _ in trade.terms()] == ["take-profit-step-2"]


def test_details_that_are_none_are_not_heeded_with_the_reason():
    bad = replace(enter(), details=(("order", '{"amount": "much"}'),))
    assert reasons(Trade(BOT).tell(bad)) == [
        "amount: 'much' is not a plain decimal number. Give a plain decimal number."
    ]


def test_funds_can_be_added_and_reduced_by_hand():
    trade = entered().tell(AddFunds(wish="a", quote=D(50), at_price=D(100)))
    assert trade.trade("add-a").deal.held == D("1.500")
    assert trade.tell(ReduceFunds(wish="r", share=D("0.5"))).terms() == [("reduce-r", D("0.750"), None)]


def test_funds_cannot_be_added_to_nothing():
    with pytest.raises(SettingsRefused, match="Wait for a signal"):
        Trade(BOT).tell(AddFunds(wish="a", quote=D(50), at_price=D(100)))


def test_closing_and_cancelling_work_as_everywhere():
    assert entered().tell(CloseAtMarket()).terms() == [("close", D("1.000"), None)]
    assert entered().tell(CancelDeal()).over


def test_dust_of_the_deal_before_is_no_position():
    dust = Carried(amount=D("0.04"), cost=D(4))
    deal = Deal(market=FREE, price=D(100), opened_at=START, carried=dust)
    assert list(WITH_EXITS.orders(deal)) == list(WITH_EXITS.watches(deal)) == []
    WITH_EXITS.on_event(deal, leave())
    assert deal.ending is None


def test_in_a_backtest_signals_make_one_deal_after_another():
    candles = series(1, 50, 0.002, 0.0)
    signals = [
        enter("a", at=60_000 * 5, price="100"),
        leave("b", at=60_000 * 10, price="100"),
        leave("c", at=60_000 * 12, price="100"),
        enter("d", at=60_000 * 20, price="100"),
        leave("e", at=60_000 * 30, price="100"),
    ]
    result = run(BOT, FEES, candles, signals=signals)
    assert [(fill.bar, fill.order) for fill in result.fills] == [
        (5, "enter-a"),
        (10, "close"),
        (20, "enter-d"),
        (30, "close"),
    ]
    assert [deal.ending for deal in result.deals] == ["signal", "signal", ""]


def test_a_bot_opens_its_next_deal_at_once():
    assert BOT.opening is AT_ONCE


def test_settings_survive_the_way_through_json():
    assert from_json("signal", to_json(WITH_EXITS)) == WITH_EXITS


def test_state_survives_the_way_through_text():
    exits = SignalExits(take_profit=(Step(profit=D("0.1")),), stop_loss=StopLoss(loss=D("0.02"), trailing=True))
    trade = Trade(replace(BOT, exits_from=ExitsFrom.SIGNAL)).tell(enter(exits=exits)).trade("enter-s1")
    trade.price("105").tell(enter("s9", amount="1"))
    assert trade.deal.state.unheeded
    assert state_from_text(BOT, state_to_text(trade.deal.state)) == trade.deal.state


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"max_position": D(50)}, "max_position"),
        ({"side": Side.SELL}, "coins"),
        ({"coins": D(1)}, "coins"),
        ({"entries": 0}, "entries"),
        ({"take_profit": (Step(price=D(110)),)}, "take_profit[0].price"),
        ({"stop_loss": StopLoss(price=D(90))}, "stop_loss.price"),
        ({"exits_from": ExitsFrom.SIGNAL, "stop_loss": StopLoss(loss=D("0.1"))}, "exits_from"),
        ({"trailing": D("0.1")}, "trailing"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    assert field in [problem.field for problem in refusal.value.problems]
    assert all(problem.remedy for problem in refusal.value.problems)


@pytest.mark.parametrize(
    ("bot", "field"),
    [
        (replace(BOT, order_amount=D("4.99")), "order_amount"),
        (replace(SHORT, coins=D("0.5")), "coins"),
        (replace(WITH_EXITS, order_amount=D(8)), "take_profit[0].share"),
    ],
)
def test_what_cannot_work_on_a_market_is_refused_for_that_market(bot, field):
    assert field in [problem.field for problem in bot.problems(D(100), FREE)]


def test_what_works_but_hardly_as_it_was_meant_is_warned_of():
    bot = replace(BOT, entries=5, max_lag=None)
    assert [problem.field for problem in bot.warnings(D(100), FREE)] == ["max_position", "stop_loss", "max_lag"]


def test_the_capital_is_the_largest_position_with_its_fee():
    assert BOT.capital(D(100), FEES) == D("300.3")


def test_a_short_needs_what_its_stop_loss_costs():
    assert replace(SHORT, stop_loss=StopLoss(loss=D("0.05"))).capital(D(100), FREE) == D(15)


def test_the_largest_order_closes_everything_at_twice_the_price():
    assert BOT.largest_order(D(100), FREE) == D(600)
