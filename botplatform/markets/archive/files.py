"""Candles in files that others wrote: CSV as Binance dumps it, zipped or not, and numpy's .npz."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from botplatform.markets.archive.columns import COLUMNS, PRICES, Where, checked
from botplatform.markets.archive.refusals import CandlesRefused
from strategies.backtest.candles import Candles

_HEADER = ("open_time", *PRICES, "volume")
_EXPECTED = "open_time,open,high,low,close,volume"
_NEWLINE, _COMMA = ord("\n"), ord(",")
_SMALLEST_MS = 10**11  # 1973; less is seconds
_SMALLEST_US = 10**14  # in milliseconds the year 5138
_US = 1000
_ENOUGH_TO_TELL = 10  # candles; fewer may just have gaps between all of them
_BLOCK = 1 << 20  # bytes; no line is so long

Table = npt.NDArray[np.float64]


class ReadFile(NamedTuple):
    """A file's candles, and how many lines were left out because they repeated the one before exactly."""

    candles: Candles
    repeated: int


def read(path: Path, span: int | None = None) -> ReadFile:
    """The candles of a file. Without `span` their length is taken from the file."""
    if not path.exists():
        raise CandlesRefused(f"There is no file {path}. Give the path of a .csv, .zip or .npz file.")
    if path.is_dir():
        raise CandlesRefused(f"{path} is a folder. Give the path of a .csv, .zip or .npz file.")
    try:
        if path.suffix == ".npz":
            return _read_npz(path, span)
        return _read_csv(path, _unzipped(path) if zipfile.is_zipfile(path) else path.read_bytes(), span)
    except csv.Error as broken:
        raise CandlesRefused(f"{path} is not CSV: {broken}. Give a .csv, .zip or .npz file.") from None
    except OSError as refused:
        raise CandlesRefused(f"{path} cannot be read: {refused.strerror or refused}. Check the file.") from None


def write_csv(path: Path, candles: Candles) -> None:
    """The candles as CSV, readable by `read` to the last bit."""
    new = path.with_name(path.name + ".new")
    columns = [getattr(candles, name).tolist() for name in COLUMNS]
    try:
        with new.open("w", newline="") as file:
            file.write(_EXPECTED + "\n")
            file.writelines(
                f"{at},{o!r},{h!r},{low!r},{c!r},{v!r}\n" for at, o, h, low, c, v in zip(*columns, strict=True)
            )
        new.replace(path)
    except OSError as refused:
        new.unlink(missing_ok=True)
        raise CandlesRefused(f"{path} cannot be written: {refused.strerror}. Give another --out.") from None


def _unzipped(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise CandlesRefused(f"{path} has {len(names)} CSV files in it. Unzip it and import the right one.")
            return archive.read(names[0])
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as broken:
        raise CandlesRefused(f"{path} cannot be unzipped: {broken}. Download it again.") from None


def _read_npz(path: Path, span: int | None) -> ReadFile:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            missing = {"ts", *COLUMNS[1:]} - set(arrays.files)
            if missing:
                raise CandlesRefused(
                    f"{path} has no {', '.join(sorted(missing))}. Save ts, open, high, low, close and volume."
                )
            times = arrays["ts"]
            columns = {name: np.ascontiguousarray(arrays[name], dtype=np.float64) for name in COLUMNS[1:]}
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile) as broken:
        raise CandlesRefused(f"{path} is not an .npz of numbers: {broken}. Write it with numpy.savez.") from None
    if times.ndim != 1 or {values.shape for values in columns.values()} != {times.shape}:
        raise CandlesRefused(f"{path} has arrays of different lengths. Save one value of each for every candle.")
    if times.dtype.kind not in "iuf":
        raise CandlesRefused(f"{path} has times that are not numbers. Give milliseconds since 1970 in ts.")
    return _candles(path, times, columns, span, first=0, unit="row")


def _read_csv(path: Path, text: bytes, span: int | None) -> ReadFile:
    text = text.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    first = 1
    if text and not (text[:1].isdigit() or text[:1] in b"-+."):
        end = text.find(b"\n") + 1 or len(text)
        line, text = text[:end], text[end:]
        _check_header(path, line.decode(errors="replace"))
        first = 2
    table = _fast(text)
    if table is None:
        table = _careful(path, text, first)
    columns = {name: np.ascontiguousarray(table[:, n]) for n, name in enumerate(COLUMNS) if n}
    return _candles(path, np.ascontiguousarray(table[:, 0]), columns, span, first=first, unit="line")


def _check_header(path: Path, line: str) -> None:
    names = tuple(name.strip().strip('"').lower() for name in line.split(","))
    if names[1:6] != _HEADER[1:]:
        raise CandlesRefused(
            f"{path}, line 1: the columns are {line.strip()[:80]!r}. They must begin with {_EXPECTED}."
        )


def _fast(text: bytes) -> Table | None:
    """The first six columns, if every line has the same number of plain fields; else None.

    Separators are found with numpy, everything behind the sixth field is cut out, and numpy reads the rest as one list
    of numbers. In blocks that fit the processor's cache: four times as fast as a loop over lines.
    """
    fields = text[: text.find(b"\n")].count(b",") + 1
    tables, begin = [], 0
    while begin < len(text):
        end = text.rfind(b"\n", begin, begin + _BLOCK) + 1 or len(text)
        table = _fast_block(text[begin:end], fields)
        if table is None:
            return None
        tables.append(table)
        begin = end
    return np.concatenate(tables) if tables else None


def _fast_block(text: bytes, fields: int) -> Table | None:
    if not text.endswith(b"\n"):
        text += b"\n"
    letters = np.frombuffer(text, np.uint8)
    separators = np.flatnonzero(letters < ord("-"))  # commas, line ends, and what has no business here
    if fields < len(COLUMNS) or len(separators) % fields:
        return None
    places = separators.reshape(-1, fields)
    found = letters[places]
    if (found[:, :-1] != _COMMA).any() or (found[:, -1] != _NEWLINE).any():
        return None
    if fields > len(COLUMNS):
        edges = np.concatenate(([-1], places[:, [5, -1]].ravel()))
        kept = np.repeat(np.resize([True, False], len(edges) - 1), np.diff(edges))
        text = letters[kept].tobytes()
    else:
        text = text.replace(b"\n", b",")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # how older numpy says ValueError
        try:
            numbers = np.fromstring(text, sep=",")
        except (ValueError, DeprecationWarning):
            return None
    return numbers.reshape(-1, len(COLUMNS)) if len(numbers) == len(places) * len(COLUMNS) else None


def _careful(path: Path, text: bytes, first: int) -> Table:
    """Line by line: slower, but it knows quotes and empty lines, and which line is wrong."""
    rows: list[list[float]] = []
    empty = 0
    for number, fields in enumerate(csv.reader(io.StringIO(text.decode(errors="replace"))), first):
        if not fields:
            empty = empty or number
            continue
        if empty:
            raise CandlesRefused(f"{path}, line {empty} is empty. Remove it.")
        if len(fields) < len(COLUMNS):
            raise CandlesRefused(
                f"{path}, line {number} has {len(fields)} fields. Give at least {len(COLUMNS)}: {_EXPECTED}."
            )
        row = []
        for name, field in zip(_HEADER, fields, strict=False):
            try:
                row.append(float(field))
            except ValueError:
                raise CandlesRefused(
                    f"{path}, line {number}: {name} is {field[:40]!r}, not a number. Correct or remove that line."
                ) from None
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _candles(
    path: Path, times: np.ndarray, columns: dict[str, Table], span: int | None, *, first: int, unit: str
) -> ReadFile:
    def where(row: int) -> str:
        return f"{path}, {unit} {row + first}"

    if not len(times):
        raise CandlesRefused(f"{path} has no candles. Give a file with at least one.")
    stamps = _milliseconds(times, where)
    steps = np.diff(stamps)
    shortest = int(steps[steps > 0].min()) if (steps > 0).any() else None
    if span is None:
        if shortest is None:
            raise CandlesRefused(f"{path} has too few candles to tell their length. Name the interval.")
        span = shortest
    if shortest is not None and shortest > span and len(stamps) >= _ENOUGH_TO_TELL:
        raise CandlesRefused(
            f"{path} has candles of {shortest / 1000:g} s, not of {span / 1000:g} s. Name the interval that it has."
        )
    return ReadFile(*checked(Candles(opened_at=stamps, **columns, span=span), where))


def _milliseconds(times: np.ndarray, where: Where) -> npt.NDArray[np.int64]:
    """Times in milliseconds; microseconds, as newer dumps have them, are divided."""
    bad = ~np.isfinite(times) | (times < _SMALLEST_MS) | (times != np.floor(times))
    if bad.any():
        row = int(bad.argmax())
        raise CandlesRefused(
            f"{where(row)}: the time {times[row]:g} is not in milliseconds or microseconds since 1970. "
            "Correct or remove that line."
        )
    stamps = times.astype(np.int64)
    return np.where(stamps >= _SMALLEST_US, stamps // _US, stamps)
