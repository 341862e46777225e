"""Made-up minutes like Bitcoin's: regimes of calm and storm, a pull towards the start, rare jumps."""

from pathlib import Path

import numpy as np

from strategies.backtest.candles import Candles

YEAR = 525_600
_KEPT = Path(__file__).parents[1] / "build" / "bench"
#             calm  range bull  bear
_DRIFT = np.array([0.0, 0.0, 1.2, -1.2])
_STORM = np.array([0.30, 0.55, 0.60, 0.95])


def candles(bars, span=60_000):
    """The first `bars` of a series that is always the same; kept in a file after the first time."""
    path = _KEPT / f"series-{bars}-{span}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **_made(bars, span))
    with np.load(path) as kept:
        return Candles(
            opened_at=kept["ts"],
            open=kept["open"],
            high=kept["high"],
            low=kept["low"],
            close=kept["close"],
            volume=kept["volume"],
            span=span,
        ), path


def _made(bars, span, steps=12):
    chance = np.random.default_rng(20_261_122)
    lengths = chance.exponential(3 * 86_400_000 / span, max(20, bars // 100)).astype(int) + 1
    regime = np.repeat(chance.integers(0, 4, len(lengths)), lengths)[:bars]
    regime = np.pad(regime, (0, bars - len(regime)))
    year = 365 * 86_400_000 / span * steps
    pull = np.log(2) / (120 / 365)
    opened, highs, lows, closes = (np.empty(bars) for _ in range(4))
    jump = np.where(chance.random(bars) < 60 * span / (365 * 86_400_000), chance.normal(0, 0.012, bars), 0.0)
    log = 0.0
    for start in range(0, bars, 1440):
        end = min(start + 1440, bars)
        storm = _STORM[regime[start:end], None] / np.sqrt(year)
        moves = (
            storm * chance.standard_normal((end - start, steps)) + (_DRIFT[regime[start:end], None] - pull * log) / year
        )
        before = np.concatenate(([0.0], moves.sum(1).cumsum()[:-1]))
        opened[start:end] = log + jump[start:end].cumsum() + before
        path = opened[start:end, None] + moves.cumsum(1)
        closes[start:end] = path[:, -1]
        highs[start:end] = np.maximum(opened[start:end], path.max(1))
        lows[start:end] = np.minimum(opened[start:end], path.min(1))
        log = closes[end - 1]
    columns = {"open": opened, "high": highs, "low": lows, "close": closes}
    priced = {name: np.round(30_000 * np.exp(column), 2) for name, column in columns.items()}
    times = 1_546_300_800_000 + np.arange(bars, dtype=np.int64) * span
    return {"ts": times, "volume": np.ones(bars), **priced}
