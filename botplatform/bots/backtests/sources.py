"""Which candles belong to which market of a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from botplatform.bots.backtests.reading import refused
from botplatform.markets.archive.store import Store
from strategies.market import Market


def paths_of(said: Sequence[str], markets: Sequence[Market]) -> tuple[str, ...]:
    """A file or a folder for each of the markets, in their order: said in that order, or each as SYMBOL=FILE.

    Raises SettingsRefused for a wrong number, one that is missing or said twice, and a folder of another market.
    """
    symbols = [market.symbol for market in markets]
    named = [_named(each, symbols) for each in said]
    if any(symbol for symbol, _ in named):
        found = _by_name(named, symbols)
    elif len(said) != len(symbols):
        one = len(symbols) == 1
        raise refused(
            "candles",
            f"{len(said)} given, and the job has {'one market' if one else f'{len(symbols)} markets'}.",
            "Give one --candles." if one else f"Give one for each, in this order: {', '.join(symbols)}.",
        )
    else:
        found = [path for _, path in named]
    absolute = [str(Path(path).absolute()) for path in found]
    for place, path in enumerate(absolute):
        if path in absolute[:place]:
            both = f"{symbols[absolute.index(path)]} and {symbols[place]}"
            raise refused("candles", f"{path} is given for {both}.", "Give each market its own.")
    if len(symbols) > 1:
        for path, symbol in zip(absolute, symbols, strict=True):
            _check(path, symbol)
    return tuple(absolute)


def _named(said: str, symbols: Sequence[str]) -> tuple[str, str]:
    """The market that it names, empty if none, and the path."""
    name, sign, path = said.partition("=")
    if sign and name in symbols:
        return name, path
    if sign and name.count("/") == 1 and name.isupper() and not Path(said).exists():
        raise refused("candles", f"{name} is none of the job's markets.", f"Name one of: {', '.join(symbols)}.")
    return "", said


def _by_name(named: Sequence[tuple[str, str]], symbols: Sequence[str]) -> list[str]:
    found: dict[str, str] = {}
    for symbol, path in named:
        if not symbol:
            raise refused("candles", f"{path} names no market.", f"Say whose it is: {symbols[0]}={path}.")
        if symbol in found:
            raise refused("candles", f"{symbol} is given twice.", "Give each market once.")
        found[symbol] = path
    for symbol in symbols:
        if symbol not in found:
            raise refused("candles", f"there are none of {symbol}.", f"Add --candles {symbol}=FILE.")
    return [found[symbol] for symbol in symbols]


def _check(path: str, symbol: str) -> None:
    """Raises SettingsRefused for an archive folder of another market; CandlesRefused for one that cannot be read."""
    if Path(path).is_dir() and (of := Store(Path(path)).head().symbol) != symbol:
        raise refused("candles", f"{path} has those of {of}, not of {symbol}.", f"Name the folder of {symbol}.")
