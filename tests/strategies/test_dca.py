from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.backtest.options import FillRule
from strategies.book import Book
from strategies.dca import DCA
from strategies.deal import Deal, Ending
from strategies.events import CancelDeal, CloseAtMarket, Tick
from strategies.kinds import from_json, to_json
from strategies.market import Market
from strategies.orders import Fill, OpenOrder, Side
from strategies.reconcile import Place, reconcile
from strategies.settings import SettingsRefused

NOW = 1_767_225_600_000
FREE = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.00001"),
    min_notional=D(5),
    maker_fee=D(0),
    taker_fee=D(0),
)
FEES = replace(FREE, maker_fee=D("0.001"), taker_fee=D("0.001"))
BOT = DCA(
    base_order=D(100),
    averaging_order=D(100),
    averaging_orders=3,
    step=D("0.02"),
    step_scale=D("1.5"),
    volume_scale=D(2),
    take_profit=D("0.015"),
    stop_loss=D("0.15"),
)


def fill(order="base", side=Side.BUY, amount="1", price="100", fee="0", asset="USDT", trade="1"):
    return Fill(
        order=order, side=side, amount=D(amount), price=D(price), fee=D(fee), fee_asset=asset, at=NOW, trade_id=trade
    )


def deal_of(*fills, market=FREE, price="100", **more):
    return Deal.of(fills, market=market, price=D(price), **more)


def wanted(deal, bot=BOT):
    return {order.name: order for order in bot.orders(deal)}


def replay(bot, market, *prices, rule=FillRule.THROUGH):
    """The deal after these prices, one after the other, on a book in memory."""
    book, deal, fills = Book(market, rule), Deal(market=market, price=D(str(prices[0]))), []
    for minute, number in enumerate(prices):
        price, at = D(str(number)), NOW + 60_000 * minute
        for _ in range(6):
            for each in book.move(price, at):
                deal.record(each)
                fills.append(each)
            bot.on_event(deal, Tick(at, price))
            steps = reconcile(
                bot.orders(deal),
                book.open_orders,
                deal.filled_amounts,
                market,
                held=deal.held,
                last_price=price,
            )
            if not steps:
                break
            for step in steps:
                book.carry_out(step)
        else:
            pytest.fail(f"the book never comes to rest at {price}")
    return deal, fills


def test_the_ladder_is_the_one_in_the_docstring():
    assert [rung.price for rung in BOT.ladder(D(100), FREE)] == [D("98.00"), D("95.00"), D("90.50")]


def test_nothing_but_the_base_order_is_wanted_before_it_filled():
    assert list(wanted(deal_of())) == ["base"]


def test_buys_the_dip_and_sells_everything_above_the_average():
    _, fills = replay(BOT, FREE, 100, 97.9, 99, 101)
    assert [(f.order, f.price) for f in fills] == [
        ("base", D(100)),
        ("averaging-1", D("98.00")),
        ("take-profit", D("100.48")),
    ]


def test_a_touched_limit_fills_only_under_the_touch_rule():
    assert [f.order for f in replay(BOT, FREE, 100, 98)[1]] == ["base"]
    assert [f.order for f in replay(BOT, FREE, 100, 98, rule=FillRule.TOUCH)[1]] == ["base", "averaging-1"]


def test_a_gap_through_every_rung_ends_at_the_stop():
    deal, fills = replay(BOT, FREE, 100, 80, 79)
    assert deal.ending is Ending.STOP_LOSS
    assert BOT.finished(deal, D(79))
    assert fills[-1].order == "close"


def test_fees_in_the_coin_leave_less_to_sell_than_was_bought():
    market = replace(FEES, symbol="DOGE/USDT", tick_size=D("0.00001"), lot_size=D(1))
    deal = deal_of(fill(amount="958", price="0.2", fee="0.958", asset="DOGE"), market=market, price="0.2")
    bot = replace(BOT, base_order=D("191.6"))
    assert deal.held == D("957.042")
    assert wanted(deal, bot)["take-profit"].amount == D(957)


def test_the_take_profit_leaves_its_percentage_after_all_fees():
    deal = deal_of(fill(amount="1", price="100", fee="0.001", asset="BTC"), market=FEES)
    exit_order = wanted(deal)["take-profit"]
    proceeds = exit_order.amount * exit_order.price * (1 - FEES.maker_fee)
    assert D("0.0149") < proceeds / D(100) - 1 < D("0.0152")


def test_dust_ends_the_deal_and_is_carried_at_cost():
    market = replace(FEES, symbol="DOGE/USDT", tick_size=D("0.00001"), lot_size=D(1))
    bot = replace(BOT, base_order=D("191.6"))
    deal = deal_of(
        fill(amount="958", price="0.2", fee="0.958", asset="DOGE"),
        fill("take-profit", Side.SELL, "957", "0.21", trade="2"),
        market=market,
        price="0.2",
    )
    assert bot.finished(deal, D("0.21"))
    assert deal.dust.amount == D("0.042")
    assert deal.dust.cost == pytest.approx(D("0.042") * D("191.6") / D("957.042"))
    assert list(bot.orders(deal)) == []


def test_carried_dust_is_sold_with_the_next_deal():
    first = deal_of(fill(amount="1", price="100", fee="0.001", asset="BTC"), market=FEES)
    second = deal_of(fill(amount="1.00000", price="100", trade="9"), market=FEES, carried=first.dust)
    assert wanted(second)["take-profit"].amount == D("1.999")


def test_the_ladder_waits_for_the_rest_of_the_base_order():
    deal = deal_of(fill(amount="0.5", price="100"))
    assert list(wanted(deal)) == ["base"]


def test_a_base_order_rest_too_small_for_the_exchange_is_not_waited_for():
    deal = deal_of(fill(amount="0.96", price="100"))
    assert "take-profit" in wanted(deal)


def test_the_take_profit_stays_while_an_averaging_order_fills_in_parts():
    before = wanted(deal_of(fill()))["take-profit"]
    during = wanted(deal_of(fill(), fill("averaging-1", amount="0.5", price="98", trade="2")))["take-profit"]
    after = wanted(deal_of(fill(), fill("averaging-1", amount="1.02041", price="98", trade="2")))["take-profit"]
    assert before == during
    assert after.amount == D("2.02041")


def test_the_parts_get_a_take_profit_of_their_own_when_the_first_has_filled():
    deal = deal_of(
        fill(),
        fill("averaging-1", amount="0.5", price="98", trade="2"),
        fill("take-profit", Side.SELL, "1", "101.5", trade="3"),
    )
    assert wanted(deal)["take-profit"].amount == D("1.5")


def test_the_stop_loss_is_measured_from_the_base_order_not_from_the_average():
    deal = deal_of(fill(), fill("averaging-1", amount="1.02041", price="98", trade="2"))
    assert BOT.stop_price(deal) == D("85.00")


def test_a_deal_that_closes_wants_nothing_but_the_close():
    deal = deal_of(fill())
    BOT.on_event(deal, CloseAtMarket())
    assert [(o.name, o.side, o.price) for o in BOT.orders(deal)] == [("close", Side.SELL, None)]


def test_a_cancelled_deal_keeps_its_coins():
    deal = deal_of(fill())
    BOT.on_event(deal, CancelDeal())
    assert list(BOT.orders(deal)) == []
    assert BOT.finished(deal, D(100))


def test_a_late_fill_of_the_base_order_wakes_a_finished_deal():
    sold = deal_of(fill(amount="0.96"), fill("take-profit", Side.SELL, "0.96", "102", trade="2"))
    assert BOT.finished(sold, D(102))
    sold.record(fill(amount="0.06", trade="3"))
    assert "take-profit" in wanted(sold)


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


def test_a_close_waits_until_the_take_profit_has_left_the_book():
    deal = deal_of(fill())
    BOT.on_event(deal, CloseAtMarket())
    old = wanted(deal_of(fill()))["take-profit"]
    leaving = OpenOrder(order=old, remaining=old.amount, leaving=True)
    steps = reconcile(BOT.orders(deal), [leaving], deal.filled_amounts, FREE, held=deal.held, last_price=D(100))
    assert steps == []


def test_a_partial_fill_leaves_the_missing_rest_to_place():
    deal = deal_of(fill(amount="0.5", price="100"))
    steps = reconcile(BOT.orders(deal), [], deal.filled_amounts, FREE, held=deal.held, last_price=D(100))
    assert [(step.order.name, step.amount) for step in steps if isinstance(step, Place)] == [("base", D("0.50000"))]


def test_profit_counts_fees_and_agrees_with_the_money_that_moved():
    deal, _ = replay(BOT, FEES, 100, 97.9, 99, 102)
    moved = deal.tally.proceeds - deal.tally.cost
    assert deal.realised == pytest.approx(moved + deal.dust.cost)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"base_order": D(0)}, "base_order"),
        ({"base_order": D("NaN")}, "base_order"),
        ({"averaging_orders": 201}, "averaging_orders"),
        ({"step": D("0.5"), "step_scale": D(2)}, "averaging_orders"),
        ({"take_profit": D("-0.01")}, "take_profit"),
        ({"stop_loss": D(1)}, "stop_loss"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    (problem,) = refusal.value.problems
    assert problem.field == field
    assert problem.remedy


def test_a_base_order_below_the_minimum_notional_is_refused_for_that_market():
    (problem, *_) = replace(BOT, base_order=D(4)).problems(D(100), FREE)
    assert str(problem) == "base_order: 4 USDT is below the smallest order of BTC/USDT. Give at least 5 USDT."


def test_settings_survive_the_way_through_json():
    assert from_json("dca", to_json(BOT)) == BOT


def test_every_mistake_in_json_settings_is_told_at_once():
    with pytest.raises(SettingsRefused) as refusal:
        from_json("dca", {"base_order": "ten", "averaging_orders": 1.5, "size": 1, "step": "0.01"})
    assert {problem.field for problem in refusal.value.problems} == {
        "base_order",
        "averaging_orders",
        "size",
    }


def test_settings_that_do_not_fit_together_are_all_told():
    with pytest.raises(SettingsRefused) as refusal:
        from_json("dca", {"base_order": "10", "averaging_orders": 2, "trailing_stop": True})
    assert {problem.field for problem in refusal.value.problems} == {
        "averaging_order",
        "step",
        "take_profit",
        "trailing_stop",
    }


def test_the_capital_is_that_of_the_rounded_ladder():
    market = replace(FREE, lot_size=D(1))
    bot = replace(BOT, base_order=D(150), averaging_orders=1, averaging_order=D(100))
    assert bot.capital(D(100), market) == D(200) + D(98) * 2
