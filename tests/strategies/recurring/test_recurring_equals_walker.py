"""Recurring buys by the engine and by a plain walk over every bar, with a calendar of its own."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.market import Market
from strategies.recurring import Every, Recurring
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.recurring.walker import RecurringWalk

HOUR = 3_600_000


@st.composite
def bots(draw):
    maybe = lambda low, high, places: st.none() | st.decimals(low, high, places=places)  # noqa: E731 - a short name
    in_quote = draw(st.booleans())
    size = draw(st.decimals(10, 300, places=1))
    return Recurring(
        quote=size if in_quote else None,
        base=None if in_quote else size / 100,
        every=draw(st.sampled_from(Every)),
        minute=draw(st.integers(0, 59)),
        hour=draw(st.integers(0, 23)),
        weekday=draw(st.integers(1, 7)),
        day=draw(st.integers(1, 31)),
        below=draw(maybe("0.001", "0.05", 3)),
        purchases=draw(st.none() | st.integers(1, 30)),
        budget=draw(maybe(300, 3000, 1)),
        highest_price=draw(maybe(90, 120, 1)),
        dip=draw(maybe("0.01", "0.1", 2)),
        late=draw(st.none() | st.integers(0, 2000)),
        take_profit=draw(maybe("0.002", "0.1", 3)),
    )


@settings(max_examples=600, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 400),
    start=st.integers(0, 5 * 366 * 24),
    span=st.sampled_from([HOUR // 12, HOUR, 6 * HOUR, 24 * HOUR]),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
)
def test_recurring_buys_have_the_fills_of_the_walker(bot, seed, bars, start, span, wild, gaps, fill, gap, lot):
    market = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D(lot), min_notional=D(5))
    candles = series(seed, bars, wild, gaps)
    candles = replace(candles, opened_at=start * HOUR + np.arange(bars, dtype=np.int64) * span, span=span)
    found = run(bot, market, candles, Options(fill=fill, gap=gap)).fills
    ours = [(each.bar, each.side, each.price, each.amount, each.order) for each in found]
    walk = RecurringWalk(bot, market, candles, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT)
    assert ours == walk.run()
