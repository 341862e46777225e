"""SmartTrade, as its help text has it."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.deal import Deal, Ending
from strategies.events import AddFunds, Alarm, CancelDeal, CloseAtMarket, Crossing, ReduceFunds, Signalled
from strategies.exits import Step, StopLoss
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.opening import ONCE
from strategies.orders import OpenOrder, OrderType, Side
from strategies.reconcile import Cancel, Place, reconcile
from strategies.settings import SettingsRefused
from strategies.smart import Entry, SmartTrade, converted
from tests.strategies.exits.deals import FEES, FREE, START, fill, long_deal
from tests.strategies.smart.trades import Trade

BOT = SmartTrade(
    base_amount=D(1),
    take_profit=(
        Step(profit=D("0.03"), share=D("0.3")),
        Step(profit=D("0.05"), share=D("0.3")),
        Step(profit=D("0.10"), share=D("0.4")),
    ),
    trailing=D("0.02"),
    stop_loss=StopLoss(loss=D("0.05"), break_even_after=1),
)
SHORT = replace(BOT, side=Side.SELL)
LIMIT = replace(BOT, entry=Entry.LIMIT, price=D(98))
WAITING = replace(BOT, entry=Entry.CONDITIONAL, trigger=D(95))
FORCE = Signalled(wish="f1", at=START, action="force_start", price=D(101))


def test_an_entry_at_market_is_sent_at_once_and_the_exits_follow_it():
    trade = Trade(BOT)
    assert trade.terms() == [("entry", D(1), None)]
    assert trade.trade("entry").terms() == [
        ("take-profit-step-1", D("0.300"), D("103.00")),
        ("take-profit-step-2", D("0.300"), D("105.00")),
    ]


def test_a_short_sells_coins_that_it_was_given_and_buys_them_back_lower():
    trade = Trade(SHORT)
    assert trade.deal.carried.amount == D(1)
    assert trade.wanted()["entry"].side is Side.SELL
    trade.trade("entry").trade("take-profit-step-1").trade("take-profit-step-2").price("90", "88", "89.76").trade(
        "close"
    )
    assert trade.over
    assert trade.deal.held == D(1)
    assert trade.deal.realised == D("0.9") + D("1.5") + D("0.4") * (100 - D("89.76"))


def test_an_amount_in_quote_never_spends_more_than_it_says():
    trade = Trade(replace(BOT, base_amount=None, quote_amount=D("99.99")))
    (order,) = trade.wanted().values()
    assert order.amount == D("0.999")


def test_a_limit_entry_rests_at_its_price():
    assert Trade(LIMIT).terms() == [("entry", D(1), D("98.00"))]


def test_the_entry_is_completed_before_a_take_profit_is_placed():
    assert Trade(LIMIT).trade("entry", "0.4").terms() == [("entry", D("0.600"), D("98.00"))]


def test_an_entry_that_has_filled_in_part_is_let_go_when_the_price_reaches_the_take_profit():
    trade = Trade(LIMIT).trade("entry", "0.4").price("100.93")
    assert "take-profit-step-1" not in trade.wanted()
    assert trade.price("100.94").terms() == [
        ("take-profit-step-1", D("0.120"), D("100.94")),
        ("take-profit-step-2", D("0.120"), D("102.90")),
    ]


def test_the_stop_loss_sells_what_an_entry_has_bought_in_part():
    trade = Trade(LIMIT).trade("entry", "0.4").price("93.1")
    assert trade.terms() == [("close", D("0.400"), None)]


def test_a_conditional_entry_waits_for_its_trigger():
    trade = Trade(WAITING).price("95.01")
    assert trade.terms() == []
    assert trade.price("95").terms() == [("entry", D(1), None)]


def test_a_conditional_entry_may_wait_for_a_rise():
    trade = Trade(replace(WAITING, trigger=D(110), crossing=Crossing.ABOVE)).price("109.99")
    assert trade.terms() == []
    assert trade.price("110").terms() == [("entry", D(1), None)]


def test_a_conditional_entry_with_a_price_becomes_a_limit_order():
    trade = Trade(replace(WAITING, price=D(94))).price("95")
    assert trade.terms() == [("entry", D(1), D("94.00"))]


def test_a_trigger_that_is_reached_already_enters_at_once_and_is_warned_of():
    bot = replace(WAITING, trigger=D(101))
    assert Trade(bot).terms() == [("entry", D(1), None)]
    assert [problem.field for problem in bot.warnings(D(100), FREE)] == ["trigger"]


def test_an_entry_that_trails_follows_the_price_down_and_buys_when_it_has_turned():
    trade = Trade(replace(WAITING, entry_trailing=D("0.01")))
    assert trade.price("95", "95.94", "90", "90.89").terms() == []
    assert trade.price("90.90").terms() == [("entry", D(1), None)]


def test_a_short_that_trails_its_entry_follows_the_price_up():
    bot = replace(SHORT, entry=Entry.CONDITIONAL, trigger=D(105), crossing=Crossing.ABOVE, entry_trailing=D("0.01"))
    assert Trade(bot).price("105", "110", "108.91").terms() == []
    assert Trade(bot).price("105", "110", "108.90").terms() == [("entry", D(1), None)]


def test_coins_already_held_are_only_sold():
    bot = replace(BOT, entry=Entry.HELD, base_amount=D(2), price=D(98))
    assert Trade(bot).terms() == [
        ("take-profit-step-1", D("0.600"), D("100.94")),
        ("take-profit-step-2", D("0.600"), D("102.90")),
    ]


def test_a_forced_start_enters_at_market_although_the_trigger_was_not_reached():
    trade = Trade(WAITING).tell(FORCE)
    assert trade.terms() == [("entry", D(1), None)]


def test_a_forced_start_sends_what_is_missing_of_a_limit_order_to_the_market():
    bot = replace(LIMIT, base_amount=None, quote_amount=D(98))
    trade = Trade(bot).trade("entry", "0.5").tell(FORCE)
    assert trade.terms() == [("entry", D("0.485"), None)]  # 49 of 98 are left


def test_a_forced_start_buys_nothing_more_for_a_trade_that_is_in():
    trade = Trade(replace(LIMIT, base_amount=None, quote_amount=D(98))).trade("entry")
    before = trade.terms()
    assert trade.tell(replace(FORCE, price=D(50))).terms() == before


def test_the_same_forced_start_twice_is_one():
    trade = Trade(WAITING).tell(FORCE)
    assert trade.tell(replace(FORCE, price=D(90))).deal.state.entered_at == D(101)


def test_the_whole_story_of_three_steps_break_even_and_trailing():
    trade = Trade(BOT, FEES).trade("entry").price("102")
    assert trade.price("95.01").deal.ending is None
    trade.price("103.5").trade("take-profit-step-1").price("105.5").trade("take-profit-step-2")
    trade.price("112", "109.77")
    assert trade.deal.ending is None
    trade.price("109.76").trade("close")
    assert trade.over
    assert trade.deal.ending is Ending.TAKE_PROFIT
    assert trade.deal.dust.amount < FEES.lot_size


def test_after_the_first_step_the_trade_loses_nothing_any_more():
    trade = Trade(BOT, FEES).trade("entry").trade("take-profit-step-1").price("100.22")
    assert trade.deal.ending is None
    trade.price("100.21").trade("close")
    assert trade.deal.ending is Ending.STOP_LOSS
    left = trade.deal.tally.proceeds + trade.deal.dust.cost - trade.deal.tally.cost
    assert left > 0


def test_a_trade_that_takes_too_long_is_closed_at_market():
    trade = Trade(replace(BOT, timeout=3600)).trade("entry")
    assert Alarm(at=START + 3_600_000, then="the trade is too old: everything is closed at market") in list(
        trade.bot.watches(trade.deal)
    )
    assert trade.price("100", after=3599).deal.ending is None
    assert trade.price("100", after=3600).terms() == [("close", D("1.000"), None)]
    assert trade.deal.ending is Ending.TIMED_OUT


def test_a_trade_that_never_got_in_ends_with_nothing():
    trade = Trade(replace(WAITING, timeout=60)).price("100", after=60)
    assert trade.over
    assert trade.terms() == []


def test_added_funds_move_the_take_profits_and_leave_the_stop_loss_of_the_entry():
    trade = Trade(BOT).trade("entry").tell(AddFunds(wish="a", quote=D(90), price=D(90), at_price=D(96)))
    assert trade.terms()[0] == ("add-a", D("1.000"), D(90))
    trade.trade("add-a")
    assert trade.terms() == [
        ("take-profit-step-1", D("0.600"), D("97.85")),
        ("take-profit-step-2", D("0.600"), D("99.75")),
    ]
    assert min(each.price for each in trade.bot.watches(trade.deal)) == D("95.00")


def test_while_added_funds_fill_in_parts_the_take_profits_stay():
    trade = Trade(BOT).trade("entry")
    before = trade.wanted()["take-profit-step-1"]
    trade.tell(AddFunds(wish="a", quote=D(90), price=D(90), at_price=D(96))).trade("add-a", "0.5")
    assert trade.wanted()["take-profit-step-1"] is before


def test_the_same_wish_for_funds_twice_is_one():
    event = AddFunds(wish="a", quote=D(90), at_price=D(90))
    trade = Trade(BOT).trade("entry").tell(event).tell(event)
    assert [name for name, _, _ in trade.terms() if name.startswith("add-")] == ["add-a"]


def test_funds_can_be_added_only_to_a_position():
    with pytest.raises(SettingsRefused, match="Wait for its entry"):
        Trade(WAITING).tell(AddFunds(wish="a", quote=D(90), at_price=D(90)))


def test_a_wish_that_is_no_order_name_is_refused():
    with pytest.raises(SettingsRefused, match="small letters"):
        Trade(BOT).trade("entry").tell(AddFunds(wish="A b", quote=D(90), at_price=D(90)))


def test_funds_below_the_smallest_order_are_refused_with_the_remedy():
    with pytest.raises(SettingsRefused, match="Let it be worth at least 5 USDT"):
        Trade(BOT).trade("entry").tell(AddFunds(wish="a", quote=D(4), at_price=D(100)))


def test_a_short_adds_no_more_coins_than_it_has():
    with pytest.raises(SettingsRefused, match="Add less"):
        Trade(SHORT).trade("entry").tell(AddFunds(wish="a", quote=D(90), at_price=D(100)))


def test_reducing_sells_a_share_and_leaves_the_rest_to_the_take_profits():
    trade = Trade(BOT).trade("entry").tell(ReduceFunds(wish="r", share=D("0.5")))
    assert trade.terms() == [
        ("take-profit-step-1", D("0.150"), D("103.00")),
        ("take-profit-step-2", D("0.150"), D("105.00")),
        ("reduce-r", D("0.500"), None),
    ]
    assert trade.trade("reduce-r").terms() == [
        ("take-profit-step-1", D("0.150"), D("103.00")),
        ("take-profit-step-2", D("0.150"), D("105.00")),
    ]


def test_a_reduction_at_a_limit_keeps_its_coins_apart_until_it_fills_or_everything_is_closed():
    trade = Trade(BOT).trade("entry").tell(ReduceFunds(wish="r", share=D("0.5"), price=D(120)))
    assert sum(amount for _, amount, _ in trade.terms()) == D("0.800")  # the trailing step has the other 0.2
    assert trade.tell(CloseAtMarket()).terms() == [("close", D("1.000"), None)]


def test_reducing_by_everything_ends_the_trade():
    assert Trade(BOT).trade("entry").tell(ReduceFunds(wish="r", share=D(1))).trade("reduce-r").over


def test_closing_at_market_sells_what_is_held():
    assert Trade(BOT).trade("entry").tell(CloseAtMarket()).terms() == [("close", D("1.000"), None)]


def test_a_cancelled_trade_keeps_its_coins():
    trade = Trade(BOT).trade("entry").tell(CancelDeal())
    assert trade.terms() == []
    assert trade.over


def test_editing_back_and_forth_gives_the_right_order_each_time_and_each_is_placed_anew():
    def at(profit):
        return replace(BOT, take_profit=(Step(profit=D(profit)),), trailing=None)

    trade = Trade(at("0.015")).trade("entry")
    book = {}
    for profit, price in (("0.015", "101.50"), ("0.02", "102.00"), ("0.015", "101.50")):
        trade.bot = at(profit)
        for _ in range(2):
            steps = reconcile(
                trade.bot.orders(trade.deal),
                book.values(),
                trade.deal.filled_amounts,
                FREE,
                held=trade.deal.held,
                last_price=D(100),
            )
            for step in steps:
                if isinstance(step, Cancel):
                    del book[step.name]
                elif isinstance(step, Place):
                    book[step.order.name] = OpenOrder(order=step.order, remaining=step.amount)
        assert [(name, piece.order.price) for name, piece in book.items()] == [("take-profit-step-1", D(price))]


def test_a_step_that_has_sold_is_not_sold_again_when_the_shares_are_edited():
    trade = Trade(BOT).trade("entry").trade("take-profit-step-1")
    trade.bot = replace(
        BOT,
        trailing=None,
        take_profit=(Step(profit=D("0.03"), share=D("0.1")), Step(profit=D("0.2"), share=D("0.9"))),
    )
    assert trade.terms() == [("take-profit-step-2", D("0.700"), D("120.00"))]


def test_what_got_a_trade_in_cannot_be_edited_once_it_is_in():
    trade = Trade(BOT).trade("entry")
    new = replace(BOT, base_amount=D(5), take_profit=BOT.take_profit[:0], trailing=None, stop_loss=None)
    assert [problem.field for problem in BOT.edits(new, trade.deal)] == ["base_amount"]


def test_a_dca_deal_goes_on_as_a_smart_trade_with_what_it_holds():
    deal = long_deal(
        fill("base", fee="0.001", asset="BTC"),
        fill("averaging-1", amount="2", price="97", fee="0.002", asset="BTC"),
        fill("take-profit-1", Side.SELL, "1", "110"),
        market=FEES,
    )
    bot = converted(deal, BOT)
    assert [(order.name, order.amount) for order in bot.orders(deal)] == [
        ("take-profit-step-1", D("0.59910")),
        ("take-profit-step-2", D("0.59910")),
    ]
    bot.on_event(deal, CloseAtMarket())
    (close,) = bot.orders(deal)
    assert close.amount == D("1.997")


def test_a_converted_deal_is_not_entered_again_even_with_settings_that_would():
    deal = long_deal(fill("base"))
    assert "entry" not in {order.name for order in BOT.orders(deal)}


def test_a_short_of_another_bot_can_be_converted_too():
    deal = Deal.of(
        [fill("base", Side.SELL)], market=FREE, price=D(100), opens=Side.SELL, carried=Trade(SHORT).deal.carried
    )
    bot = converted(deal, SHORT)
    assert [order.name for order in bot.orders(deal)] == ["take-profit-step-1", "take-profit-step-2"]


def test_a_deal_that_holds_nothing_cannot_be_converted():
    with pytest.raises(SettingsRefused, match="it holds nothing"):
        converted(Deal(market=FREE, price=D(100)), BOT)


def test_a_trade_is_one_deal():
    assert BOT.opening == ONCE


def test_settings_survive_the_way_through_json():
    bot = replace(BOT, take_profit=(Step(price=D(110), order=OrderType.MARKET),))
    assert from_json("smart", to_json(bot)) == bot


def test_state_survives_the_way_through_text():
    trade = Trade(replace(BOT, stop_loss=StopLoss(loss=D("0.05"), trailing=True, timeout=60))).trade("entry")
    trade.price("112", "90").tell(AddFunds(wish="a", quote=D(90), price=D(80), at_price=D(90)))
    assert state_from_text(BOT, state_to_text(trade.deal.state)) == trade.deal.state
