"""The floats that the benchmark compares with do the same job as the live strategies."""

from decimal import Decimal as D

import pytest

from benchmarks import yardstick
from benchmarks.jobs import FLOATS, TOUCH, bot
from strategies.backtest.engine import run
from strategies.backtest.index import BarIndex
from strategies.market import Market
from tests.strategies.backtest.test_engine_equals_walker import series

# So fine and without fees that nothing is rounded to speak of.
FINE = Market(
    symbol="X/USDT", tick_size=D("1e-9"), lot_size=D("1e-12"), maker_fee=D(0), taker_fee=D(0), min_notional=D(5)
)


@pytest.mark.parametrize("kind", ["dca", "grid"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_floats_fill_where_the_strategy_does(kind, seed):
    candles = series(seed, 3000, 0.004, 0.05)
    found = run(bot(kind, candles.open[0]), FINE, candles, TOUCH).fills
    floats = yardstick.run(FLOATS[kind](), candles, BarIndex(candles.low, candles.high))
    assert len(floats) > 100
    assert [(fill.bar, fill.side) for fill in found] == [
        (bar, "buy" if side > 0 else "sell") for bar, side, *_ in floats
    ]
    assert [float(fill.price) for fill in found] == pytest.approx([price for _, _, price, *_ in floats])
