"""Candles that no market would be so kind to show."""

import numpy as np
from hypothesis import strategies as st

from strategies.backtest.candles import Candles

MINUTE = 60_000


def series(seed, bars, *, wild=0.003, gaps=0.05, span=MINUTE, missing=0.0):
    """Candles on ticks of a cent: from calm to absurd, with gaps over many orders and candles that are missing."""
    chance = np.random.default_rng(seed)
    steps = chance.normal(0, wild, (bars, 4))
    jumps = chance.normal(0, wild * 8, bars) * (chance.random(bars) < gaps)
    opened = np.cumsum(jumps) + np.concatenate(([0.0], np.cumsum(steps.sum(1))[:-1]))
    path = np.clip(opened[:, None] + np.cumsum(steps, 1), -0.8, 0.8)
    opened = np.clip(opened, -0.8, 0.8)

    def priced(log):
        return np.round(100 * np.exp(log), 2)

    skipped = np.cumsum(np.where(chance.random(bars) < missing, chance.integers(1, 10, bars), 0))
    return Candles(
        opened_at=(np.arange(bars, dtype=np.int64) + skipped) * span,
        open=priced(opened),
        high=priced(np.maximum(opened, path.max(1))),
        low=priced(np.minimum(opened, path.min(1))),
        close=priced(path[:, -1]),
        volume=chance.integers(1, 100, bars).astype(float),
        span=span,
    )


def nasty(bars=300, span=MINUTE):
    """Any of them."""
    return st.builds(
        series,
        st.integers(0, 2**32),
        st.integers(1, bars),
        wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
        gaps=st.sampled_from([0.0, 0.05, 0.3]),
        span=st.just(span),
        missing=st.sampled_from([0.0, 0.1]),
    )
