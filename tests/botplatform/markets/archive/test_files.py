"""Candles from files of others: as exact as a loop over lines, and refused by line."""

import io
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botplatform.markets import archive
from botplatform.markets.archive import CandlesRefused, files
from tests.botplatform.markets.archive.conftest import BEGIN, MINUTE, made, same

HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote,ignore\n"


def dump(candles, *, header=True, unit=1, fields=12):
    """As Binance writes it."""
    tail = ",1700000099999,123.45000000,17,1.00000000,2.00000000,0"[: None if fields == 12 else 0]
    rows = zip(
        *(getattr(candles, name).tolist() for name in ("opened_at", "open", "high", "low", "close", "volume")),
        strict=True,
    )
    lines = "".join(f"{at * unit},{o:.8f},{h:.8f},{low:.8f},{c:.8f},{v:.8f}{tail}\n" for at, o, h, low, c, v in rows)
    return (HEADER if header else "") + lines


@pytest.fixture
def written(tmp_path):
    def write(text, name="BTCUSDT-1m-2026-10.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize("fields", [6, 12])
def test_a_dump_is_read_in_each_of_its_forms(written, header, unit, fields):
    assert same(archive.load_path(written(dump(made(50), header=header, unit=unit, fields=fields))), made(50))


@pytest.mark.parametrize("fields", [6, 12])
@pytest.mark.parametrize("block", [1, 100, 130, 1000, 5000])
def test_blocks_are_cut_between_lines(written, monkeypatch, block, fields):
    monkeypatch.setattr(files, "_BLOCK", block)
    text = dump(made(200), header=False, fields=fields)
    assert len(files._fast(text.encode())) == 200
    assert same(archive.load_path(written(text)), made(200))


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("\n", "\r\n"), str.rstrip, lambda t: t + "\n\n", lambda t: "\ufeff" + t]
)
def test_line_ends_and_byte_order_marks_do_not_matter(written, change):
    assert same(archive.load_path(written(change(dump(made(50))))), made(50))


def test_quoted_fields_are_read(written):
    lines = dump(made(50), header=False, fields=6).splitlines()
    quoted = "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in lines)
    assert same(archive.load_path(written("open_time,open,high,low,close,volume\n" + quoted)), made(50))


def test_a_zipped_dump_is_read(written):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("BTCUSDT-1m-2026-10.csv", dump(made(50)))
    assert same(archive.load_path(written(file.getvalue(), "BTCUSDT-1m-2026-10.zip")), made(50))


def test_arrays_are_read(tmp_path):
    candles = made(50)
    arrays = {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    np.savez(tmp_path / "c.npz", ts=candles.opened_at, **arrays)
    assert same(archive.load_path(tmp_path / "c.npz"), candles)
    np.savez(tmp_path / "d.npz", ts=candles.opened_at[1:], **arrays)
    with pytest.raises(CandlesRefused, match="arrays of different lengths"):
        archive.load_path(tmp_path / "d.npz")
    np.savez(tmp_path / "e.npz", ts=candles.opened_at)
    with pytest.raises(CandlesRefused, match="has no close, high, low, open, volume"):
        archive.load_path(tmp_path / "e.npz")


def test_only_the_time_asked_for_is_given(written):
    loaded = archive.load_path(written(dump(made(50))), BEGIN + MINUTE, BEGIN + 3 * MINUTE)
    assert loaded.opened_at.tolist() == [BEGIN + MINUTE, BEGIN + 2 * MINUTE]


def test_lines_that_repeat_exactly_are_dropped_and_counted(written):
    lines = dump(made(50), header=False).splitlines(keepends=True)
    read = files.read(written("".join([*lines[:20], lines[19], lines[19], *lines[20:]])))
    assert same(read.candles, made(50))
    assert read.repeated == 2


def with_line(number, line):
    """Ten lines, one of them another."""
    lines = dump(made(10), header=False, fields=6).splitlines()
    lines[number - 1] = line.format(at=BEGIN + (number - 1) * MINUTE)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_line(5, "{at},nan,2,1,1,1"), "line 5 has a value that is not a finite number. Correct or remove"),
        (with_line(5, "{at},1,inf,1,1,1"), "line 5 has a value that is not a finite number"),
        (with_line(5, "{at},1,2,1,1,-1"), "line 5 has a negative value or a price of zero"),
        (with_line(5, "{at},1,2,0,1,1"), "line 5 has a negative value or a price of zero"),
        (with_line(5, "{at},1,1,2,1,1"), "line 5 has a high below its low"),
        (with_line(5, "{at},3,2,1,1,1"), "line 5 has an open or close outside of low to high"),
        (with_line(5, "{at},1,2,1,one,1"), "line 5: close is 'one', not a number. Correct"),
        (with_line(5, "{at},1,2,1,,1"), "line 5: close is '', not a number"),
        (with_line(5, "{at},1,2,1"), "line 5 has 4 fields. Give at least 6"),
        (with_line(5, "{at},1,2,1,1.5,1,7"), None),
        (with_line(5, ""), "line 5 is empty. Remove it."),
        (with_line(5, "1700000040000,1,2,1,1,1"), "line 5 is older than the candle before it. Sort the file by time."),
        (with_line(2, "1700000040000,1,2,1,1,1"), "line 2 has the time of the candle before it and other values."),
        (with_line(5, "1700000270000,1,2,1,1,1"), "line 5 does not lie on the interval"),
        (with_line(5, "1700000,1,2,1,1,1"), "line 5: the time 1.7e+06 is not in milliseconds or microseconds"),
        (with_line(5, "nan,1,2,1,1,1"), "line 5: the time nan is not"),
        ("", "has no candles"),
        (HEADER, "has no candles"),
        ("time,close,open,high,low,volume\n", "line 1: the columns are 'time,close,open,high,low,volume'. They must"),
    ],
)
def test_what_cannot_be_is_refused_by_its_line(written, text, said):
    path = written(text)
    if said is None:
        assert len(files.read(path, MINUTE).candles) == 10
        return
    with pytest.raises(CandlesRefused) as refused:
        files.read(path, MINUTE)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_lines_are_counted_with_the_header(written):
    path = written("open_time,open,high,low,close,volume\n" + with_line(5, "{at},1,1,2,1,1"))
    with pytest.raises(CandlesRefused, match="line 6 has a high below its low"):
        archive.load_path(path)


@pytest.mark.parametrize(
    ("name", "content"), [("a.zip", b"PK\x03\x04torn"), ("a.npz", b"torn"), ("a.csv", b"\x00\xff\x00")]
)
def test_a_file_of_something_else_is_refused(written, name, content):
    with pytest.raises(CandlesRefused):
        archive.load_path(written(content, name))


def test_a_file_of_longer_candles_than_said_is_refused(written):
    path = written(dump(made(50, span=60 * MINUTE)))
    with pytest.raises(CandlesRefused, match=r"has candles of 3600 s, not of 60 s\. Name the interval that it has\."):
        files.read(path, MINUTE)


def test_a_single_candle_does_not_tell_its_length(written):
    path = written(dump(made(1)))
    assert len(files.read(path, MINUTE).candles) == 1
    with pytest.raises(CandlesRefused, match="too few candles to tell their length"):
        archive.load_path(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CandlesRefused, match=r"There is no file .*\. Give the path"):
        archive.load_path(tmp_path / "none.csv")


def test_what_is_exported_is_read_to_the_last_bit(tmp_path):
    candles = made(500)
    candles.volume[:] = np.random.default_rng(3).random(500) * 1e-7
    files.write_csv(tmp_path / "out.csv", candles)
    assert same(archive.load_path(tmp_path / "out.csv"), candles)


numbers = st.decimals("0.00000001", "99999999.99999999", places=8).map(str) | st.floats(1e-12, 1e12).map(repr)


@settings(deadline=None)
@given(st.lists(st.tuples(*[numbers] * 6), min_size=1, max_size=20), st.sampled_from(["", ",0", ",12.5,x y/z,-3"]))
def test_the_fast_way_reads_what_a_loop_over_lines_reads(rows, tail):
    text = "".join(",".join(row) + tail + "\n" for row in rows).encode()
    fast = files._fast(text)
    if fast is not None:
        assert fast.tolist() == [[float(field) for field in row] for row in rows]
    assert fast is not None or " " in tail


@settings(deadline=None)
@given(st.text(alphabet='0123456789.,-eE+nainf \n"', max_size=60))
def test_the_fast_way_takes_nothing_that_the_careful_way_refuses(text):
    fast = files._fast(text.encode())
    if fast is not None:
        assert np.array_equal(fast, files._careful("f", text.encode(), 1), equal_nan=True)


def test_a_year_of_minutes_is_read_quickly(written):
    lines = dump(made(10_000), header=False)
    block = "".join(lines)
    path = written(block)
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        archive.load_path(path)
        took.append(time.perf_counter() - begin)
    assert min(took) * 52.56 < 2.0  # 0.4 s a year on a quiet machine; here others compute too
