from dataclasses import replace
from decimal import Decimal as D

import numpy as np
import pytest

from strategies.backtest.candles import Candles
from strategies.backtest.engine import Pair, run
from strategies.backtest.portfolio import run_portfolio
from strategies.deal import Carried, Deal, Ending
from strategies.events import CancelDeal, CloseAtMarket, Valued
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.market import Market
from strategies.orders import Fill
from strategies.rebalance import Coin, Drift, Rebalance, Standing, Step, plan, valued
from strategies.rebalance.portfolio import at_rest, cash
from strategies.settings import SettingsRefused

NOW = 1_767_225_600_000
DAY = 86_400_000
BTC = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.0001"), min_notional=D(5))
ETH = Market(symbol="ETH/USDT", tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5))
BOT = Rebalance(
    coins=(Coin(symbol="BTC/USDT", weight=D("0.5")), Coin(symbol="ETH/USDT", weight=D("0.3"))),
    cash=D(10_000),
    every=1440,
)


def worth(cash, btc, eth, at=NOW, price="100"):
    return Valued(at=at, price=D(price), cash=D(cash), worth=(("BTC/USDT", D(btc)), ("ETH/USDT", D(eth))))


class Portfolio:
    """Two deals, with what is told of them; every order fills whole at the price, without fees."""

    def __init__(self, bot=BOT, btc="50000", eth="3000"):
        self.bot, self.at, self.trades = bot, NOW, 0
        self.prices = {"BTC/USDT": D(btc), "ETH/USDT": D(eth)}
        self.deals = [
            Deal(
                market=market,
                price=self.prices[market.symbol],
                opened_at=NOW,
                carried=bot.given(self.prices[market.symbol], market),
            )
            for market in (BTC, ETH)
        ]

    @property
    def standing(self):
        return [Standing(deal, self.prices[deal.market.symbol]) for deal in self.deals]

    def turn(self):
        """Everything is told once what it is worth, and fills what it wants."""
        for deal, event in zip(self.deals, valued(self.bot, self.standing, self.at), strict=True):
            if event is not None:
                self.bot.on_event(deal, event)
        made = []
        for deal in self.deals:
            for order in self.bot.orders(deal):
                if amount := order.amount - deal.filled(order.name):
                    made.append((order.name, deal.market.base, amount))
                    self.fill(deal, order, amount)
        return made

    def fill(self, deal, order, amount):
        self.trades += 1
        price = self.prices[deal.market.symbol]
        deal.record(
            Fill(
                order=order.name,
                side=order.side,
                amount=amount,
                price=price,
                fee=D(0),
                fee_asset="USDT",
                at=self.at,
                trade_id=str(self.trades),
            )
        )

    def round(self, at=None, **prices):
        self.at = at or self.at
        self.prices |= {f"{coin.upper()}/USDT": D(price) for coin, price in prices.items()}
        return [trade for _ in range(3) for trade in self.turn()]

    @property
    def cash(self):
        return cash(self.bot, self.standing)

    @property
    def total(self):
        return self.cash + sum(deal.held * self.prices[deal.market.symbol] for deal in self.deals)


def test_the_first_round_buys_everything_from_the_cash():
    portfolio = Portfolio()
    assert portfolio.round() == [("buy-1", "BTC", D("0.1")), ("buy-1", "ETH", D(1))]
    assert portfolio.cash == D(2000)


def test_the_round_of_the_docstring():
    portfolio = Portfolio()
    portfolio.round()
    made = portfolio.round(NOW + DAY, btc="66000")
    assert made == [("sell-2", "BTC", D("0.0121")), ("buy-2", "ETH", D("0.160"))]
    assert portfolio.cash == D(2000) + D("0.0121") * 66000 - 480


def test_nothing_is_bought_before_what_was_sold_is_there():
    portfolio = Portfolio()
    portfolio.round()
    portfolio.at, portfolio.prices["BTC/USDT"] = NOW + DAY, D(66000)
    assert [name for name, _, _ in portfolio.turn()] == ["sell-2"]
    assert [name for name, _, _ in portfolio.turn()] == ["buy-2"]
    assert portfolio.turn() == []
    assert {deal.state.step for deal in portfolio.deals} == {Step.RESTING}


def test_after_a_round_every_weight_is_within_the_smallest_trade_of_its_target():
    portfolio = Portfolio()
    for day, (btc, eth) in enumerate([(50000, 3000), (66000, 2500), (30000, 4000), (31000, 900)]):
        portfolio.round(NOW + day * DAY, btc=btc, eth=eth)
        for deal, weight in zip(portfolio.deals, (D("0.5"), D("0.3")), strict=True):
            held = deal.held * portfolio.prices[deal.market.symbol]
            assert abs(held - weight * portfolio.total) < BOT.smallest_trade


def test_a_round_without_fees_changes_nothing_of_the_total():
    portfolio = Portfolio()
    portfolio.round()
    portfolio.prices |= {"BTC/USDT": D(66000), "ETH/USDT": D(1000)}
    before = portfolio.total
    assert portfolio.round(NOW + DAY)
    assert portfolio.total == before


def test_before_its_time_nothing_is_done():
    portfolio = Portfolio()
    portfolio.round()
    assert portfolio.round(NOW + DAY - 1, btc="66000") == []


def test_a_weight_that_drifts_too_far_brings_all_back():
    bot = replace(BOT, every=None, drift=D("0.05"))
    assert not plan.drifted(bot, worth(2000, 6000, 3000))  # 54.5 %
    assert plan.drifted(bot, worth(2000, 6200, 3000))  # 55.4 %


def test_a_relative_drift_is_a_share_of_the_weight():
    bot = replace(BOT, every=None, drift=D("0.1"), measured=Drift.RELATIVE)
    assert not plan.drifted(bot, worth(2000, 5000, 3300))  # ETH 32 %, 7 % more than its 30 %
    assert plan.drifted(bot, worth(2000, 5000, 3600))  # 34 %, 13 % more


def test_coins_that_are_brought_in_are_sold_down_to_their_weight():
    bot = replace(BOT, cash=D(0), coins=(replace(BOT.coins[0], held=D("0.2")), BOT.coins[1]))
    portfolio = Portfolio(bot)
    assert bot.given(D(50000), BTC) == Carried(amount=D("0.2"), cost=D(10_000))
    assert portfolio.round() == [("sell-1", "BTC", D("0.1")), ("buy-1", "ETH", D(1))]


def test_buys_never_spend_more_than_the_cash_that_is_there():
    bot = replace(BOT, coins=(Coin(symbol="BTC/USDT", weight=D("0.6")), Coin(symbol="ETH/USDT", weight=D("0.4"))))
    now = worth(1000, 0, 0)
    spent = sum(plan.to_buy(bot, now, symbol) for symbol in ("BTC/USDT", "ETH/USDT"))
    assert spent == pytest.approx(D(1000) / D("1.002"))
    assert plan.to_buy(bot, now, "BTC/USDT") / plan.to_buy(bot, now, "ETH/USDT") == D("1.5")


def test_less_than_the_smallest_trade_is_left_alone():
    assert plan.to_sell(BOT, worth(2000, "5009", 3000), "BTC/USDT") == 0
    assert plan.to_sell(BOT, worth(2000, "5030", 3000), "BTC/USDT") == D(15)


def test_a_coin_whose_deal_was_cancelled_takes_its_coins_out_of_the_whole():
    portfolio = Portfolio()
    portfolio.round()
    BOT.on_event(portfolio.deals[0], CancelDeal())
    gone, event = valued(BOT, portfolio.standing, NOW + 1)
    assert gone is None
    assert event.worth == (("ETH/USDT", D(3000)),)
    assert event.cash == D(2000)


def test_a_coin_that_is_closed_at_market_leaves_its_money_in_the_cash():
    portfolio = Portfolio()
    portfolio.round()
    BOT.on_event(portfolio.deals[0], CloseAtMarket())
    assert portfolio.turn() == [("close", "BTC", D("0.1"))]
    assert BOT.finished(portfolio.deals[0], D(50000))
    assert portfolio.deals[0].ending is Ending.AT_MARKET
    assert portfolio.cash == D(7000)


def test_the_portfolio_is_at_rest_when_nothing_is_left_to_place():
    portfolio = Portfolio()
    assert at_rest(BOT, portfolio.standing)
    (event, _) = valued(BOT, portfolio.standing, NOW)
    BOT.on_event(portfolio.deals[0], event)
    BOT.on_event(portfolio.deals[0], event)
    assert portfolio.deals[0].state.step is Step.RESTING
    BOT.on_event(portfolio.deals[1], event)
    assert not at_rest(BOT, portfolio.standing)


def test_a_part_that_missed_a_turn_cannot_overspend():
    """Whatever step each is in, what they may buy is a share of the cash that is there."""
    portfolio = Portfolio()
    first, second = portfolio.deals
    events = valued(BOT, portfolio.standing, NOW)
    BOT.on_event(first, events[0])  # and the other was never told
    for order in BOT.orders(first):
        portfolio.fill(first, order, order.amount)
    while portfolio.turn():
        assert portfolio.cash >= 0
    assert first.held
    assert second.held


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"coins": ()}, "coins"),
        ({"coins": (Coin(symbol="BTC/USDT", weight=D("0.6")),) * 2}, "coins"),
        ({"coins": (Coin(symbol="A/USDT", weight=D("0.6")), Coin(symbol="B/EUR", weight=D("0.3")))}, "coins"),
        ({"every": None}, "every"),
        ({"cash": D(0)}, "cash"),
        ({"spare": D(1)}, "spare"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_its_remedy(change, field):
    with pytest.raises(SettingsRefused) as refusal:
        replace(BOT, **change)
    assert {problem.field for problem in refusal.value.problems} == {field}
    assert all(problem.remedy for problem in refusal.value.problems)


def test_a_coin_without_a_quote_is_refused():
    with pytest.raises(SettingsRefused, match="symbol"):
        Coin(symbol="BTC", weight=D("0.5"))


def test_a_smallest_trade_below_what_the_market_takes_is_refused():
    (problem,) = replace(BOT, smallest_trade=D(4)).problems(D(50000), BTC)
    assert problem.field == "smallest_trade"
    assert list(replace(BOT, smallest_trade=D(5)).problems(D(50000), BTC)) == []


def test_a_market_that_is_not_in_the_portfolio_is_refused():
    other = replace(BTC, symbol="XMR/USDT")
    assert [problem.field for problem in BOT.problems(D(100), other)] == ["coins"]


def test_settings_survive_the_way_through_json():
    bot = replace(BOT, drift=D("0.05"), measured=Drift.RELATIVE, spare=D(0))
    assert from_json("rebalance", to_json(bot)) == bot


def test_a_coin_without_a_weight_is_told_with_its_place():
    with pytest.raises(SettingsRefused) as refusal:
        from_json("rebalance", {"coins": [{"symbol": "BTC/USDT"}], "cash": "10", "every": 5})
    assert [problem.field for problem in refusal.value.problems] == ["coins[0].weight"]


def test_the_part_survives_the_way_through_json():
    portfolio = Portfolio()
    portfolio.turn()
    state = portfolio.deals[0].state
    assert state_from_text(BOT, state_to_text(state)) == state


def flat(prices):
    column = np.array(prices, dtype=np.float64)
    times = NOW + np.arange(len(column), dtype=np.int64) * DAY
    return Candles(
        opened_at=times, open=column, high=column, low=column, close=column, volume=np.ones(len(column)), span=DAY
    )


def test_a_backtest_loses_nothing_but_fees():
    prices = {"BTC": [50000, 66000, 40000, 40000], "ETH": [3000, 3000, 4000, 1000]}
    pairs = [Pair(BTC, flat(prices["BTC"])), Pair(ETH, flat(prices["ETH"]))]
    fills = [fill for result in run_portfolio(BOT, pairs) for fill in result.fills]
    money, held = BOT.cash, {"BTC": D(0), "ETH": D(0)}
    for bar in range(4):
        now = {base: D(column[bar]) for base, column in prices.items()}
        before = money + sum(held[base] * now[base] for base in held)
        fees = D(0)
        for fill in (fill for fill in fills if fill.bar == bar):
            base = fill.market.partition("/")[0]
            fees += fill.amount * fill.price * BTC.taker_fee
            if fill.side == "buy":
                held[base] += fill.amount * (1 - BTC.taker_fee)
                money -= fill.amount * fill.price
            else:
                held[base] -= fill.amount
                money += fill.amount * fill.price * (1 - BTC.taker_fee)
        assert money >= 0
        assert fees > 0
        assert money + sum(held[base] * now[base] for base in held) == before - fees


def test_one_coin_alone_does_nothing_without_its_portfolio():
    assert run(BOT, BTC, flat([50000, 50000])).fills == []


def test_candles_of_every_coin_are_needed():
    with pytest.raises(SettingsRefused, match="no candles of ETH/USDT"):
        run_portfolio(BOT, [Pair(BTC, flat([50000]))])


def test_candles_have_to_overlap():
    late = replace(flat([3000]), opened_at=np.array([NOW + 999]))
    with pytest.raises(SettingsRefused, match="open at the same time"):
        run_portfolio(BOT, [Pair(BTC, flat([50000])), Pair(ETH, late)])
