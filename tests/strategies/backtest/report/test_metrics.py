"""Figures worked out by hand, and what must hold for every run."""

import math
from decimal import Decimal as D

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.report import curves, metrics
from tests.strategies.backtest.report.conftest import BEGIN, DAY, HOUR, MARKET, candles, deal, fill, result

# Buys 2 at 100 (0.1 % fee in coins), sells 1 at 120 (0.1 % in quote), and holds 0.998.
SMALL = result(
    [fill(1, "buy", "100", "2", "0.002", "BTC"), fill(3, "sell", "120", "1", "0.12", "USDT")],
    [deal(1, 1, None, "19.78", invested="200", held="0.998", cost="99.9")],
)
SMALL_CANDLES = candles([100, 100, 90, 120, 110], opens=[100, 100, 100, 90, 120])


@pytest.fixture
def small():
    return metrics(SMALL, SMALL_CANDLES, MARKET, D(1000))


def test_equity_is_quote_and_coins_at_the_last_close(small):
    # 1000 - 200 + 120 - 0.12 + 0.998 x 110
    assert small.equity == D("1029.66")
    assert small.profit == D("29.66")
    assert small.profit_share == pytest.approx(0.02966)
    assert small.held == D("0.998")


def test_open_profit_is_what_is_not_realised(small):
    assert small.realised == D("19.78")
    assert small.open_profit == D("9.88")


def test_holding_spends_everything_at_the_first_open_with_the_takers_fee(small):
    # 1000 / 100 x 0.999 x 110 - 1000
    assert small.holding_profit == D("98.9")
    assert small.against_holding == D("29.66") - D("98.9")


def test_fees_in_coins_are_valued_at_the_price_of_the_fill(small):
    assert small.fees == D("0.002") * 100 + D("0.12")


def test_fees_in_a_third_asset_are_counted_apart():
    run = result([fill(0, "buy", "100", "1", "0.0002", "BNB"), fill(1, "sell", "100", "1", "0.0003", "BNB")])
    figures = metrics(run, SMALL_CANDLES, MARKET, D(1000))
    assert figures.other_fees == {"BNB": D("0.0005")}
    assert (figures.fees, figures.profit) == (0, 0)


def test_the_curves_have_a_value_for_each_close():
    drawn = curves(SMALL, SMALL_CANDLES, MARKET, D(1000))
    assert drawn.quote.tolist() == [1000, 800, 800, 919.88, 919.88]
    assert drawn.held.tolist() == [0, 1.998, 1.998, 0.998, 0.998]
    assert drawn.equity == pytest.approx([1000, 999.8, 979.82, 1039.64, 1029.66])
    assert drawn.holding == pytest.approx([999, 999, 899.1, 1198.8, 1098.9])
    assert drawn.drawdown == pytest.approx([0, 0.0002, 0.02018, 0, 9.98 / 1039.64])
    assert drawn.closed_at[0] == BEGIN + DAY


def test_the_deepest_fall_goes_from_the_high_to_its_return(small):
    fall = small.drawdown
    assert fall.share == pytest.approx(0.02018)
    assert fall.quote == pytest.approx(D("20.18"))
    assert [(each - BEGIN) // DAY for each in (fall.from_, fall.lowest_at, fall.recovered_at)] == [1, 3, 4]
    assert fall.duration == 3 * DAY


def test_a_fall_from_the_first_moment_begins_with_the_first_candle():
    run = result([fill(0, "buy", "100", "1")])
    fall = metrics(run, candles([90, 80], opens=[100, 90]), MARKET, D(100)).drawdown
    assert (fall.from_, fall.recovered_at) == (BEGIN, None)
    assert fall.duration == 2 * DAY
    assert (fall.share, fall.quote) == (pytest.approx(0.2), D(20))


def test_a_run_without_a_fall_has_none():
    assert metrics(result(), SMALL_CANDLES, MARKET, D(1000)).drawdown is None


def test_sharpe_and_sortino_are_of_daily_returns():
    run = result([fill(0, "buy", "100", "1")])
    figures = metrics(run, candles([110, 99, 108.9], opens=[100, 110, 99]), MARKET, D(100))
    returns = [0.1, -0.1, 0.1]
    mean = 0.1 / 3
    deviation = math.sqrt(sum((each - mean) ** 2 for each in returns) / 2)
    assert figures.sharpe == pytest.approx(mean / deviation * math.sqrt(365))
    assert figures.sortino == pytest.approx(mean / math.sqrt(0.01 / 3) * math.sqrt(365))


def test_the_day_ends_with_its_last_candle_and_missing_days_return_nothing():
    hours = candles([100, 110, 121], opens=[100, 100, 110], span=HOUR, begin=BEGIN + 22 * HOUR)
    hours.opened_at[2] = BEGIN + 3 * DAY
    run = result([fill(0, "buy", "100", "1", span=HOUR)])
    returns = [0.1, 0, 0, 0.1]
    mean, deviation = np.mean(returns), np.std(returns, ddof=1)
    assert metrics(run, hours, MARKET, D(100)).sharpe == pytest.approx(mean / deviation * math.sqrt(365))


def test_without_losses_or_spread_there_is_no_ratio():
    figures = metrics(result(), candles([100] * 10), MARKET, D(100))
    assert (figures.sharpe, figures.sortino, figures.profit_factor, figures.win_rate) == (None, None, None, None)


def test_deals_are_counted():
    deals = [
        deal(1, 0, 1, "10"),
        deal(2, 1, 4, "-4", averaging=3),
        deal(3, 4, 6, "2", averaging=1),
        deal(4, 6, 7, "0", averaging=1),
        deal(5, 7, None, "0"),
    ]
    figures = metrics(result(deals=deals), candles([100] * 10), MARKET, D(100))
    assert (figures.deals_closed, figures.deals_open) == (4, 1)
    assert figures.profit_factor == 3
    assert figures.win_rate == 0.5
    assert figures.averaging_histogram == {0: 2, 1: 2, 3: 1}
    assert (figures.averaging_mean, figures.averaging_most) == (1, 3)
    durations = figures.durations
    assert (durations.mean, durations.median, durations.longest) == (1.75 * DAY, 1.5 * DAY, 3 * DAY)
    assert durations.longest_open == 3 * DAY


def test_a_deal_that_waits_for_its_first_fill_counts_nowhere():
    figures = metrics(result(deals=[deal(1, 0, None, "0", invested="0")]), SMALL_CANDLES, MARKET, D(100))
    assert (figures.deals_open, figures.averaging_histogram, figures.durations.longest_open) == (0, {}, None)


def test_capital_needed_is_the_most_in_open_deals_at_once():
    run = result(
        [
            fill(0, "buy", "100", "1", deal=1),
            fill(1, "sell", "150", "1", deal=1),
            fill(2, "buy", "100", "1", deal=2),
            fill(2, "buy", "80", "1", deal=3),
            fill(3, "sell", "100", "1", deal=2),
        ]
    )
    figures = metrics(run, candles([100] * 5), MARKET, D(1000))
    assert figures.capital_needed == 180
    assert figures.least_capital == 130  # the first deal's 50 helped to pay


def test_exposure_counts_candles_with_coins_that_can_be_sold():
    run = result(
        [
            fill(1, "buy", "100", "1", "0.0005", "BTC"),
            fill(3, "sell", "100", "0.999"),  # 0.0005 stay: less than a lot
            fill(6, "buy", "100", "1", deal=2),
            fill(6, "sell", "101", "1", deal=2),
        ]
    )
    assert metrics(run, candles([100] * 8), MARKET, D(1000)).exposure == 4 / 8  # 1, 2, 3 and 6


def test_a_capital_of_nothing_and_no_candles_are_refused():
    with pytest.raises(ValueError, match=r"The capital is 0\. Give more than 0"):
        metrics(result(), SMALL_CANDLES, MARKET, D(0))
    with pytest.raises(ValueError, match="There are no candles"):
        metrics(result(), candles([]), MARKET, D(1))


@st.composite
def runs(draw):
    """Any fills over any prices, in order of time."""
    closes = draw(st.lists(st.integers(1, 100_000).map(lambda n: n / 100), min_size=1, max_size=40))
    span = draw(st.sampled_from([HOUR, DAY]))
    bars = sorted(draw(st.lists(st.integers(0, len(closes) - 1), max_size=30)))
    fills = [
        fill(
            bar,
            draw(st.sampled_from(["buy", "sell"])),
            draw(st.decimals("0.01", "1000", places=2)),
            draw(st.decimals("0.00001", "10", places=5)),
            draw(st.decimals("0", "0.001", places=8)),
            draw(st.sampled_from(["BTC", "USDT", "BNB"])),
            deal=draw(st.integers(1, 4)),
            span=span,
        )
        for bar in bars
    ]
    realised = draw(st.lists(st.decimals("-100", "100", places=4), max_size=6))
    deals = [
        deal(n, 0, draw(st.none() | st.integers(0, len(closes) - 1)), each, averaging=n % 3, span=span)
        for n, each in enumerate(realised)
    ]
    return result(fills, deals), candles(closes, span=span), draw(st.decimals("0.01", "100000", places=2))


@settings(deadline=None)
@given(runs())
def test_the_curve_ends_with_the_books(run):
    outcome, bars, capital = run
    quote, held = capital, D(0)
    for each in outcome.fills:
        sign = 1 if each.side == "buy" else -1
        quote -= sign * each.price * each.amount + (each.fee if each.fee_asset == "USDT" else 0)
        held += sign * each.amount - (each.fee if each.fee_asset == "BTC" else 0)
    figures = metrics(outcome, bars, MARKET, capital)
    assert figures.equity == quote + held * D(repr(float(bars.close[-1])))
    assert figures.realised + figures.open_profit == figures.profit
    drawn = curves(outcome, bars, MARKET, capital)
    assert float(figures.equity) == pytest.approx(drawn.equity[-1], rel=1e-12, abs=1e-7)


@settings(deadline=None)
@given(runs())
def test_the_deepest_fall_is_the_one_that_brute_force_finds(run):
    outcome, bars, capital = run
    drawn = curves(outcome, bars, MARKET, capital)
    high, deepest = float(capital), 0.0
    for equity in drawn.equity.tolist():
        high = max(high, equity)
        deepest = max(deepest, (high - equity) / high)
    fall = metrics(outcome, bars, MARKET, capital).drawdown
    assert (fall.share if fall else 0.0) == pytest.approx(deepest)
    if fall:
        assert fall.from_ < fall.lowest_at
        assert fall.recovered_at is None or fall.recovered_at > fall.lowest_at


@settings(deadline=None)
@given(runs())
def test_every_run_has_figures_and_they_are_written(run):
    outcome, bars, capital = run
    figures = metrics(outcome, bars, MARKET, capital)
    assert 0 <= figures.exposure <= 1
    assert figures.capital_needed >= 0
    assert figures.least_capital >= 0
    for each in (figures.sharpe, figures.sortino, figures.profit_factor, figures.win_rate):
        assert each is None or math.isfinite(each)
    assert msgspec.json.decode(msgspec.json.encode(figures))["profit"] == str(figures.profit)


# Shorts: sell coins that were lent, buy them back


def test_a_short_ties_up_the_coins_that_it_owes_at_what_it_got_for_them():
    run = result(
        [
            fill(0, "sell", "100", "1"),
            fill(1, "sell", "120", "1"),
            fill(2, "buy", "90", "1"),
            fill(3, "buy", "90", "1"),
            fill(4, "sell", "100", "1", deal=2),
        ]
    )
    figures = metrics(run, candles([100] * 5), MARKET, D(1000))
    assert figures.capital_needed == 220
    assert figures.least_capital == 0


def test_coins_that_a_short_owes_are_exposure():
    run = result([fill(1, "sell", "100", "1"), fill(3, "buy", "90", "1")])
    figures = metrics(run, candles([100] * 6), MARKET, D(1000))
    assert (figures.exposure, figures.held) == (3 / 6, 0)


def test_what_a_deal_lost_is_not_in_open_deals_once_it_is_over():
    run = result(
        [
            fill(0, "buy", "100", "1", deal=1),
            fill(1, "sell", "60", "1", deal=1),
            fill(2, "buy", "100", "1", deal=2),
        ],
        [deal(1, 0, 1, "-40"), deal(2, 2, None, "0", held="1", cost="100")],
    )
    figures = metrics(run, candles([100] * 3), MARKET, D(1000))
    assert (figures.capital_needed, figures.least_capital) == (100, 140)


def test_a_deal_that_only_bought_was_neither_won_nor_lost():
    run = result(deals=[deal(1, 0, 1, "0", held="1", cost="100"), deal(2, 1, 2, "5")])
    assert metrics(run, candles([100] * 3), MARKET, D(1000)).win_rate == 1


def test_what_the_last_fill_of_a_deal_took_was_in_it():
    run = result(
        [fill(0, "buy", "100", "1"), fill(1, "buy", "100", "1")],
        [deal(1, 0, 1, "0", held="2", cost="200")],
    )
    assert metrics(run, candles([100] * 3), MARKET, D(1000)).capital_needed == 200


def test_a_deals_length_counts_from_its_entry():
    waited = msgspec.structs.replace(deal(1, 0, 6, "5"), entered_at=BEGIN + 4 * DAY)
    assert metrics(result(deals=[waited]), candles([100] * 10), MARKET, D(100)).durations.longest == 2 * DAY
