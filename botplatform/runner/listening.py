"""Live answers to a bot's conditions on one market, from the candles that the feed keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botplatform.lib import clock
from botplatform.markets import history
from botplatform.markets.models import Market
from strategies.conditions import Conditions, Stream

_MINUTE = 60_000
_KEPT = 1000  # minutes that are surely kept, whoever asked for them


class Listener:
    """Several lists of conditions by name, fed with the same minutes.

    Until the history that they need is there they hold nothing: a bot that has just met a market opens no deal on a
    half-warm indicator.
    """

    def __init__(self, market: Market, conditions: Mapping[str, Conditions]) -> None:
        self._market = market
        self._streams = {name: Stream(each) for name, each in conditions.items()}
        self._signalled: set[str] = set()
        self._primed = False
        self._looked_at = 0  # the minute that was looked for last

    def listen(self) -> None:
        """Take the minutes that have closed since."""
        now = _now()
        if not self._primed:
            self._primed = self._prime()
            return
        if now // _MINUTE == self._looked_at:
            return
        since = min((stream.closed_at for stream in self._streams.values()), default=now)
        found = history.closed(self._market, 1, since)
        for row in zip(
            found.opened_at.tolist(),
            found.open.tolist(),
            found.high.tolist(),
            found.low.tolist(),
            found.close.tolist(),
            found.volume.tolist(),
            strict=True,
        ):
            for stream in self._streams.values():
                if row[0] >= stream.closed_at:
                    stream.push(*row)
        if len(found) and found.opened_at[-1] // _MINUTE >= now // _MINUTE - 1:
            self._looked_at = now // _MINUTE  # the minute before this one is there: nothing new until the next

    def signal(self, wish: str, at: int) -> None:
        """A signal came. The same one twice is one."""
        if wish not in self._signalled:
            self._signalled.add(wish)
            for stream in self._streams.values():
                stream.signal(at)

    def holds(self, name: str) -> bool:
        """Whether these conditions hold now."""
        return self._primed and self._streams[name].holds_at(_now())

    def answers(self) -> Iterator[tuple[str, bool]]:
        """Each list and whether it holds now."""
        return ((name, self.holds(name)) for name in self._streams)

    def _prime(self) -> bool:
        """Whether all the history that is needed was there, and is taken."""
        longer: dict[int, int] = {}
        for stream in self._streams.values():
            for interval, candles in stream.conditions.history().items():
                if interval * candles > _KEPT:
                    longer[interval] = max(longer.get(interval, 0), candles)
        there = [history.ask_for(self._market, interval, candles) for interval, candles in longer.items()]
        if not all(there):
            return False
        for interval in sorted(longer, reverse=True):
            past = history.closed(self._market, interval, 0, longer[interval])
            for stream in self._streams.values():
                stream.prime(past)
        minutes = history.closed(self._market, 1, 0, _KEPT)
        for stream in self._streams.values():
            stream.prime(minutes)
        return True


def _now() -> int:
    return int(clock.now().timestamp() * 1000)
