"""What is older than three days: minutes that were kept, and a past that was made up."""

from itertools import pairwise

import numpy as np
import pytest

from botplatform.paper import clock
from botplatform.paper.candles import DAY, MINUTE, Candle, Candles
from botplatform.paper.markets import MARKETS
from botplatform.paper.past import Older, Past
from botplatform.paper.store import Store
from tests.botplatform.paper.conftest import running

BTC = MARKETS["BTCUSDT"]
NOW = 1_700_000_000_000 // MINUTE * MINUTE


def past(**more):
    return Past(BTC, 7, **{"days": 30, "until": NOW, "price": BTC.start} | more)


@pytest.fixture
def store(tmp_path):
    kept = Store(tmp_path)
    yield kept
    kept.close()


def flat(opened, price):
    return Candle(opened=opened, open=price, high=price, low=price, close=price)


def test_the_past_ends_where_the_market_begins_and_has_every_minute():
    rows = past().candles(1, NOW - DAY, NOW)
    assert [row.opened for row in rows] == list(range(NOW - DAY, NOW, MINUTE))
    assert rows[-1].close == BTC.start
    assert all(before.close == after.open for before, after in pairwise(rows))
    assert all(row.low <= min(row.open, row.close) and row.high >= max(row.open, row.close) for row in rows)


def test_the_same_past_is_made_again():
    assert past().candles(1, NOW - 100 * MINUTE, NOW) == past().candles(1, NOW - 100 * MINUTE, NOW)


def test_wider_candles_are_made_of_its_minutes():
    made = past()
    (hour,) = made.candles(60, NOW // (60 * MINUTE) * 60 * MINUTE - 120 * MINUTE, NOW - 60 * MINUTE)[:1]
    minutes = made.candles(1, hour.opened, hour.opened + 60 * MINUTE)
    assert (hour.open, hour.close) == (minutes[0].open, minutes[-1].close)
    assert (hour.high, hour.low) == (max(each.high for each in minutes), min(each.low for each in minutes))


def test_a_year_goes_at_the_ordinary_pace_and_does_not_run_away():
    closes = np.array([float(each.close) for each in past(days=365).candles(1440, 0, NOW)])
    assert len(closes) in (365, 366)
    daily = np.std(np.diff(np.log(closes))) * np.sqrt(365)
    assert daily == pytest.approx(BTC.volatility, rel=0.2)
    assert 0.6 < closes.min() / 60000 < 0.98
    assert 1.02 < closes.max() / 60000 < 1.7


async def test_klines_reach_back_to_the_first_day_of_the_past(short_folder):
    async with running(short_folder, history_minutes=5, past_days=10) as place:

        async def ask(query):
            return (await place.get("/api/v3/klines", f"symbol=BTCUSDT&{query}"))[1]

        first = await ask("interval=1m&startTime=0&limit=3")
        assert clock.now() - first[0][0] == pytest.approx(10 * DAY, abs=10 * MINUTE)
        latest = await ask("interval=1m&limit=1000")
        assert len(latest) == 1000
        assert all(after[0] - before[0] == MINUTE and before[4] == after[1] for before, after in pairwise(latest))
        hours = await ask("interval=1h&limit=1000")
        assert [after[0] - before[0] for before, after in pairwise(hours)] == [60 * MINUTE] * (len(hours) - 1)
        assert len(hours) in (241, 242)


async def test_the_past_stays_the_same_after_a_restart(short_folder):
    asked = "symbol=ETHUSDT&interval=1m&startTime=0&limit=500"
    async with running(short_folder, past_days=2) as place:
        before = (await place.get("/api/v3/klines", asked))[1]
    async with running(short_folder, past_days=2) as again:
        assert (await again.get("/api/v3/klines", asked))[1] == before


def test_minutes_that_are_older_than_three_days_are_kept_and_those_without_trades_are_flat(store):
    begun = NOW - 10 * DAY
    store.save_candles("BTCUSDT", [flat(begun, BTC.start), flat(begun + 2 * MINUTE, BTC.start + 1)], NOW)
    candles = Candles("BTCUSDT", BTC.start + 1, NOW, Older(store, BTC, seed=7, days=0))
    rows = candles.klines("1m", begun, None, 4, NOW)
    assert [row[0] for row in rows] == [begun + minute * MINUTE for minute in range(4)]
    assert [float(row[4]) for row in rows] == [60000, 60000, 60001, 60001]


def test_a_market_that_has_nothing_yet_has_no_past(store):
    older = Older(store, BTC, seed=7, days=30)
    assert older.begin is None
    assert older.candles(1, 0, NOW) == []
