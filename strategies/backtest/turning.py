"""Orders that only take turns, run through many bars at once (`strategies.backtest.quick`).

A row of turns shares its lines: turn i buys at line i and sells at line i + 1. Of a row whose turns below some line
all wait to buy, and above it all to sell, one number says everything: `idle`, how many wait to buy. The price takes it
along,

    down to p   idle = min(idle, lines below p)           each step down is the buy of one turn
    up to p     idle = max(idle, lines at most p - 1)     each step up the sell of one

(of the touch rule; under the through rule a line at p itself is not reached), and so each price of the path is an
interval into which `idle` is brought. Only prices that can move it are looked at one by one:

* a bar that reaches no line, after one that reached none in the same interval, moves nothing;
* a bar that reaches one line alone leaves `idle` at that line, and so does every later one that reaches no other;
* a price is passed over if its interval is that of the last but one, and the one between shares a place with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from strategies.backtest.book import NEVER, RestingOrders
from strategies.backtest.candles import Candles, Floats
from strategies.market import ONE, Market
from strategies.orders import Fill, Side
from strategies.turns import Turn

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Where = Literal["left", "right"]
_CHUNK = 1 << 16  # bars looked at together: what is worked out of them stays in the processor's cache
_UNKNOWN = -9  # no line: what a bar leaves behind that reaches several


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings:
    """The fills of a stretch, in their order. `turn` traded in `bar`; `opening`: at its open; else within it.

    `idle` is what is left at the end, `unsure` in how many bars orders on both sides were within reach.
    """

    bar: Ints
    opening: Flags
    turn: Ints
    sells: Flags
    idle: int
    unsure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Turns side by side, from the lowest; the first `idle` of them wait to buy, the others to sell."""

    turns: Sequence[Turn]
    lines: Floats
    idle: int

    @classmethod
    def of(cls, turns: Sequence[Turn], book: RestingOrders, market: Market) -> Self | None:
        """The turns as they stand on the book; None if it has anything else, or if a turn could fail to be whole."""
        resting = book.by_name
        if not turns or len(resting) != len(turns):
            return None
        idle = sum(turn.buy_name in resting for turn in turns)
        keeps = ONE - market.maker_fee
        for place, turn in enumerate(turns):
            buys = place < idle
            piece = resting.get(turn.buy_name if buys else turn.sell_name)
            if piece is None or piece.amount != (turn.buy_amount if buys else turn.sell_amount):
                return None
            # The coins of a buy pay for its sell, and the exchange takes both.
            if turn.sell_amount > turn.buy_amount * keeps or not (
                market.accepts(turn.buy_amount, turn.buy_price) and market.accepts(turn.sell_amount, turn.sell_price)
            ):
                return None
        if any(low.sell_price != high.buy_price for low, high in pairwise(turns)):
            return None
        lines = np.array([float(turn.buy_price) for turn in turns] + [float(turns[-1].sell_price)])
        return cls(turns=turns, lines=lines, idle=idle) if (np.diff(lines) > 0).all() else None

    def through(self, candles: Candles, start: int, end: int, *, touch: bool) -> Crossings:
        """What trades in the bars from `start` to before `end`, while nothing but the turns happens."""
        lines, idle, unsure, parts = self.lines, self.idle, 0, []
        # How many lines a price has below it, and how many it has reached from below.
        under: _Where = "left" if touch else "right"
        up_to: _Where = "right" if touch else "left"
        beside_below, beside_above = np.concatenate(([-NEVER], lines)), np.append(lines, NEVER)
        for first in range(start, end, _CHUNK):
            chunk = slice(first, min(first + _CHUNK, end))
            low, high = candles.low[chunk], candles.high[chunk]
            bars = _that_matter(lines.searchsorted(low, under), lines.searchsorted(high, up_to))
            path = _path(candles, first + bars)
            least, most = lines.searchsorted(path, up_to) - 1, lines.searchsorted(path, under)
            at, stood = _moves(np.maximum(least, 0), np.minimum(most, len(self.turns)), idle)
            parts.append(_steps(first + bars, at, stood))
            # Where a bar reaches beyond both neighbours of where it began, the assumed path decides.
            began = stood[at.searchsorted(4 * np.arange(len(bars)))]
            both = (low[bars] < beside_below[began]) & (high[bars] > beside_above[began + 1])
            unsure += int(both.sum())
            idle = int(stood[-1])
        bar, opening, turn, sells = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Crossings(bar=bar, opening=opening, turn=turn, sells=sells, idle=idle, unsure=unsure)


def _that_matter(under: Ints, up_to: Ints) -> Ints:
    """Bars that can move `idle`, by the lines below their low (`under`) and those that their high has reached."""
    reached = up_to > under
    changed = np.ones(len(under), dtype=np.bool_)
    changed[1:] = reached[1:] | (under[1:] != under[:-1]) | (up_to[1:] != up_to[:-1])
    bars = np.flatnonzero(changed)
    under, reached, alone = under[bars], reached[bars], up_to[bars] == under[bars] + 1
    line = np.where(alone, under, _UNKNOWN)
    # A bar that reaches no line leaves what the one before it left, unless it has jumped away from there.
    left = _left(reached, line)
    away = ~reached & (under != left) & (under != left + 1)
    left = _left(reached | away, line)
    stays: Flags = np.where(reached, alone & (under == left), (under == left) | (under == left + 1))
    return bars[~stays]


def _left(counts: Flags, line: Ints) -> Ints:
    """For each bar what the last one before it that counts has left behind."""
    last = np.maximum.accumulate(np.where(counts, np.arange(len(line)), -1))
    before = np.concatenate(([-1], last[:-1]))
    return np.where(before >= 0, line[before], _UNKNOWN)


def _path(candles: Candles, bars: Ints) -> Floats:
    """Open, the two extremes in their order, and close of each of these bars, one after another."""
    opened, close = candles.open[bars], candles.close[bars]
    low, high = candles.low[bars], candles.high[bars]
    rises = close > opened
    return np.stack((opened, np.where(rises, low, high), np.where(rises, high, low), close), axis=1).ravel()


def _moves(least: Ints, most: Ints, idle: int) -> tuple[Ints, Ints]:
    """At which prices of the path `idle` moves; and where it stands, at first and after each of them."""
    changed = np.ones(len(least), dtype=np.bool_)
    changed[1:] = (least[1:] != least[:-1]) | (most[1:] != most[:-1])
    places = np.flatnonzero(changed)
    least, most = least[places], most[places]
    needed = np.ones(len(places), dtype=np.bool_)
    needed[2:] = (
        (least[2:] != least[:-2])
        | (most[2:] != most[:-2])
        | (np.maximum(least[2:], least[1:-1]) > np.minimum(most[2:], most[1:-1]))
    )
    at, stood = [], [idle]
    for place, low, high in zip(places[needed].tolist(), least[needed].tolist(), most[needed].tolist(), strict=True):
        if idle < low:
            idle = low
        elif idle > high:
            idle = high
        else:
            continue
        at.append(place)
        stood.append(idle)
    return np.array(at, dtype=np.int64), np.array(stood, dtype=np.int64)


def _steps(bars: Ints, at: Ints, stood: Ints) -> tuple[Ints, Flags, Ints, Flags]:
    """Each move as the fills that it is made of: their bars, whether at the open, whose, whether sells."""
    steps = np.diff(stood)
    counts = np.abs(steps)
    one = np.repeat(np.arange(len(at)), counts)
    further = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    sells, began = steps[one] > 0, stood[one]
    turn = np.where(sells, began + further, began - 1 - further)
    return bars[at[one] // 4], at[one] % 4 == 0, turn, sells


def fills_of(row: Row, found: Crossings, market: Market, opens: Floats | None) -> tuple[list[Fill], Ints]:
    """What traded, each of the same terms once; and for each crossing which of them it is.

    With `opens` what trades at an open has that price. Their times and ids are for whoever notes them down.
    """
    fills = [_fill(turn, side, market) for turn in row.turns for side in (Side.BUY, Side.SELL)]
    which = 2 * found.turn + found.sells
    if opens is not None:
        for place in np.flatnonzero(found.opening).tolist():
            turn, side = row.turns[found.turn[place]], Side.SELL if found.sells[place] else Side.BUY
            which[place] = len(fills)
            fills.append(_fill(turn, side, market, Decimal(repr(opens.item(found.bar[place])))))
    return fills, which


def _fill(turn: Turn, side: Side, market: Market, at: Decimal | None = None) -> Fill:
    buying = side is Side.BUY
    amount = turn.buy_amount if buying else turn.sell_amount
    price = at or (turn.buy_price if buying else turn.sell_price)
    return Fill(
        order=turn.buy_name if buying else turn.sell_name,
        side=side,
        amount=amount,
        price=price,
        fee=amount * market.maker_fee if buying else amount * price * market.maker_fee,
        fee_asset=market.base if buying else market.quote,
        at=0,
        trade_id="",
    )


def grouped(which: Ints) -> Iterator[tuple[int, list[int]]]:
    """Each number that there is, with the places where it stands."""
    order = np.argsort(which, kind="stable")
    numbers, starts, counts = np.unique(which[order], return_index=True, return_counts=True)
    for number, start, count in zip(numbers.tolist(), starts.tolist(), counts.tolist(), strict=True):
        yield number, order[start : start + count].tolist()
