"""A grid's fills by the engine and by a plain walk over every bar that knows only lines and turns."""

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, Options
from strategies.grid import Grid, Spacing
from strategies.kinds import from_json, to_json
from strategies.market import Market
from strategies.settings import SettingsRefused
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.backtest.walker import repr_price

MARKET = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.0001"), min_notional=D(5))


def drawn(grid):
    """The lines, from the settings alone."""
    if grid.spacing is Spacing.ARITHMETIC:
        exact = [grid.lower + (grid.upper - grid.lower) / (grid.lines - 1) * k for k in range(grid.lines)]
    else:
        ratio = (grid.upper / grid.lower) ** (D(1) / (grid.lines - 1))
        exact = [grid.lower * ratio**k for k in range(grid.lines)]
    return [price - price % MARKET.tick_size for price in exact]


def walk(grid, candles, *, touch):
    """(bar, side, price) of every fill. `held[j]`: the cell between lines j and j + 1 has its coins."""
    lines, found = drawn(grid), []
    bars = list(zip(*(c.tolist() for c in (candles.open, candles.high, candles.low, candles.close)), strict=True))
    start = repr_price(bars[0][0])
    held = [line >= start for line in lines[:-1]]
    if any(held):
        found.append((0, "buy", start))
    reached = (lambda high, low: high >= low) if touch else (lambda high, low: high > low)
    for number, (opened, high, low, close) in enumerate(bars):
        for vertex in (opened, low, high, close) if close > opened else (opened, high, low, close):
            price = repr_price(vertex)
            while True:
                buys = [j for j in range(len(held)) if not held[j] and reached(lines[j], price)]
                sells = [j for j in range(len(held)) if held[j] and reached(price, lines[j + 1])]
                if buys:
                    found.append((number, "buy", lines[max(buys)]))
                    held[max(buys)] = True
                elif sells:
                    found.append((number, "sell", lines[min(sells) + 1]))
                    held[min(sells)] = False
                else:
                    break
    return found


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 500),
    wild=st.sampled_from([0.0005, 0.002, 0.01]),
    lines=st.integers(2, 60),
    width=st.decimals("0.05", "0.6", places=2),
    spacing=st.sampled_from(Spacing),
    fill=st.sampled_from(FillRule),
)
def test_a_grid_has_the_fills_of_the_walk(seed, bars, wild, lines, width, spacing, fill):
    candles = series(seed, bars, wild, 0.05)
    grid = Grid(lower=100 * (1 - width), upper=100 * (1 + width), lines=lines, quote_a_line=D(100), spacing=spacing)
    found = [(each.bar, each.side, each.price) for each in run(grid, MARKET, candles, Options(fill=fill)).fills]
    assert found == walk(grid, candles, touch=fill is FillRule.TOUCH)


def test_a_grid_never_sells_coins_that_it_does_not_hold():
    grid = Grid(lower=D(80), upper=D(120), lines=30, quote_a_line=D(100))
    held = D(0)
    for each in run(grid, MARKET, series(7, 5000, 0.002, 0.05), Options()).fills:
        held += each.amount - each.fee if each.side == "buy" else -each.amount
        assert held >= 0


def test_a_spacing_below_two_fees_and_a_tick_is_refused_for_that_market():
    grid = Grid(lower=D(99), upper=D(101), lines=50, quote_a_line=D(100))
    assert [problem.field for problem in grid.problems(D(100), MARKET)] == ["lines"]


def test_a_range_upside_down_is_refused():
    with pytest.raises(SettingsRefused, match="upper: 90 is not above the lowest line"):
        Grid(lower=D(100), upper=D(90), lines=10, quote_a_line=D(100))


def test_settings_survive_the_way_through_json():
    grid = Grid(lower=D(80), upper=D(120), lines=30, quote_a_line=D(100), spacing=Spacing.ARITHMETIC)
    assert from_json("grid", to_json(grid)) == grid


def test_an_unknown_spacing_is_named_with_the_choices():
    values = {"lower": "80", "upper": "120", "lines": 30, "quote_a_line": "100", "spacing": "cubic"}
    with pytest.raises(SettingsRefused, match="spacing: 'cubic' is not a choice"):
        from_json("grid", values)
