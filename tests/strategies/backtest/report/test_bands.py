"""The same bot from many starts."""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.report import Run, bands, bands_of, run_of
from strategies.backtest.report.bands import longest_below
from tests.strategies.backtest.report.conftest import BEGIN, DAY, MARKET, candles, deal, fill, result


def run(started_at, *equity, longest=0):
    return Run(
        started_at=started_at,
        elapsed=np.arange(1, len(equity) + 1) * DAY,
        equity=np.array(equity, dtype=np.float64),
        longest_deal=longest,
    )


def test_percentiles_are_taken_at_the_same_time_since_each_start():
    runs = [run(n, 1 + n / 100, 1 + n / 10) for n in range(101)]
    found = bands_of(runs, points=3)
    assert found.elapsed.tolist() == [0, DAY, 2 * DAY]
    assert found.p5 == pytest.approx([1, 1.05, 1.5])
    assert found.p25 == pytest.approx([1, 1.25, 3.5])
    assert found.p50 == pytest.approx([1, 1.5, 6])


def test_between_closes_the_last_one_counts():
    assert bands_of([run(0, 2, 3)], points=5).p50.tolist() == [1, 1, 2, 2, 3]


def test_runs_shorter_than_the_horizon_are_left_out_and_counted():
    found = bands_of([run(0, 1, 2, 3), run(1, 9)], horizon=3 * DAY)
    assert (found.runs, found.left_out, found.p50[-1]) == (1, 1, 3)


def test_without_a_horizon_the_shortest_run_is_it():
    assert bands_of([run(0, 1, 2, 3), run(1, 9)]).elapsed[-1] == DAY


def test_a_horizon_that_no_run_reaches_is_refused():
    with pytest.raises(ValueError, match=r"No run lasts so long\. Give a shorter horizon"):
        bands_of([run(0, 1)], horizon=2 * DAY)
    with pytest.raises(ValueError, match="No run lasts so long"):
        bands_of([])


def test_the_worst_time_stuck_and_the_longest_deal_name_their_start():
    found = bands_of([run(7, 0.9, 1, 0.9, 1, longest=5), run(8, 0.9, 0.9, 0.9, 1.1, longest=3)])
    assert (found.longest_below, found.longest_below_start) == (4 * DAY, 8)
    assert (found.longest_deal, found.longest_deal_start) == (5, 7)
    assert found.ended_below == 0


def test_the_bot_is_run_from_every_start():
    assert bands(lambda start: run(start, start), [1, 2, 3]).p50[-1] == 2


def test_a_result_becomes_a_run():
    outcome = result([fill(1, "buy", "100", "1")], [deal(1, 1, None, "0")])
    found = run_of(outcome, candles([100, 100, 150]), MARKET, D(100))
    assert found.equity.tolist() == [1, 1, 1.5]
    assert found.elapsed.tolist() == [DAY, 2 * DAY, 3 * DAY]
    assert (found.started_at, found.longest_deal) == (BEGIN, 2 * DAY)


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.5, 1.0, 1.5]), min_size=1, max_size=20))
def test_the_longest_time_below_is_the_one_that_brute_force_finds(values):
    worst, since = 0, 0
    for time, value in enumerate(values, 1):
        if value >= 1:
            worst, since = max(worst, time - since if time - since > 1 else 0), time
    if values[-1] < 1:
        worst = max(worst, len(values) - since)
    assert longest_below(np.arange(1, len(values) + 1), np.array(values)) == worst
