"""Which candles are here, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from botplatform.markets.archive import files
from botplatform.markets.archive.columns import Gap, between, gaps
from botplatform.markets.archive.intervals import SPANS, span_of
from botplatform.markets.archive.refusals import CandlesRefused
from botplatform.markets.archive.store import Head, Store
from strategies.backtest.candles import Candles

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.$-]*/[A-Z0-9][A-Z0-9.$-]*(:[A-Z0-9][A-Z0-9.-]*)?", re.IGNORECASE)
_EXCHANGE = re.compile(r"[a-z0-9][a-z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the archive has of one market. `trouble` says why it cannot be read, if it cannot."""

    path: Path
    head: Head | None
    gaps: list[Gap]
    trouble: str = ""


def root() -> Path:
    path: Path = settings.LAYOUT.var / "candles"
    return path


def folder(exchange: str, symbol: str, interval: str) -> Store:
    """The archive's folder of one market and interval, whether there is something in it or not."""
    if not _EXCHANGE.fullmatch(exchange):
        raise CandlesRefused(f"{exchange!r} is not an exchange's name. Use one such as paper or binance.")
    if not _SYMBOL.fullmatch(symbol):
        raise CandlesRefused(f"{symbol!r} is not a market. Write base and quote such as BTC/USDT.")
    span = span_of(interval)
    name = symbol.replace("/", "_").replace(":", "_")
    empty = Head(exchange=exchange, symbol=symbol, interval=interval, span=span)
    return Store(root() / exchange / name / interval, empty)


def load(exchange: str, symbol: str, interval: str, since: int | None = None, until: int | None = None) -> Candles:
    """A market's candles that open from `since` on and before `until`, in milliseconds since 1970."""
    store = folder(exchange, symbol, interval)
    if not store.exists:
        raise CandlesRefused(
            f"The archive has no {interval} candles of {symbol} from {exchange}. Get them with `manage.py candles "
            f"fetch --exchange {exchange} --symbol {symbol} --interval {interval} --since 2026-01-01`."
        )
    return store.load(since, until)


def load_path(path: Path | str, since: int | None = None, until: int | None = None) -> Candles:
    """The candles of a folder of the archive, an .npz, or a CSV as Binance dumps it, zipped or not."""
    path = Path(path)
    if path.is_dir():
        return Store(path).load(since, until)
    return between(files.read(path).candles, since, until)


def entries() -> Iterator[Entry]:
    """Everything in the archive, by exchange, market and interval."""
    order = list(SPANS)
    paths = [path.parent for path in root().glob("*/*/*/head.json") if path.parent.name in SPANS]
    for path in sorted(paths, key=lambda path: (path.parent.parent.name, path.parent.name, order.index(path.name))):
        try:
            store = Store(path)
            yield Entry(path=path, head=store.head(), gaps=gaps(store.load()))
        except CandlesRefused as refused:
            yield Entry(path=path, head=None, gaps=[], trouble=str(refused))
