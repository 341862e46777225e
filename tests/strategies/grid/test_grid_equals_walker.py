"""A grid's fills by the engine and by a plain walk over every bar that knows only lines and turns."""

from collections import Counter

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.grid.settings import MARKET, grids
from tests.strategies.grid.walker import GridWalk, exact


@settings(max_examples=500, deadline=None)
@given(
    grid=grids(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 300),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
)
def test_a_grid_has_the_fills_of_the_walk(grid, seed, bars, wild, gaps, fill, gap):
    candles = series(seed, bars, wild, gaps)
    assume(not any(grid.problems(exact(float(candles.open[0])), MARKET)))
    result = run(grid, MARKET, candles, Options(fill=fill, gap=gap))
    found = [(each.bar, each.side, each.price, each.amount, each.order) for each in result.fills]
    walk = GridWalk(grid, MARKET, candles, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT)
    assert found == walk.run()
    assert bool(result.deals[0].ending) == bool(walk.ended)
    for word, times in Counter(what_happened(grid, walk)).items():
        event(f"{word}: {times}")


def what_happened(grid, walk):
    if walk.ended:
        yield f"ended by {walk.ended}"
    if walk.paper.cells is not None and (walk.low, walk.top) != (0, walk.paper.cells):
        yield f"moved, above {grid.above.value}, below {grid.below.value}"
    if walk.fills:
        yield "traded" if grid.step is None else "traded without a highest line"
