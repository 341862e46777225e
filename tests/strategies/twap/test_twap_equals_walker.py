"""A TWAP's fills by the engine and by a plain walk over every bar."""

from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.market import Market
from strategies.orders import Side
from strategies.twap import TWAP, Missed
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.twap.walker import walk


@st.composite
def bots(draw):
    total = draw(st.decimals(50, 5000, places=2))
    in_quote = draw(st.booleans())
    return TWAP(
        side=draw(st.sampled_from(Side)),
        quote=total if in_quote else None,
        base=None if in_quote else total / 100,
        slices=draw(st.integers(1, 40)),
        duration=draw(st.integers(40, 40_000)),
        worst_price=draw(st.none() | st.decimals(80, 120, places=3)),
        missed=draw(st.sampled_from(Missed)),
    )


@settings(max_examples=500, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 600),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
)
def test_a_twap_has_the_fills_of_the_walker(bot, seed, bars, wild, gaps, fill, gap, lot):
    market = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D(lot), min_notional=D(5))
    candles = series(seed, bars, wild, gaps)
    found = run(bot, market, candles, Options(fill=fill, gap=gap)).fills
    ours = [(each.bar, each.side, each.price, each.amount) for each in found]
    assert ours == walk(bot, market, candles, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT)
