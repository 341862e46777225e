from copy import deepcopy
from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.backtest.drill import SCENARIOS, Running, Scenario, drill
from strategies.backtest.drill.scenario import drawn
from strategies.dca import DCA
from strategies.deal import Deal
from strategies.grid import Grid
from strategies.market import Market
from strategies.orders import Fill, Side
from strategies.rebalance import Coin, Rebalance

MARKET = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.01"),
    min_notional=D(5),
    maker_fee=D(0),
    taker_fee=D(0),
)
# Under a base order at 100: 1.12 coins at 90 for 100.80, 1.25 coins at 80 for 100.
BOT = DCA(
    base_order=D(100),
    averaging_order=D(100),
    averaging_orders=2,
    step=D("0.1"),
    take_profit=D("0.1"),
)
HOUR = 3_600_000


def bought(order="base", amount="1", price="100", trade="1"):
    return Fill(
        order=order,
        side=Side.BUY,
        amount=D(amount),
        price=D(price),
        fee=D(0),
        fee_asset="USDT",
        at=0,
        trade_id=trade,
    )


def running(name="one", *fills, bot=BOT, market=MARKET, price="100"):
    deal = Deal.of(fills or (bought(),), market=market, price=D(100))
    return Running(name=name, strategy=bot, deal=deal, price=D(price))


def falls(text, **more):
    return Scenario(name="made up", title="", span=HOUR, candles=drawn(text, **more))


TO_70 = falls("1/0.7/0.7")


def test_with_enough_cash_nothing_starves():
    outcome = drill([running()], D("200.80"), TO_70)
    assert outcome.starved == ()
    assert [fill.order for fill in outcome.deals[0].fills] == ["averaging-1", "averaging-2"]


def test_a_ladder_starves_at_the_rung_that_the_cash_does_not_cover():
    (starved,) = drill([running()], D(150), TO_70).starved
    assert (starved.deal, starved.order, starved.price) == ("one", "averaging-2", D("80.00"))
    assert starved.cost == D("100.0000")
    assert starved.missing == D("50.80")


def test_the_cash_needed_is_that_of_all_orders_on_the_book():
    assert drill([running()], D(0), TO_70).cash_needed == D("200.80")
    assert drill([running()], D("200.79"), TO_70).starved[0].missing == D("0.01")


def test_a_rung_that_the_price_does_not_reach_does_not_starve():
    outcome = drill([running()], D(150), falls("1/0.85/0.85"))
    assert outcome.starved == ()
    assert outcome.cash_needed == D("200.80")


def test_what_a_deal_has_bought_already_is_not_needed_again():
    deal = running("one", bought(), bought("averaging-1", "1.12", "90", "2"))
    assert drill([deal], D(0), TO_70).cash_needed == D("100.00")


def test_the_time_of_starving_counts_from_the_beginning_of_the_scenario():
    scenario = falls("1/1/1 1/0.7/0.7")
    (starved,) = drill([running()], D(150), scenario, at=1_767_225_600_000).starved
    assert HOUR < starved.at < 2 * HOUR


def test_the_deal_that_placed_its_orders_first_has_its_cash():
    outcome = drill([running("first"), running("second")], D(300), TO_70)
    assert {each.deal for each in outcome.starved} == {"second"}


def test_the_price_and_not_the_order_of_deals_says_who_starves_first():
    near = replace(BOT, step=D("0.05"))
    outcome = drill([running("far"), running("near", bot=near)], D(100), TO_70)
    assert (outcome.starved[0].deal, outcome.starved[0].order) == ("near", "averaging-1")


def test_a_refused_order_is_placed_when_cash_comes_free():
    # The first sells at 110 for a profit, what its ladder had reserved comes free, and then it falls.
    scenario = falls("1.12/1/1.12 1.12/0.85/0.85")
    other = replace(BOT, take_profit=D(1))
    outcome = drill([running("first"), running("second", bot=other)], D("200.80"), scenario)
    assert outcome.deals[0].ending == "take profit"
    assert [fill.order for fill in outcome.deals[1].fills] == ["averaging-1"]
    assert outcome.starved == ()


def test_a_starving_order_trades_after_all_when_somebody_else_has_sold():
    # At 85 nothing is left for the second. The first sells at 95.67, and the second buys where the price stands.
    scenario = falls("1/0.85/0.85 0.97/0.85/0.97 0.97/0.88/0.88")
    quick = replace(BOT, averaging_orders=1, take_profit=D("0.01"))
    patient = replace(BOT, averaging_orders=1, take_profit=D(1))
    outcome = drill([running("first", bot=quick), running("second", bot=patient)], D("100.80"), scenario)
    assert [each.deal for each in outcome.starved] == ["second"]
    assert outcome.deals[0].ending == "take profit"
    assert [fill.order for fill in outcome.deals[1].fills] == ["averaging-1"]


def test_the_lowest_equity_is_cash_and_coins_at_the_worst_moment():
    outcome = drill([running()], D(0), falls("1/0.6/0.6 0.9/0.6/0.9"))
    assert outcome.equity == D(100)
    assert outcome.lowest_equity == D(60)
    assert outcome.lowest_share == D("0.6")
    assert outcome.final_equity == D(90)
    assert 0 < outcome.lowest_at < HOUR


def test_a_gap_is_felt_at_its_open():
    outcome = drill([running()], D(0), falls("0.8/0.7/0.8", opens="0.7"))
    assert outcome.lowest_equity == D(70)
    assert outcome.lowest_at == 0


def test_after_a_gap_limits_that_were_jumped_over_trade_at_their_price():
    outcome = drill([running()], D(1000), falls("0.7/0.7/0.7", opens="0.7"))
    assert [(fill.order, fill.price) for fill in outcome.deals[0].fills] == [
        ("averaging-1", D("90.00")),
        ("averaging-2", D("80.00")),
    ]
    assert outcome.final_equity == 1000 - D("200.80") + D("3.37") * 70


def test_stops_that_were_hit_are_told():
    outcome = drill([running(bot=replace(BOT, stop_loss=D("0.25")))], D(1000), TO_70)
    assert outcome.stopped == ("one",)
    assert outcome.stuck == ()
    assert outcome.deals[0].profit == D("3.37") * 75 - D("300.80")


def test_a_deal_that_stays_open_with_a_loss_is_stuck():
    outcome = drill([running()], D(1000), TO_70)
    assert outcome.stuck == ("one",)
    assert outcome.deals[0].profit == D("3.37") * 70 - D("300.80")


def test_the_low_of_a_deal_that_recovered_is_kept():
    outcome = drill([running()], D(0), falls("1/0.6/0.6 1.2/0.6/1.2"))
    (deal,) = outcome.deals
    assert (deal.ending, deal.low, deal.profit) == ("take profit", D(-40), D(10))


def test_no_deal_opens_after_one_that_ended():
    outcome = drill([running()], D(1000), falls("1.2/1/1.2 1.2/0.5/0.5"))
    assert [fill.order for fill in outcome.deals[0].fills] == ["take-profit"]


def test_the_deal_itself_is_left_as_it_was():
    one = running()
    before = deepcopy(one.deal.filled_amounts), one.deal.held, one.deal.ending
    drill([one], D(1000), TO_70)
    assert (one.deal.filled_amounts, one.deal.held, one.deal.ending) == before


def test_trades_of_a_drill_are_not_taken_for_those_that_the_exchange_had_told():
    fills = [bought(trade="0"), bought("averaging-1", "1.12", "90", "1")]
    outcome = drill([running("one", *fills)], D(1000), TO_70)
    assert outcome.deals[0].held == D("3.37")


def test_deals_in_two_quotes_share_no_balance():
    euro = running("two", market=replace(MARKET, symbol="BTC/EUR"))
    with pytest.raises(ValueError, match="EUR and USDT share no balance"):
        drill([running(), euro], D(1000), TO_70)


def test_a_coin_of_a_portfolio_is_held_through():
    bot = Rebalance(coins=(Coin(symbol="BTC/USDT", weight=D("0.5"), held=D(1)),), cash=D(100), every=60)
    deal = Deal(market=MARKET, price=D(100), carried=bot.given(D(100), MARKET))
    outcome = drill([Running(name="coin", strategy=bot, deal=deal, price=D(100))], D(100), TO_70)
    assert outcome.final_equity == D(170)


def test_an_empty_drill_keeps_its_cash():
    outcome = drill([], D(1000), TO_70)
    assert outcome.final_equity == outcome.lowest_equity == D(1000)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_grid_and_a_dca_go_through_every_scenario(scenario):
    fees = replace(MARKET, maker_fee=D("0.001"), taker_fee=D("0.001"), lot_size=D("0.0001"))
    grid = Grid(lower=D(60), upper=D(120), lines=20, quote_a_line=D(50))
    deals = [
        Running(name="grid", strategy=grid, deal=Deal(market=fees, price=D(100)), price=D(100)),
        Running(name="dca", strategy=BOT, deal=Deal(market=fees, price=D(100)), price=D(100)),
    ]
    needed = drill(deals, D(0), scenario).cash_needed
    enough = drill(deals, needed, scenario)
    assert enough.starved == ()
    assert enough.lowest_equity < enough.equity == needed
    less = drill(deals, needed / 3, scenario)
    assert less.starved
    assert less.final_balance >= 0
