"""Orders that only take turns are run through at once: the same to the last digit as asking after every fill."""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from strategies.backtest import quick, turning
from strategies.backtest.candles import Candles
from strategies.backtest.engine import Pair, run
from strategies.backtest.market_run import MarketRun
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.backtest.quick import run_quickly
from strategies.grid import Beyond, Grid, Spacing
from tests.strategies.grid.settings import MARKET, grids


def candles(seed, bars, wild, gaps, tick=0.01):
    """A walk around 100 on whole ticks: a coarse one often stands exactly on a line."""
    chance = np.random.default_rng(seed)
    steps = chance.normal(0, wild, bars) + np.where(chance.random(bars) < gaps, chance.normal(0, 6 * wild, bars), 0)
    close = 100 * np.exp(np.cumsum(steps) * 0.98)
    opened = np.concatenate(([100.0], close[:-1])) * np.where(
        chance.random(bars) < gaps, np.exp(chance.normal(0, 3 * wild, bars)), 1
    )
    high = np.maximum(opened, close) * np.exp(np.abs(chance.normal(0, wild, bars)))
    low = np.minimum(opened, close) * np.exp(-np.abs(chance.normal(0, wild, bars)))
    columns = {"open": opened, "high": high, "low": low, "close": close}
    on_ticks = {name: np.maximum(np.round(np.round(each / tick) * tick, 2), tick) for name, each in columns.items()}
    return Candles(opened_at=np.arange(bars) * 60_000, volume=np.ones(bars), span=60_000, **on_ticks)


@pytest.fixture
def both_ways(monkeypatch):
    """`both_ways(grid, candles, options)`: what comes of it at once, and by asking after every fill."""
    monkeypatch.setattr(quick, "BARS_AN_ORDER", 0)
    return lambda grid, series, options: (
        run_quickly(grid, Pair(MARKET, series), options),
        run(grid, MARKET, series, options),
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grid=grids(),
    seed=st.integers(0, 2**32),
    bars=st.integers(2, 2000),
    wild=st.sampled_from([0.0005, 0.002, 0.01]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    tick=st.sampled_from([0.01, 0.25]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    chunk=st.sampled_from([7, 100, 1 << 16]),
)
def test_the_result_is_the_same(both_ways, monkeypatch, grid, seed, bars, wild, gaps, tick, fill, gap, chunk):
    assume(not any(grid.problems(D(100), MARKET)))
    monkeypatch.setattr(turning, "_CHUNK", chunk)
    at_once, asked = both_ways(grid, candles(seed, bars, wild, gaps, tick), Options(fill=fill, gap=gap))
    assert at_once == asked


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.integers(2, 40),
    step=st.sampled_from(["0.5", "1", "2"]),
    seed=st.integers(0, 2**32),
    wild=st.sampled_from([0.001, 0.005, 0.02]),
    gaps=st.sampled_from([0.0, 0.2]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
)
def test_prices_that_stand_on_the_lines_trade_the_same(both_ways, lines, step, seed, wild, gaps, fill, gap):
    below = D(step) * (lines // 2)
    grid = Grid(
        lower=100 - below,
        upper=100 - below + D(step) * (lines - 1),
        lines=lines,
        spacing=Spacing.ARITHMETIC,
        quote_a_line=D(100),
    )
    at_once, asked = both_ways(grid, candles(seed, 1500, wild, gaps, tick=0.5), Options(fill=fill, gap=gap))
    assert at_once == asked


def plain(**more):
    return Grid(lower=D(90), upper=D(110), lines=41, quote_a_line=D(100), **more)


def walked(monkeypatch):
    """How many bars are walked one by one, from now on."""
    bars = []
    walk = MarketRun.walk
    monkeypatch.setattr(MarketRun, "walk", lambda self, bar: (bars.append(bar), walk(self, bar))[1])
    return bars


def test_a_plain_grid_is_walked_in_its_first_bar_alone(monkeypatch):
    bars = walked(monkeypatch)
    result = run_quickly(plain(), Pair(MARKET, candles(1, 20_000, 0.001, 0.0)))
    assert len(result.fills) > 500
    assert bars == [0]


def test_the_bar_that_reaches_a_stop_is_walked(monkeypatch):
    series = candles(1, 20_000, 0.005, 0.0)
    first = int((series.low <= 80).argmax())
    assert 0 < first < int((series.high >= 120).argmax() or len(series))
    bars = walked(monkeypatch)
    run_quickly(plain(stop_below=D(80)), Pair(MARKET, series))
    assert bars == [0, first]


def test_a_grid_that_chooses_the_nearest_lines_is_asked_after_every_fill(monkeypatch):
    bars = walked(monkeypatch)
    result = run_quickly(plain(active_lines=3), Pair(MARKET, candles(1, 5000, 0.001, 0.0)))
    assert len(bars) > 100
    assert {fill.bar for fill in result.fills} <= set(bars)


def test_a_grid_that_trails_upwards_is_walked_where_it_moves_and_at_its_lowest_line(monkeypatch):
    series = candles(1, 20_000, 0.001, 0.0)
    bars = walked(monkeypatch)
    result = run_quickly(plain(above=Beyond.TRAIL, highest=D(200)), Pair(MARKET, series))
    assert len(result.fills) > 500
    assert 1 < len(bars) < len(result.fills) / 4
