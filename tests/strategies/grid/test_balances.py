"""What a grid asks for before the start is never less than what it uses."""

from decimal import Decimal as D

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.grid import Balances
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.grid.exchange import FIVE, MARKET
from tests.strategies.grid.settings import grids
from tests.strategies.grid.walker import exact


def test_required_balances_of_an_ordinary_grid():
    """Two sells and the start for them, two buys."""
    start = MARKET.amount_up(
        (MARKET.amount_down(D(1) * D("0.999")) + MARKET.amount_down(D("0.9524") * D("0.999"))) / D("0.999")
    )
    buys = D("1.1112") * 90 + D("1.0527") * 95
    assert FIVE.required_balances(D(100), MARKET) == Balances(quote=start * 100 + buys, base=D(0))


@settings(max_examples=500, deadline=None)
@given(
    grid=grids(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 400),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    gap=st.sampled_from(GapRule),
)
def test_required_balances_are_never_less_than_what_the_run_uses(grid, seed, bars, wild, gaps, gap):
    candles = series(seed, bars, wild, gaps)
    price = exact(float(candles.open[0]))
    assume(not any(grid.problems(price, MARKET)))
    balances = grid.required_balances(price, MARKET)
    quote, base = balances.quote, balances.base
    for fill in run(grid, MARKET, candles, Options(fill=FillRule.TOUCH, gap=gap)).fills:
        if fill.side == "buy":
            quote, base = quote - fill.price * fill.amount, base + fill.amount - fill.fee
        else:
            quote, base = quote + fill.price * fill.amount - fill.fee, base - fill.amount
        assert quote >= 0
        assert base >= 0
