"""Candles on disk: exact, refused when damaged, never half written."""

import json
import subprocess
import time

import numpy as np
import pytest

from botplatform.markets import archive
from botplatform.markets.archive import CandlesRefused
from botplatform.markets.archive.columns import between, take
from botplatform.markets.archive.store import merge
from tests.botplatform.markets.archive.conftest import BEGIN, MINUTE, made, same
from tests.support.processes import start


@pytest.fixture
def store(archive_folder):
    store = archive.folder("binance", "BTC/USDT", "1m")
    with store.writing():
        store.append(made(1000))
    return store


def test_what_was_kept_is_loaded_to_the_last_bit(store):
    assert same(archive.load("binance", "BTC/USDT", "1m"), made(1000))


def test_since_is_included_and_until_is_not(store):
    loaded = archive.load("binance", "BTC/USDT", "1m", BEGIN + 10 * MINUTE, BEGIN + 20 * MINUTE)
    assert loaded.opened_at.tolist() == [BEGIN + n * MINUTE for n in range(10, 20)]


def test_a_time_without_candles_is_empty(store):
    assert len(store.load(BEGIN - 10 * MINUTE, BEGIN)) == 0
    assert len(store.load(BEGIN + MINUTE, BEGIN)) == 0


def test_appending_goes_on_behind_the_last(store):
    more = made(1500)
    store.append(take(more, slice(1000, None)))
    whole = store.load()
    assert len(whole) == 1500
    assert store.head().last == BEGIN + 1499 * MINUTE


def test_what_is_loaded_stays_as_it_is_while_others_write(store):
    loaded = store.load()
    merge(store, made(500, begin=BEGIN - 500 * MINUTE))
    assert same(loaded, made(1000))
    assert len(store.load()) == 1500


def test_older_candles_are_put_before_the_others(store):
    assert merge(store, made(500, begin=BEGIN - 500 * MINUTE)) == 0
    whole = store.load()
    assert whole.opened_at[0] == BEGIN - 500 * MINUTE
    assert (np.diff(whole.opened_at) == MINUTE).all()
    assert {path.name.partition(".")[0] for path in store.path.glob("[0-9]*.*")} == {"2"}


def test_the_same_candles_again_change_nothing(store):
    assert merge(store, take(made(1000), slice(200, 300))) == 100
    assert same(store.load(), made(1000))


def test_candles_that_contradict_the_archive_are_refused(store):
    with pytest.raises(CandlesRefused, match=r"has the time of the candle before it and other values"):
        merge(store, made(10, seed=2))


def test_candles_between_two_of_the_archive_are_refused(store):
    with pytest.raises(CandlesRefused, match="between two of the archive's"):
        merge(store, made(10, begin=BEGIN + 2000 * MINUTE + 1))


def test_what_a_killed_writer_left_is_not_there_and_does_not_hinder(store):
    for name in ("1.open", "1.volume"):
        with (store.path / name).open("ab") as file:
            file.write(b"half a pa")
    assert same(store.load(), made(1000))
    (store.path / "2.open").write_bytes(b"a generation that never was")
    with store.writing():
        store.append(take(made(1100), slice(1000, None)))
    assert len(store.load()) == 1100
    assert not (store.path / "2.open").exists()


@pytest.mark.parametrize("column", ["opened_at", "open", "high", "low", "close", "volume"])
def test_one_changed_byte_is_refused(store, column):
    path = store.path / f"1.{column}"
    data = bytearray(path.read_bytes())
    data[4321] ^= 1
    path.write_bytes(data)
    with pytest.raises(CandlesRefused, match=rf"1\.{column} is damaged: its checksum is another\. Remove .* again\."):
        store.load()


def test_a_torn_file_is_refused(store):
    path = store.path / "1.close"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CandlesRefused, match="shorter than its head says"):
        store.load()


@pytest.mark.parametrize("text", ["", "not json", '{"some": "file"}', "[]"])
def test_a_foreign_head_is_refused(store, text):
    (store.path / "head.json").write_text(text)
    with pytest.raises(CandlesRefused, match="is not the head of an archive of candles"):
        store.load()


def test_a_head_that_lacks_something_is_refused(store):
    head = json.loads((store.path / "head.json").read_text())
    del head["span"]
    (store.path / "head.json").write_text(json.dumps(head))
    with pytest.raises(CandlesRefused, match="is damaged"):
        store.load()


def test_a_later_version_is_refused(store):
    head = json.loads((store.path / "head.json").read_text())
    (store.path / "head.json").write_text(json.dumps({**head, "version": 2}))
    with pytest.raises(CandlesRefused, match="is of version 2, this program reads 1"):
        store.load()


def test_a_folder_of_another_market_is_refused(store):
    store.path.rename(archive.folder("binance", "BTC/USDT", "5m").path)
    with pytest.raises(CandlesRefused, match="holds BTC/USDT 1m, not BTC/USDT 5m"):
        archive.load("binance", "BTC/USDT", "5m")


def test_two_do_not_write_at_once(store):
    with store.writing(), pytest.raises(CandlesRefused, match="Another process is writing"), store.writing():
        pass


def test_only_the_owner_reads_the_files(store):
    assert store.path.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in store.path.iterdir()} == {0o600}


def test_a_folder_is_loaded_by_its_path(store):
    assert same(archive.load_path(store.path), made(1000))


def test_a_folder_without_candles_is_refused(tmp_path):
    with pytest.raises(CandlesRefused, match="has no candles"):
        archive.load_path(tmp_path)


def test_nothing_there_says_how_to_get_it(archive_folder):
    with pytest.raises(CandlesRefused, match="candles fetch --exchange kraken --symbol ETH/EUR --interval 1h"):
        archive.load("kraken", "ETH/EUR", "1h")


@pytest.mark.parametrize(
    ("exchange", "symbol", "interval"),
    [("../etc", "BTC/USDT", "1m"), ("binance", "../..", "1m"), ("binance", "BTCUSDT", "1m"), ("binance", "A/B", "1M")],
)
def test_names_that_cannot_be_are_refused(archive_folder, exchange, symbol, interval):
    with pytest.raises(CandlesRefused):
        archive.folder(exchange, symbol, interval)


def test_gaps_name_the_first_missing_candle_and_the_next_one_there():
    candles = take(made(10), np.array([0, 1, 4, 5, 9]))
    assert archive.gaps(candles) == [
        (BEGIN + 2 * MINUTE, BEGIN + 4 * MINUTE, 2),
        (BEGIN + 6 * MINUTE, BEGIN + 9 * MINUTE, 3),
    ]


_WRITER = """
import sys
from pathlib import Path
from botplatform.markets.archive.columns import between, take
from botplatform.markets.archive.store import Head, Store, merge
from tests.botplatform.markets.archive.conftest import BEGIN, MINUTE, made

store = Store(Path(sys.argv[1]), Head(exchange="binance", symbol="BTC/USDT", interval="1m", span=MINUTE))
whole = made(400_000, begin=BEGIN - 200_000 * MINUTE)
with store.writing():
    print("begins", flush=True)
    while True:
        head = store.head()
        at = 200_000 if head.last is None else (head.last - int(whole.opened_at[0])) // MINUTE + 1
        if at % 5000 == 0:
            before = 200_000 if head.first is None else (head.first - int(whole.opened_at[0])) // MINUTE
            merge(store, take(whole, slice(before - 1000, before)))
        store.append(take(whole, slice(at, at + 1000)))
"""


def test_a_writer_killed_at_any_moment_leaves_whole_candles(archive_folder):
    path = archive.folder("binance", "BTC/USDT", "1m").path
    whole = made(400_000, begin=BEGIN - 200_000 * MINUTE)
    rows = 0
    for delay in (0.003, 0.05, 0.2):
        writer = start("-c", _WRITER, path, log=archive_folder / "log", stdout=subprocess.PIPE)
        with writer.stdout:
            assert writer.stdout.readline() == b"begins\n", (archive_folder / "log").read_text()
            time.sleep(delay)
            writer.kill()
            writer.wait()
        if not (path / "head.json").exists():
            continue
        found = archive.load_path(path)
        assert same(found, between(whole, int(found.opened_at[0]), int(found.opened_at[-1]) + 1))
        assert len(found) >= rows
        rows = len(found)
    assert rows


def test_five_years_of_minutes_load_in_no_time(archive_folder):
    store = archive.folder("binance", "BTC/USDT", "1m")
    with store.writing():
        store.append(made(5 * 525_600))
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        store.load()
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.2  # 20 ms on a quiet machine; here others compute too
