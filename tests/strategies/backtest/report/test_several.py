"""The report of a bot on several markets: the whole is what its parts did, on one capital, over common time."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import Pair, run, run_pairs
from strategies.backtest.portfolio import run_portfolio
from strategies.backtest.report import OnMarket, Report, SeveralReport, deals_csv, fills_csv, to_html, to_json
from strategies.dca import Direction
from strategies.market import Market
from tests.strategies.backtest.report.conftest import BEGIN, DAY, MARKET, candles, deal, fill, result
from tests.strategies.backtest.report.test_files_to_keep import parsed
from tests.strategies.backtest.report.test_profit_equals_books import purse
from tests.strategies.backtest.test_engine_equals_walker import bots, series
from tests.strategies.rebalance.test_rebalance_equals_walker import bots as portfolios

OTHER = replace(MARKET, symbol="ETH/USDT")
FLAT = (100,) * 5


def both(fills=(), other_fills=(), closes=FLAT, other_closes=FLAT, *, deals=(), other_deals=(), later=0):
    """BTC/USDT and ETH/USDT on 1,000; the second's candles begin so many days later."""
    elsewhere = {"market": "ETH/USDT"}
    other = result(
        [msgspec.structs.replace(each, at=each.at + later * DAY, **elsewhere) for each in other_fills],
        [msgspec.structs.replace(each, **elsewhere) for each in other_deals],
        ["Mind the gap."],
    )
    return SeveralReport.of(
        [
            OnMarket(result=result(fills, deals), candles=candles(closes), market=MARKET),
            OnMarket(
                result=msgspec.structs.replace(other, **elsewhere),
                candles=candles(other_closes, begin=BEGIN + later * DAY),
                market=OTHER,
            ),
        ],
        D(1000),
    )


# Equity on the shared capital


def test_equity_is_the_capital_and_what_all_markets_have_gained_at_each_close():
    report = both(
        [fill(1, "buy", "100", "1")], [fill(2, "buy", "50", "2")], (100, 100, 110, 120, 90), (50, 50, 50, 55, 60)
    )
    assert report.curves.equity.tolist() == [1000, 1000, 1010, 1030, 1010]
    assert report.metrics.profit == 10
    assert report.metrics.profit_share == pytest.approx(0.01)


def test_where_one_market_has_no_candle_its_last_close_stands():
    gap = candles([100, 110, 120, 130, 140])
    without = replace(
        gap,
        **{name: np.delete(getattr(gap, name), 2) for name in ("opened_at", "open", "high", "low", "close", "volume")},
    )
    report = SeveralReport.of(
        [
            OnMarket(result=result([fill(0, "buy", "100", "1")]), candles=without, market=MARKET),
            OnMarket(result=msgspec.structs.replace(result(), market="ETH/USDT"), candles=candles(FLAT), market=OTHER),
        ],
        D(1000),
    )
    assert report.curves.equity.tolist() == [1000, 1010, 1010, 1030, 1040]
    assert any("BTC/USDT: 1 candle is missing" in said for said in report.warnings)


def test_holding_is_an_equal_share_of_each_from_its_first_open():
    free = replace(MARKET, taker_fee=D(0))
    report = SeveralReport.of(
        [
            OnMarket(result=result(), candles=candles([100, 200, 200]), market=free),
            OnMarket(
                result=msgspec.structs.replace(result(), market="ETH/USDT"),
                candles=candles([10, 20], begin=BEGIN + DAY),
                market=replace(OTHER, taker_fee=D(0)),
            ),
        ],
        D(1000),
    )
    assert report.curves.holding.tolist() == [1000, 1500, 2000]
    assert (report.metrics.holding_profit, report.metrics.holding_share) == (1000, 1)


def test_the_deepest_fall_is_that_of_the_whole():
    fills = [fill(0, "buy", "100", "5")]
    report = both(fills, fills, (100, 50, 50, 100, 100), (100, 150, 100, 100, 100))
    assert report.metrics.drawdown.share == pytest.approx(0.25)
    assert report.metrics.drawdown.lowest_at == BEGIN + 3 * DAY
    assert report.parts[0].metrics.drawdown.share == pytest.approx(0.25)


def test_capital_needed_at_one_time_counts_all_markets():
    first = [fill(0, "buy", "100", "2", deal=1), fill(2, "sell", "100", "2", deal=1)]
    second = [fill(1, "buy", "50", "3", deal=2), fill(3, "buy", "50", "3", deal=2)]
    report = both(first, second)
    assert report.metrics.capital_needed == 350
    assert [part.metrics.capital_needed for part in report.parts] == [200, 300]


def test_what_sold_pays_for_what_bought_at_the_same_moment():
    bought = [fill(1, "buy", "100", "10", deal=1)]
    sold = [fill(0, "buy", "100", "10", deal=2), fill(1, "sell", "100", "10", deal=2)]
    report = both(bought, sold)
    assert report.metrics.least_capital == 1000
    assert [each.side for each in report.result.fills] == ["buy", "sell", "buy"]


def test_exposure_counts_the_times_at_which_any_market_was_exposed():
    report = both(
        [fill(0, "buy", "100", "1"), fill(1, "sell", "100", "1")],
        [fill(3, "buy", "100", "1"), fill(3, "sell", "99", "1")],
    )
    assert report.metrics.exposure == 3 / 5
    assert [part.metrics.exposure for part in report.parts] == [2 / 5, 1 / 5]


def test_deals_stand_in_the_order_of_their_numbers_over_all_markets():
    report = both(deals=[deal(1, 0, 1, "5"), deal(3, 2, 3, "5")], other_deals=[deal(2, 1, 2, "-4")])
    assert [(each.number, each.market) for each in report.result.deals] == [
        (1, "BTC/USDT"),
        (2, "ETH/USDT"),
        (3, "BTC/USDT"),
    ]
    assert (report.metrics.deals_closed, report.metrics.profit_factor) == (3, 2.5)


def test_warnings_name_their_market():
    assert "ETH/USDT: Mind the gap." in both().warnings


def test_more_than_the_shared_capital_is_told():
    report = both([fill(0, "buy", "100", "6")], [fill(0, "buy", "100", "6")])
    assert "The fills needed 1200.00 USDT, more than the capital" in report.warnings[0]


# Files


def test_the_files_tell_the_market_of_each_row():
    report = both([fill(1, "buy", "100", "1")], [fill(0, "buy", "50", "1")], other_deals=[deal(1, 0, None, "0")])
    fills = list(csv.DictReader(io.StringIO(fills_csv(report))))
    assert [row["market"] for row in fills] == ["ETH/USDT", "BTC/USDT"]
    assert [row["market"] for row in csv.DictReader(io.StringIO(deals_csv(report)))] == ["ETH/USDT"]
    told = json.loads(to_json(report))
    assert [each["market"] for each in told["markets"]] == ["BTC/USDT", "ETH/USDT"]
    assert told["metrics"]["held"] is None
    assert len(told["curves"]["at"]) == 5


def test_the_page_has_a_row_and_a_price_for_each_market():
    page = to_html(both([fill(1, "buy", "100", "1")], [fill(0, "buy", "50", "1")], other_deals=[deal(1, 0, None, "0")]))
    assert "table" in parsed(page).seen
    for said in (
        "Market by market",
        "<th>BTC/USDT</th>",
        "Price of ETH in USDT",
        "<td>ETH/USDT</td>",
        "an equal share",
    ):
        assert said in page


# The whole equals the books


def check(report, results, every, capital):
    quote, coins, worth = Fraction(0), {}, Fraction(0)
    for found, made in zip(results, every, strict=True):
        spent, coins[found.market] = purse([*found.given, *found.fills])
        quote += spent
        worth += coins[found.market] * Fraction(D(repr(float(made.close[-1]))))
    figures = report.metrics
    assert Fraction(figures.profit) == quote + worth
    assert Fraction(figures.equity) == Fraction(capital) + quote + worth
    assert {part.market.symbol: Fraction(part.metrics.held) for part in report.parts} == coins
    assert sum(part.metrics.profit for part in report.parts) == figures.profit
    assert report.curves.equity[-1] == pytest.approx(float(figures.equity), abs=1e-6)
    assert figures.fills == sum(len(found.fills) for found in results)
    parsed(to_html(report))


@settings(max_examples=80, deadline=None)
@given(
    bot=bots(),
    direction=st.sampled_from(Direction),
    slots=st.integers(1, 3),
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 50)), min_size=2, max_size=4),
    wild=st.sampled_from([0.002, 0.01]),
)
def test_the_profit_over_several_markets_is_what_is_in_the_purse(bot, direction, slots, seed, lengths, wild):
    bot = replace(bot, direction=direction, deals_at_once=slots)
    every = [series(seed + place, bars, wild, 0.05) for place, (bars, _) in enumerate(lengths)]
    every = [
        replace(made, opened_at=made.opened_at + late * made.span)
        for made, (_, late) in zip(every, lengths, strict=True)
    ]
    markets = [
        Market(symbol=f"C{place}/USDT", tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5))
        for place in range(len(every))
    ]
    results = run_pairs(bot, [Pair(market, made) for market, made in zip(markets, every, strict=True)])
    runs = [OnMarket(result=r, candles=c, market=m) for r, c, m in zip(results, every, markets, strict=True)]
    check(SeveralReport.of(runs, D(5000)), results, every, D(5000))


@settings(max_examples=80, deadline=None)
@given(bot=portfolios(), seed=st.integers(0, 2**32), bars=st.integers(1, 200), wild=st.sampled_from([0.002, 0.01]))
def test_the_profit_of_a_portfolio_is_what_is_in_the_purse_coins_brought_in_included(bot, seed, bars, wild):
    every = [series(seed + place, bars, wild, 0.05) for place in range(len(bot.coins))]
    markets = [
        Market(symbol=coin.symbol, tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5)) for coin in bot.coins
    ]
    results = run_portfolio(bot, [Pair(market, made) for market, made in zip(markets, every, strict=True)])
    brought = sum(bot.given(D(repr(float(c.open[0]))), m).cost for c, m in zip(every, markets, strict=True))
    runs = [OnMarket(result=r, candles=c, market=m) for r, c, m in zip(results, every, markets, strict=True)]
    report = SeveralReport.of(runs, bot.cash + brought)
    check(report, results, every, bot.cash + brought)
    assert report.metrics.least_capital <= bot.cash + brought


def told(metrics):
    return {name: value for name, value in msgspec.structs.asdict(metrics).items() if name != "drawdown"}


@settings(max_examples=40, deadline=None)
@given(bot=bots(), seed=st.integers(0, 2**32), bars=st.integers(1, 200))
def test_one_market_alone_has_the_figures_that_it_has_by_itself(bot, seed, bars):
    made = series(seed, bars, 0.01, 0.05)
    found = run(bot, MARKET, made)
    alone = Report.of(found, made, MARKET, D(500)).metrics
    among = SeveralReport.of([OnMarket(result=found, candles=made, market=MARKET)], D(500)).metrics
    among, alone = ({**told(each), **(told(each.drawdown) if each.drawdown else {})} for each in (among, alone))
    # Sums of floats in another order differ in their last digit.
    for name in ("sharpe", "sortino", "profit_share", "holding_share", "share", "quote"):
        one, other = among.pop(name, None), alone.pop(name, None)
        assert one == other or float(one) == pytest.approx(float(other)), name
    assert {**among, "held": alone["held"]} == alone
