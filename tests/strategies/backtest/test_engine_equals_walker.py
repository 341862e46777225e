"""The jump engine and a plain bar walker find the same fills, on nasty series and any settings."""

from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.candles import Candles
from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.dca import DCA
from strategies.market import Market
from tests.strategies.backtest.walker import DcaWalk


def series(seed, bars, wild, gaps):
    """Candles on ticks of a cent: from calm to absurd, with gaps over many orders."""
    chance = np.random.default_rng(seed)
    steps = chance.normal(0, wild, (bars, 4))
    jumps = chance.normal(0, wild * 8, bars) * (chance.random(bars) < gaps)
    opened = np.cumsum(jumps) + np.concatenate(([0.0], np.cumsum(steps.sum(1))[:-1]))
    path = np.clip(opened[:, None] + np.cumsum(steps, 1), -1, 1)
    opened = np.clip(opened, -1, 1)

    def priced(log):
        return np.round(100 * np.exp(log), 2)

    return Candles(
        opened_at=np.arange(bars, dtype=np.int64) * 60_000,
        open=priced(opened),
        high=priced(np.maximum(opened, path.max(1))),
        low=priced(np.minimum(opened, path.min(1))),
        close=priced(path[:, -1]),
        volume=np.ones(bars),
        span=60_000,
    )


@st.composite
def bots(draw):
    decimal = lambda low, high, places: st.decimals(low, high, places=places)  # noqa: E731 - a short name for it
    return DCA(
        base_order=draw(decimal(20, 500, 1)),
        averaging_order=draw(decimal(20, 500, 1)),
        averaging_orders=draw(st.integers(0, 8)),
        step=draw(decimal("0.001", "0.019", 4)),  # eight of them, scaled by 1.5, stay above nothing
        step_scale=draw(decimal("0.8", "1.5", 2)),
        volume_scale=draw(decimal("0.5", 2, 2)),
        take_profit=draw(decimal("0.002", "0.05", 4)),
        stop_loss=draw(st.none() | decimal("0.01", "0.5", 3)),
    )


@settings(max_examples=600, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 600),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
)
def test_a_dca_has_the_fills_of_the_walker(bot, seed, bars, wild, gaps, fill, gap, lot, fee):
    market = Market(
        symbol="X/USDT",
        tick_size=D("0.01"),
        lot_size=D(lot),
        min_notional=D(5),
        maker_fee=D(fee),
        taker_fee=D(fee),
    )
    candles = series(seed, bars, wild, gaps)
    found = run(bot, market, candles, Options(fill=fill, gap=gap)).fills
    expected = DcaWalk(bot, market, candles, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT).run()
    ours = [(each.bar, each.side, each.price, each.amount, each.order) for each in found]
    assert ours == expected
