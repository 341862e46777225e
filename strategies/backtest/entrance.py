"""When a deal may open in a backtest: the bot's rules of opening over one market's candles.

Everything that is asked of candle b is made of candles before b: an answer is there once its candle has closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Candles, Times
from strategies.conditions import ASAP, Conditions, holds_after
from strategies.market import ZERO, Market
from strategies.opening import Opening, Past

Bools = npt.NDArray[np.bool_]
_DAY = 86_400_000


def holds_during(conditions: Conditions, candles: Candles, signals: Sequence[int] | Times = ()) -> Bools:
    """For each candle, whether the conditions hold while it lasts: their answer after the candle before.

    Nothing is known before the first candle, unless the deal starts at once anyway.
    """
    first = all(isinstance(each, ASAP) for each in conditions)
    return np.concatenate((np.array([first]), holds_after(conditions, candles, signals)[:-1]))


class Account(Protocol):
    """What one market's deals have done to the quote of the account so far."""

    @property
    def cash(self) -> Decimal:
        """Received less paid, fees included."""


class Slots:
    """How many deals the bot has opened and has open, over all its markets."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self.opened = 0
        self.going_on = 0
        self.profit = ZERO  # of the deals that ended in profit, in quote
        self.loss = ZERO  # of the others, as a positive number
        self.accounts: list[Account] = []  # one for each market
        self._back: list[int] = []  # from when on slots that were given back within a candle are free for all

    @property
    def free(self) -> bool:
        return self._opening.next_one(self.opened, self.going_on)

    @property
    def used_up(self) -> bool:
        """Whether no further deal will ever open."""
        return self._opening.deals is not None and self.opened >= self._opening.deals

    def take(self) -> int:
        """Open a deal: its number."""
        self.opened += 1
        self.going_on += 1
        return self.opened

    def give_back(self, free_from: int) -> None:
        """A deal has ended; other markets may use its slot from this time on."""
        self.going_on -= 1
        self._back.append(free_from)

    def keep(self) -> None:
        """The market that has just given its slot back takes it again."""
        self._back.pop()

    def wait(self, at: int) -> int | None:
        """Until when a market has to wait that wants to open a deal now; None: until a deal ends."""
        self._back = [free_from for free_from in self._back if free_from > at]
        if self._opening.next_one(self.opened, self.going_on + len(self._back)):
            return at
        return min(self._back) if self.free and self._back else None

    def count(self, realised: Decimal) -> None:
        """A deal has ended with this profit."""
        if realised >= 0:
            self.profit += realised
        else:
            self.loss -= realised

    def past(self, balance: Decimal | None) -> Past:
        """What a deal that opens now has to go by, if the account began with this balance."""
        free = None if balance is None else balance + sum((account.cash for account in self.accounts), ZERO)
        return Past(balance=free, profit=self.profit, loss=self.loss)


class Entrance:
    """The moments at which a deal may open on one market."""

    def __init__(self, opening: Opening, market: Market, candles: Candles, signals: Sequence[int]) -> None:
        self._opening, self._market, self._candles = opening, market, candles
        self._may = _may_open(opening, market, candles, signals)
        self._at_open = None if self._may is None else self._may & _within(opening, candles)

    def now(self, bar: int, price: Decimal) -> bool:
        """Whether a deal may open within this candle, at this price."""
        if self._may is None:
            return True
        low, high = self._opening.lowest_price, self._opening.highest_price
        return bool(self._may[bar]) and (low is None or price >= low) and (high is None or price <= high)

    def next(self, start: int, not_before: int) -> int:
        """The first candle from `start` on at whose open a deal may open, not before a time; -1 if there is none."""
        times = self._candles.opened_at
        if not_before:
            start = max(start, int(np.searchsorted(times, not_before)))
        if start >= len(times):
            return -1
        if self._at_open is None:
            return start
        ahead = self._at_open[start:]
        first = int(ahead.argmax())
        return start + first if ahead[first] else -1


def _may_open(opening: Opening, market: Market, candles: Candles, signals: Sequence[int]) -> Bools | None:
    """Candles within which a deal may open as far as is known before them; None: all of them, at any price."""
    limited = opening.lowest_price is not None or opening.highest_price is not None
    if opening.conditions is None and opening.least_volume is None and not opening.not_on and not limited:
        return None
    may = np.full(len(candles), market.symbol not in opening.not_on)
    if opening.conditions is not None:
        may &= holds_during(opening.conditions, candles, signals)
    if opening.least_volume is not None:
        may &= _volume_before(candles) >= float(opening.least_volume)
    return may


def _volume_before(candles: Candles) -> npt.NDArray[np.float64]:
    """Quote traded in the 24 hours before each candle; below zero while fewer hours are known."""
    bars = max(1, _DAY // candles.span)
    total = np.concatenate(([0.0], np.cumsum(candles.volume * candles.close)))
    volume = np.full(len(candles), -1.0)
    volume[bars:] = total[bars:-1] - total[: -bars - 1]
    return volume


def _within(opening: Opening, candles: Candles) -> Bools:
    low, high = opening.lowest_price, opening.highest_price
    within = np.ones(len(candles), dtype=np.bool_)
    if low is not None:
        within &= candles.open >= float(low)
    if high is not None:
        within &= candles.open <= float(high)
    return within
