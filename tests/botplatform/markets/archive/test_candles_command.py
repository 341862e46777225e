"""`manage.py candles`, with a real paper exchange."""

import io
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from botplatform.markets import archive
from botplatform.markets.archive import CandlesRefused, files
from botplatform.markets.archive.columns import take
from tests.botplatform.markets.archive.conftest import made, same
from tests.support.processes import start, wait_until


def command(*argv):
    said = io.StringIO()
    call_command("candles", *map(str, argv), stdout=said, stderr=said)
    return said.getvalue()


def yesterday():
    return (datetime.now(UTC) - timedelta(minutes=2400)).isoformat(timespec="minutes")


def fetch(*more):
    return command("fetch", "--exchange", "paper", "--symbol", "BTC/USDT", "--interval", "1m", *more)


def test_candles_of_the_paper_exchange_are_fetched_listed_and_exported(paper_archive, tmp_path):
    before = time.time()
    said = fetch("--since", yesterday())
    candles = archive.load("paper", "BTC/USDT", "1m")
    assert len(candles) >= 2398
    assert int(candles.opened_at[-1]) + 60_000 <= (before + 60) * 1000
    assert f"{len(candles):,} candles added to BTC/USDT 1m, " in said
    assert "No gaps." in said
    assert f"paper BTC/USDT 1m, {said.split('1m, ')[1].split('.')[0]}: {len(candles):,} candles, no gaps" in command(
        "list"
    )
    assert f"{len(candles):,} candles written" in command("export", "--symbol", "BTC/USDT", "--out", tmp_path / "o.csv")
    assert same(archive.load_path(tmp_path / "o.csv"), candles)


def test_a_killed_fetch_loses_at_most_a_page_and_goes_on(paper_archive):
    paper_archive.fault("GET /api/v3/klines", "delay", times=None, seconds=0.4)
    store = archive.folder("paper", "BTC/USDT", "1m")
    argv = ("manage.py", "candles", "fetch", "--exchange", "paper", "--symbol", "BTC/USDT", "--since", yesterday())
    log = paper_archive.folder / "fetch.log"
    process = start(*argv, env={"BOTPLATFORM_VAR": str(paper_archive.folder)}, log=log)
    wait_until(lambda: store.exists or process.poll() is not None, what="the first page")
    process.kill()
    process.wait()
    kept = len(archive.load("paper", "BTC/USDT", "1m"))
    assert kept in {1000, 2000}, log.read_text()
    paper_archive.clear_faults()
    said = fetch()
    whole = archive.load("paper", "BTC/USDT", "1m")
    assert f"{len(whole) - kept:,} candles added" in said
    assert archive.gaps(whole) == []
    assert len(whole) >= 2398


def test_a_moody_exchange_is_asked_again(paper_archive):
    paper_archive.fault("GET /api/v3/klines", "error_503", times=2)
    assert "again in 0.5 s" in fetch("--since", yesterday())
    assert len(archive.load("paper", "BTC/USDT", "1m")) >= 2398


def test_a_full_disk_is_a_sentence(archive_folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "a.csv").write_text("1700000040000,1,1,1,1,1\n")
    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(CommandError, match=r"The archive cannot be written: No space left on device\. Free some space"):
        command("import", tmp_path / "a.csv", "--symbol", "BTC/USDT")


def test_files_are_imported_once(archive_folder, tmp_path):
    whole = made(3000)
    files.write_csv(tmp_path / "late.csv", take(whole, slice(1500, None)))
    files.write_csv(tmp_path / "early.csv", take(whole, slice(0, 1600)))
    argv = ("import", tmp_path / "late.csv", tmp_path / "early.csv", "--symbol", "BTC/USDT", "--interval", "1m")
    assert "3,000 candles added" in command(*argv)
    assert "0 candles added" in command(*argv)
    assert same(archive.load("binance", "BTC/USDT", "1m"), whole)


def test_gaps_are_told(archive_folder, tmp_path):
    (tmp_path / "a.csv").write_text("1700000040000,1,1,1,1,1\n1700000100000,1,1,1,1,1\n1700000340000,1,1,1,1,1\n")
    said = command("import", tmp_path / "a.csv", "--symbol", "BTC/USDT")
    assert "1 gaps, 3 candles missing; the longest:\n  2023-11-14 22:16 to 2023-11-14 22:19: 3" in said
    assert "1 gaps, 3 candles missing" in command("list")


def test_the_list_says_what_is_damaged_and_goes_on(archive_folder, tmp_path):
    (tmp_path / "a.csv").write_text("1700000040000,1,1,1,1,1\n")
    command("import", tmp_path / "a.csv", "--symbol", "AAA/USDT")
    command("import", tmp_path / "a.csv", "--symbol", "BBB/USDT")
    path = archive.folder("binance", "AAA/USDT", "1m").path
    path.joinpath("head.json").write_text(json.dumps({"format": "other"}))
    said = command("list")
    assert f"{path}: {path / 'head.json'} is not the head of an archive of candles." in said
    assert "binance BBB/USDT 1m, 2023-11-14 22:14 to 2023-11-14 22:15: 1 candles, no gaps" in said


def test_an_empty_archive_says_how_to_fill_it(archive_folder):
    assert "No candles yet. Get some with `manage.py candles fetch`" in command("list")


def test_several_exchanges_need_a_name_to_export(archive_folder, tmp_path):
    (tmp_path / "a.csv").write_text("1700000040000,1,1,1,1,1\n")
    for exchange in ("binance", "kraken"):
        command("import", tmp_path / "a.csv", "--symbol", "BTC/USDT", "--exchange", exchange)
    with pytest.raises(CommandError, match=r"binance and kraken have BTC/USDT 1m\. Say which with --exchange\."):
        command("export", "--symbol", "BTC/USDT", "--out", tmp_path / "o.csv")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("fetch", "--symbol", "BTC/USDT", "--since", "soon"), "--since soon is not a time. Write 2026-11-01"),
        (("fetch", "--symbol", "BTCUSDT", "--since", "2026-11-01"), "'BTCUSDT' is not a market. Write base and quote"),
        (("fetch", "--symbol", "A/B", "--interval", "7m"), "There is no interval '7m'. Take one of 1s, 1m"),
        (("fetch", "--symbol", "A/B", "--exchange", "nowhere"), "There is no exchange 'nowhere'."),
        (("import", "none.csv", "--symbol", "A/B"), "There is no file none.csv."),
        (("export", "--symbol", "A/B", "--out", "o.csv"), "The archive has no 1m candles of A/B from paper."),
    ],
)
def test_mistakes_are_sentences_with_a_remedy(archive_folder, argv, said):
    with pytest.raises(CommandError) as refused:
        command(*argv)
    assert said in str(refused.value)
    assert not isinstance(refused.value, CandlesRefused)
