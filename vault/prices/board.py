"""What the markets of one exchange stand at: present bid and ask, a slow median, and what was traded in 24 hours.

The median is over the middles of bid and ask, one a minute, of the last hour. Whoever wants to move it has to hold a
market somewhere else for half an hour, against everybody.

A board that has seen a market in fewer than `WARM` minutes of the last hour is blind there: it says so, and on hosts
that are not paper nothing opens meanwhile. Samples outlive the process, so a restart within the hour costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median_low

from msgspec import Struct

from vault.messages.money import EXACT

WINDOW = 60  # minutes
WARM = 30  # of them
STALE = 30.0  # seconds after which a bid and an ask are history
VOLUME_STALE = 900.0

_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The best bid and ask of a market, and when they were read, on the monotonic clock."""

    bid: Decimal
    ask: Decimal
    at: float

    @property
    def middle(self) -> Decimal:
        return EXACT.multiply(EXACT.add(self.bid, self.ask), _HALF)


class Standing(Struct, frozen=True, kw_only=True):
    """What the board knows of one market at one moment."""

    bid: Decimal
    ask: Decimal
    median: Decimal
    fresh: bool  # bid and ask are of now
    warm: bool  # the median is worth its name
    volume: Decimal | None  # in quote, of the last 24 hours; None: not known


@dataclass(frozen=True, slots=True)
class _Volume:
    traded: Decimal
    at: float


class Board:
    """One exchange's markets. Filled by the signer's own bulk reading, asked by its policy."""

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}
        self._volumes: dict[str, _Volume] = {}
        self._samples: deque[tuple[int, Mapping[str, Decimal]]] = deque(maxlen=2 * WINDOW)
        self._medians: dict[str, tuple[int, Decimal, int]] = {}  # symbol: minute it was reckoned in, median, samples

    @property
    def symbols(self) -> frozenset[str]:
        """Every market that was ever seen here."""
        return frozenset(self._quotes)

    def hear(self, quotes: Mapping[str, Quote]) -> None:
        """New bids and asks. One without both sides is no price."""
        self._quotes.update({symbol: each for symbol, each in quotes.items() if 0 < each.bid <= each.ask})

    def hear_volumes(self, traded: Mapping[str, Decimal], at: float) -> None:
        self._volumes.update({symbol: _Volume(volume, at) for symbol, volume in traded.items()})

    def sample(self, minute: int, at: float) -> Mapping[str, Decimal]:
        """What to keep of this minute: the middles of all fresh quotes. Empty when there are none, or it is kept."""
        if self._samples and self._samples[-1][0] >= minute:
            return {}
        middles = {symbol: quote.middle for symbol, quote in self._quotes.items() if at - quote.at < STALE}
        if middles:
            self._samples.append((minute, middles))
        return middles

    def remember(self, minute: int, middles: Mapping[str, Decimal]) -> None:
        """A sample from before a restart, oldest first. Its prices are the last known until there are new ones."""
        self._samples.append((minute, middles))
        for symbol, price in middles.items():
            self._quotes[symbol] = Quote(bid=price, ask=price, at=-STALE)

    def standing(self, symbol: str, *, minute: int, at: float) -> Standing | None:
        """What is known of a market. None: nothing was ever read."""
        quote = self._quotes.get(symbol)
        if quote is None:
            return None
        median, samples = self._median(symbol, minute)
        volume = self._volumes.get(symbol)
        return Standing(
            bid=quote.bid,
            ask=quote.ask,
            median=quote.middle if median is None else median,
            fresh=at - quote.at < STALE,
            warm=samples >= WARM,
            volume=volume.traded if volume is not None and at - volume.at < VOLUME_STALE else None,
        )

    def _median(self, symbol: str, minute: int) -> tuple[Decimal | None, int]:
        known = self._medians.get(symbol)
        if known is None or known[0] != minute:
            of_it = [prices[symbol] for at, prices in self._samples if at > minute - WINDOW and symbol in prices]
            if not of_it:
                return None, 0
            known = self._medians[symbol] = (minute, median_low(of_it), len(of_it))
        return known[1], known[2]
