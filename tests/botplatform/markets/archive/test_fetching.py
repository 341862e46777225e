"""Filling the archive from an exchange that is at least as unkind as real ones."""

import asyncio

import ccxt
import pytest

from botplatform.markets import archive
from botplatform.markets.archive import CandlesRefused
from botplatform.markets.archive.fetching import exchange_named, fetch
from tests.botplatform.markets.archive.conftest import BEGIN, MINUTE

DAY = 1440


class FakeExchange:
    """Minutes from BEGIN on, without those in `missing`; the last one is not finished."""

    id = "fake"
    has = {"fetchOHLCV": True, "fetchTime": True}
    timeframes = {"1m": "1m"}

    def __init__(self, count=2500, missing=(), most=1000, troubles=()):
        self.rows = {n: [BEGIN + n * MINUTE, 100, 101, 99, 100, 1] for n in range(count) if n not in missing}
        self.now = BEGIN + (count - 1) * MINUTE + 30_000
        self.most = most
        self.troubles = list(troubles)
        self.asked = []

    async def load_markets(self):
        return {"BTC/USDT": {}, "ETH/USDT": {}}

    async def fetch_time(self):
        return self.now

    def feature_value(self, *_):
        return self.most

    async def fetch_ohlcv(self, _symbol, _interval, since, limit):
        self.asked.append((since - BEGIN) // MINUTE)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if trouble is not None:
                raise trouble
        first = (since - BEGIN) // MINUTE
        return [self.rows[n] for n in range(first, first + min(limit, self.most)) if n in self.rows]


async def no_pause(seconds):
    pauses.append(seconds)


pauses = []


def run(exchange, store, since=None, **more):
    pauses.clear()
    return asyncio.run(fetch(exchange, store, since, sleep=no_pause, **more))


@pytest.fixture
def store(archive_folder):
    return archive.folder("fake", "BTC/USDT", "1m")


def minutes(store):
    return ((store.load().opened_at - BEGIN) // MINUTE).tolist()


def test_everything_is_fetched_but_the_unfinished_candle(store):
    fetched = run(FakeExchange(), store, BEGIN)
    assert minutes(store) == list(range(2499))
    assert (fetched.added, fetched.gaps) == (2499, [])


def test_a_second_run_goes_on_behind_the_last(store):
    run(FakeExchange(1500), store, BEGIN)
    later = FakeExchange(2500)
    run(later, store)
    assert later.asked[0] == 1499
    assert minutes(store) == list(range(2499))


def test_since_in_the_middle_of_a_minute_begins_with_the_next(store):
    run(FakeExchange(), store, BEGIN + 1)
    assert minutes(store)[0] == 1


def test_until_is_not_included(store):
    run(FakeExchange(), store, BEGIN, until=BEGIN + 10 * MINUTE)
    assert minutes(store) == list(range(10))


def test_an_outage_of_the_exchange_is_a_gap_and_is_reported(store):
    fetched = run(FakeExchange(4000, missing=range(200, 2700), most=500), store, BEGIN)
    assert [(gap.from_ms - BEGIN) // MINUTE for gap in fetched.gaps] == [200]
    assert fetched.gaps[0].missing == 2500
    assert minutes(store)[-1] == 3998


def test_days_before_the_market_was_listed_are_passed_over(store):
    run(FakeExchange(3000, missing=range(2000)), store, BEGIN)
    assert minutes(store) == list(range(2000, 2999))


def test_older_candles_are_fetched_beside_and_joined(store):
    run(FakeExchange(), store, BEGIN + 2000 * MINUTE)
    run(FakeExchange(2600), store, BEGIN + 100 * MINUTE)
    assert minutes(store) == list(range(100, 2599))
    assert [path.name for path in store.path.parent.iterdir()] == ["1m"]


def test_an_interrupted_fetch_of_older_candles_goes_on(store):
    run(FakeExchange(), store, BEGIN + 2200 * MINUTE)
    broken = FakeExchange(troubles=[None, ccxt.AuthenticationError("no")])
    with pytest.raises(CandlesRefused):
        run(broken, store, BEGIN)
    again = FakeExchange()
    run(again, store)
    assert again.asked[0] == 1000
    assert minutes(store) == list(range(2499))


def test_trouble_of_the_network_is_waited_out(store):
    trouble = [ccxt.RequestTimeout("slow"), ccxt.RateLimitExceeded("429"), ccxt.ExchangeNotAvailable("503")]
    seen = []
    run(FakeExchange(troubles=trouble), store, BEGIN, tell=seen.append)
    assert pauses == [0.5, 1.0, 2.0]
    assert [progress.trouble for progress in seen if progress.trouble] == [
        "slow; again in 0.5 s",
        "429; again in 1 s",
        "503; again in 2 s",
    ]
    assert minutes(store) == list(range(2499))


def test_trouble_without_end_keeps_what_came_and_says_how_to_go_on(store):
    exchange = FakeExchange(troubles=[None, *[ccxt.NetworkError("unplugged")] * 20])
    with pytest.raises(CandlesRefused, match=r"fake does not answer \(unplugged\)\. Run the same command again later"):
        run(exchange, store, BEGIN)
    assert minutes(store) == list(range(1000))


def test_candles_that_cannot_be_are_left_out_and_counted(store):
    exchange = FakeExchange()
    exchange.rows[5] = [BEGIN + 5 * MINUTE, 100, 99, 101, 100, 1]
    exchange.rows[7] = [BEGIN + 7 * MINUTE, None, None, None, None, None]
    exchange.rows[8] = [BEGIN + 8 * MINUTE + 7, 100, 101, 99, 100, 1]
    fetched = run(exchange, store, BEGIN)
    assert (fetched.left_out, len(fetched.gaps)) == (3, 2)


def test_progress_grows_to_the_end(store):
    seen = []
    run(FakeExchange(), store, BEGIN, tell=seen.append)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


@pytest.mark.parametrize(
    ("symbol", "interval", "since", "said"),
    [
        ("BTC/USDC", "1m", BEGIN, r"fake has no market BTC/USDC\. Did you mean BTC/USDT"),
        ("BTC/USDT", "5m", BEGIN, r"fake has no 5m candles\. Take one of 1m"),
        ("BTC/USDT", "1m", None, r"There are no 1m candles of BTC/USDT yet\. Say --since which day"),
        ("BTC/USDT", "1m", BEGIN + 9999 * MINUTE, r"is still to come\. Give an earlier --since"),
    ],
)
def test_mistakes_are_sentences_with_a_remedy(archive_folder, symbol, interval, since, said):
    with pytest.raises(CandlesRefused, match=said):
        run(FakeExchange(), archive.folder("fake", symbol, interval), since)


def test_an_exchange_that_ccxt_does_not_know_is_refused():
    with pytest.raises(CandlesRefused, match=r"There is no exchange 'binanse'\. Did you mean .*binance"):
        exchange_named("binanse")
