"""The same bot from many starts."""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run as backtest
from strategies.backtest.index import BarIndex, IndexSince
from strategies.backtest.report import Run, bands_of, curves, run_of, starts, times
from strategies.backtest.report.bands import longest_below
from tests.strategies.backtest.report.conftest import BEGIN, DAY, MARKET, MINUTE, candles, deal, fill, result
from tests.strategies.backtest.test_engine_equals_walker import bots, series

TWO_DAYS = times(2 * DAY, points=3)


def run(started_at, *equity, below=0, longest=0):
    return Run(started_at=started_at, equity=np.array(equity), longest_below=below, longest_deal=longest)


def test_percentiles_are_taken_at_the_same_time_since_each_start():
    runs = [run(n, 1, 1 + n / 100, 1 + n / 10) for n in range(101)]
    found = bands_of(runs, TWO_DAYS)
    assert found.elapsed.tolist() == [0, DAY, 2 * DAY]
    assert found.p5 == pytest.approx([1, 1.05, 1.5])
    assert found.p25 == pytest.approx([1, 1.25, 3.5])
    assert found.p50 == pytest.approx([1, 1.5, 6])


def test_starts_at_which_the_bot_cannot_work_are_left_out_and_counted():
    found = bands_of([run(0, 1, 2, 3), None], TWO_DAYS)
    assert (found.runs, found.left_out, found.p50[-1]) == (1, 1, 3)
    assert "1 starts at which the bot cannot work are left out." in found.sentence


def test_without_any_run_there_are_no_bands():
    with pytest.raises(ValueError, match="There is no run"):
        bands_of([None], TWO_DAYS)


def test_the_worst_time_stuck_and_the_longest_deal_name_their_start():
    found = bands_of([run(7, 1, 0.9, 1, below=1, longest=5), run(8, 1, 0.9, 1.1, below=4, longest=3)], TWO_DAYS)
    assert (found.longest_below, found.longest_below_start) == (4, 8)
    assert (found.longest_deal, found.longest_deal_start) == (5, 7)
    assert found.ended_below == 0


# Where to begin


def test_starts_are_spread_evenly_and_each_has_the_whole_horizon_before_it():
    assert starts(candles([100] * 11), 4, 2 * DAY) == [0, 3, 6, 9]


def test_there_are_no_more_starts_than_candles():
    assert starts(candles([100] * 5), 1000, 2 * DAY) == [0, 1, 2, 3]


def test_a_horizon_of_all_candles_leaves_the_first_start():
    assert starts(candles([100] * 5), 1000, 5 * DAY) == [0]


def test_missing_candles_count_as_time():
    gap = candles([100] * 6)
    gap.opened_at[3:] += 10 * DAY
    assert starts(gap, 100, 11 * DAY) == [0, 1, 2]


# One run


def test_a_result_becomes_a_run():
    outcome = result([fill(1, "buy", "100", "1")], [deal(1, 1, None, "0")])
    found = run_of(outcome, candles([100, 100, 150]), MARKET, D(100), times(3 * DAY, points=4))
    assert found.equity.tolist() == [1, 1, 1, 1.5]
    assert (found.started_at, found.longest_deal) == (BEGIN, 2 * DAY)


def test_between_closes_the_last_one_counts():
    outcome = result([fill(0, "buy", "100", "1")], [deal(1, 0, None, "0")])
    found = run_of(outcome, candles([200, 300]), MARKET, D(100), times(2 * DAY, points=5))
    assert found.equity.tolist() == [1, 1, 2, 2, 3]


@settings(max_examples=60, deadline=None)
@given(bot=bots(), seed=st.integers(0, 2**32), bars=st.integers(1, 400), wild=st.sampled_from([0.001, 0.01]))
def test_a_run_says_what_the_curve_of_every_candle_says(bot, seed, bars, wild):
    made = series(seed, bars, wild, 0.05)
    outcome = backtest(bot, MARKET, made)
    drawn = curves(outcome, made, MARKET, D(500))
    elapsed = drawn.closed_at - made.opened_at[0]
    found = run_of(outcome, made, MARKET, D(500), elapsed)
    assert found.equity == pytest.approx(drawn.equity / 500)
    fine = drawn.equity >= 500 - 1e-9
    assert found.longest_below == longest_below(elapsed, fine)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_the_longest_time_below_is_the_one_that_brute_force_finds(fine):
    worst, since = 0, 0
    for time, good in enumerate(fine, 1):
        if good:
            worst, since = max(worst, time - since if time - since > 1 else 0), time
    if not fine[-1]:
        worst = max(worst, len(fine) - since)
    assert longest_below(np.arange(1, len(fine) + 1), np.array(fine)) == worst


# A start within candles that are indexed already


@settings(max_examples=60, deadline=None)
@given(bot=bots(), seed=st.integers(0, 2**32), first=st.integers(0, 1500))
def test_an_index_seen_from_a_later_bar_is_the_index_of_what_follows(bot, seed, first):
    made = series(seed, 1600, 0.003, 0.05)
    later = made.between(first, len(made))
    seen = backtest(bot, MARKET, later, index=IndexSince(BarIndex(made.low, made.high), first))
    assert seen.fills == backtest(bot, MARKET, later).fills


def test_times_are_milliseconds_from_nothing_to_the_horizon():
    assert times(4 * MINUTE, points=3).tolist() == [0, 2 * MINUTE, 4 * MINUTE]
