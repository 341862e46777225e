"""One market's candles on disk: a folder with a file for each column, and a head that says what is in them.

    head.json       format, version, market, interval, generation, rows, a CRC-32 of each column
    3.opened_at     int64, little-endian, milliseconds since 1970; generation 3
    3.open ...      float64, little-endian; high, low, close and volume likewise
    lock            held while somebody writes

Only what the head counts is there. Appending writes behind the counted rows, flushes, and then puts a new head in the
old one's place; whoever is killed in between has written nothing. Putting candles before the others writes the columns
of a new generation first. A reader never waits: the columns that it has mapped are not changed under it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from botplatform.markets.archive.columns import COLUMNS, between, joined, moment
from botplatform.markets.archive.refusals import CandlesRefused
from strategies.backtest.candles import Candles

_FORMAT = "botplatform candles"
_VERSION = 1
_TYPES = {name: np.dtype("<i8" if name == "opened_at" else "<f8") for name in COLUMNS}
_WIDTH = 8


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the columns hold. `first` and `last` are openings in milliseconds."""

    exchange: str
    symbol: str
    interval: str
    span: int
    format: str = _FORMAT
    version: int = _VERSION
    generation: int = 1
    rows: int = 0
    first: int | None = None
    last: int | None = None
    checksums: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))


class Store:
    """The candles in one folder. `empty` says what they will be, if none are there yet."""

    def __init__(self, path: Path, empty: Head | None = None) -> None:
        self.path = path
        self._empty = empty

    @property
    def exists(self) -> bool:
        return (self.path / "head.json").exists()

    def head(self) -> Head:
        """What is here. Refuses what is not ours, or of a later version."""
        path = self.path / "head.json"
        try:
            written = path.read_bytes()
        except FileNotFoundError:
            if self._empty is None:
                raise CandlesRefused(
                    f"{self.path} has no candles. Fetch or import some with `manage.py candles`."
                ) from None
            return self._empty
        try:
            known = msgspec.json.decode(written, type=_Stamp)
        except msgspec.DecodeError:
            known = _Stamp()
        if known.format != _FORMAT:
            raise CandlesRefused(f"{path} is not the head of an archive of candles. {self._remedy()}")
        if known.version != _VERSION:
            raise CandlesRefused(
                f"{path} is of version {known.version}, this program reads {_VERSION}. Use the program that wrote it, "
                "or export and import the candles."
            )
        try:
            head = msgspec.json.decode(written, type=Head)
        except msgspec.DecodeError as broken:
            raise CandlesRefused(f"{path} is damaged ({broken}). {self._remedy()}") from None
        if self._empty is not None and (head.symbol, head.interval) != (self._empty.symbol, self._empty.interval):
            raise CandlesRefused(
                f"{self.path} holds {head.symbol} {head.interval}, not {self._empty.symbol} {self._empty.interval}. "
                "Put it back where it came from."
            )
        return head

    def load(self, since: int | None = None, until: int | None = None) -> Candles:
        """The candles that open from `since` on and before `until`, mapped into memory, their checksums compared."""
        head = self.head()
        try:
            columns = {name: self._mapped(head, name) for name in COLUMNS}
        except FileNotFoundError:
            head = self.head()  # a new generation took the old one's place between the two reads
            columns = {name: self._mapped(head, name) for name in COLUMNS}
        return between(Candles(**columns, span=head.span), since, until)

    def append(self, candles: Candles) -> None:
        """Add candles that are all later than the last one."""
        if not len(candles):
            return
        head = self.head()
        if head.last is not None and int(candles.opened_at[0]) <= head.last:
            raise CandlesRefused(
                f"{self.path} already has candles up to {moment(head.last)}. Import them instead, which merges."
            )
        self._write(head, candles, after=head.rows)

    def replace(self, candles: Candles) -> None:
        """Put these candles in the place of all that are here."""
        head = self.head()
        if len(candles):
            fresh = msgspec.structs.replace(
                head, generation=head.generation + 1, rows=0, checksums=dict.fromkeys(COLUMNS, 0)
            )
            self._write(fresh, candles, after=0)
            self._sweep(fresh.generation)

    def remove(self) -> None:
        """Delete the candles."""
        for path in (self.path / "head.json", *self.path.glob("[0-9]*.*"), self.path / "lock"):
            path.unlink(missing_ok=True)
        if self.path.exists():
            self.path.rmdir()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder for one writer."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CandlesRefused(
                    f"Another process is writing {self.path}. Wait until it has ended, or end it."
                ) from None
            self._sweep(self.head().generation)
            yield
        finally:
            os.close(lock)

    def beside(self, suffix: str) -> Store:
        """A store of the same market next to this one."""
        head = self.head()
        empty = Head(exchange=head.exchange, symbol=head.symbol, interval=head.interval, span=head.span)
        return Store(self.path.with_name(self.path.name + suffix), empty)

    def _mapped(self, head: Head, name: str) -> np.ndarray:
        path = self._column(head, name)
        size = head.rows * _WIDTH
        if not size:
            return np.empty(0, _TYPES[name])
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < size:
                raise CandlesRefused(f"{path} is shorter than its head says. {self._remedy()}")
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        if zlib.crc32(mapped) != head.checksums.get(name):
            raise CandlesRefused(f"{path} is damaged: its checksum is another. {self._remedy()}")
        return np.frombuffer(mapped, _TYPES[name])

    def _write(self, head: Head, candles: Candles, after: int) -> None:
        checksums = {}
        for name in COLUMNS:
            data = np.ascontiguousarray(getattr(candles, name), dtype=_TYPES[name]).tobytes()
            checksums[name] = zlib.crc32(data, head.checksums[name])
            file = os.open(self._column(head, name), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                os.ftruncate(file, after * _WIDTH)  # what a killed writer left behind the counted rows
                _write_all(file, data, after * _WIDTH)
                os.fdatasync(file)
            finally:
                os.close(file)
        self._put_head(
            msgspec.structs.replace(
                head,
                rows=after + len(candles),
                first=head.first if after else int(candles.opened_at[0]),
                last=int(candles.opened_at[-1]),
                checksums=checksums,
            )
        )

    def _put_head(self, head: Head) -> None:
        new = self.path / "head.json.new"
        file = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            _write_all(file, msgspec.json.encode(head), 0)
            os.fsync(file)
        finally:
            os.close(file)
        new.replace(self.path / "head.json")
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _sweep(self, generation: int) -> None:
        """Remove columns of other generations: replaced ones, and what a killed writer left."""
        for path in self.path.glob("[0-9]*.*"):
            if path.name.partition(".")[0] != str(generation):
                path.unlink(missing_ok=True)

    def _column(self, head: Head, name: str) -> Path:
        return self.path / f"{head.generation}.{name}"

    def _remedy(self) -> str:
        return f"Remove {self.path} and fetch or import the candles again."


class _Stamp(msgspec.Struct):
    format: str = ""
    version: int = 0


def _write_all(file: int, data: bytes, offset: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(file, left, offset)
        left, offset = left[written:], offset + written


def merge(store: Store, candles: Candles) -> int:
    """Put candles among those of the store; how many of them were there already, exactly the same."""
    head = store.head()
    if not len(candles):
        return 0
    begin = int(candles.opened_at[0])
    if head.last is not None and (begin - head.last) % head.span:
        raise CandlesRefused(
            f"The candles begin at {moment(begin)}, between two of the archive's. "
            "Take candles whose openings lie on the same times."
        )
    if head.last is None or begin > head.last:
        store.append(candles)
        return 0
    whole, repeated = joined([store.load(), candles], f"{store.path.name} and what is to be added")
    if len(whole) != head.rows:
        store.replace(whole)
    return repeated
