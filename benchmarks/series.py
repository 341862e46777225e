"""Made-up candles like Bitcoin's, always the same: regimes of calm and storm, a pull towards the start, rare jumps.

Five years of minutes, of which shorter series are the beginning, and a month of seconds.
"""

from pathlib import Path

import numpy as np

from strategies.backtest.candles import Candles

MINUTE, SECOND = 60_000, 1000
YEAR = 525_600  # minutes
MONTH = 30 * 86_400  # seconds
KEPT = Path(__file__).parents[1] / "build" / "bench"
_SEED = 20_240_607
_LENGTH = {MINUTE: 5 * YEAR, SECOND: MONTH}
_DAY = 86_400_000
_STEPS = 12  # of the price within a candle
_CHUNK = 1440
#                  calm  range bull  bear
_DRIFT = np.array([0.0, 0.0, 1.2, -1.2])  # a year
_STORM = np.array([0.30, 0.55, 0.60, 0.95])  # a year


def candles(bars, span=MINUTE):
    """The first `bars` candles of this span, in milliseconds; made once, then read from a file."""
    return _loaded(file(bars, span), span)


def file(bars, span=MINUTE):
    """The file that holds them: columns as `manage.py backtest --candles` takes them."""
    path = KEPT / f"candles-{bars}-{span}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if bars == _LENGTH[span]:
            _save(path, _made(bars, span))
        else:
            whole = candles(_LENGTH[span], span)
            _save(path, {name: column[:bars] for name, column in _columns(whole).items()})
    return path


def in_minutes(seconds):
    """The same path in candles of a minute."""
    by_minute = {name: column.reshape(-1, 60) for name, column in _columns(seconds).items()}
    return Candles(
        opened_at=by_minute["ts"][:, 0],
        open=by_minute["open"][:, 0].copy(),
        high=by_minute["high"].max(1),
        low=by_minute["low"].min(1),
        close=by_minute["close"][:, -1].copy(),
        volume=by_minute["volume"].sum(1),
        span=MINUTE,
    )


def _columns(kept):
    return {"ts": kept.opened_at, **{name: getattr(kept, name) for name in ("open", "high", "low", "close", "volume")}}


def _save(path, columns):
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, **columns)
    unfinished.rename(path)


def _loaded(path, span):
    with np.load(path) as kept:
        columns = {name: kept[name] for name in ("open", "high", "low", "close", "volume")}
        return Candles(opened_at=kept["ts"], span=span, **columns)


def _made(bars, span):
    chance = np.random.default_rng(_SEED)
    year = 365 * _DAY / span
    storms = _regimes(chance, bars, 3 * _DAY / span)
    step = 1 / (year * _STEPS)
    pull = np.log(2) / (120 / 365)  # half of the way back in 120 days
    gap = chance.normal(0, 0.2e-4 * np.sqrt(span / MINUTE), bars)
    gap += np.where(chance.random(bars) < 60 / year, chance.normal(0, 0.012, bars), 0.0)
    opened, highs, lows, closes = (np.empty(bars) for _ in range(4))
    log = 0.0
    for start in range(0, bars, _CHUNK):
        end = min(start + _CHUNK, bars)
        part = storms[start:end]
        time_of_day = (start % (_DAY // span) + np.arange(end - start)) / (_DAY // span)
        storm = _STORM[part] * np.sqrt(step) * (0.8 + 0.4 * np.sin(time_of_day * 2 * np.pi) ** 2)
        drift = _DRIFT[part] * step - pull * log * step
        moves = drift[:, None] + storm[:, None] * chance.standard_normal((end - start, _STEPS))
        before = np.concatenate(([0.0], moves.sum(1).cumsum()[:-1]))
        opened[start:end] = log + gap[start:end].cumsum() + before
        path = opened[start:end, None] + moves.cumsum(1)
        closes[start:end] = path[:, -1]
        highs[start:end] = np.maximum(opened[start:end], path.max(1))
        lows[start:end] = np.minimum(opened[start:end], path.min(1))
        log = path[-1, -1]
    columns = {"open": opened, "high": highs, "low": lows, "close": closes}
    priced = {name: np.round(30_000 * np.exp(column), 2) for name, column in columns.items()}
    times = 1_546_300_800_000 + np.arange(bars, dtype=np.int64) * span
    return {"ts": times, "volume": np.ones(bars), **priced}


def _regimes(chance, bars, dwell):
    """The regime of each candle; each lasts `dwell` candles on average, and another one follows."""
    found, place, now = np.empty(bars, np.int8), 0, 0
    while place < bars:
        length = int(chance.exponential(dwell)) + 1
        found[place : place + length] = now
        place += length
        now = int(chance.choice([each for each in range(4) if each != now]))
    return found
