"""The candle archive: each market's candles in columns on disk, mapped into memory when a backtest asks for them."""

from botplatform.markets.archive.archive import Entry, entries, folder, load, load_path
from botplatform.markets.archive.columns import Gap, gaps
from botplatform.markets.archive.refusals import CandlesRefused

__all__ = ["CandlesRefused", "Entry", "Gap", "entries", "folder", "gaps", "load", "load_path"]
