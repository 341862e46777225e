"""When each account and market is read next.

About once a second. Where a healthy private stream would tell of news, and the last reading left nothing open, the
next one may wait longer: it only has to find what the stream has failed to tell.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from vault.settings import VAULT

Place = tuple[UUID, str]  # credential and market

SETTLING = 5.0  # seconds of the usual pace after something happened: readings may be behind events


class Schedule:
    """All times are monotonic seconds."""

    def __init__(self) -> None:
        self._read_at: dict[Place, float] = {}
        self._settled: set[Place] = set()
        self._stirred_at: dict[Place, float] = {}

    def keep(self, places: Collection[Place]) -> None:
        """Forget the others."""
        for place in self._read_at.keys() - places:
            del self._read_at[place]
        for place in self._stirred_at.keys() - places:
            del self._stirred_at[place]
        self._settled.intersection_update(places)

    def stirred(self, place: Place, *, now: float) -> None:
        """Something happened there: it is due at once."""
        self._stirred_at[place] = now

    def due(self, place: Place, *, now: float, slowness: float, followed: float | None) -> bool:
        """`followed`: since when its private stream is healthy."""
        read_at = self._read_at.get(place)
        stirred_at = self._stirred_at.get(place)
        if read_at is None or (stirred_at is not None and stirred_at > read_at):
            return True
        pace = VAULT.poll_seconds * slowness
        happened_at = max(time for time in (stirred_at, followed, 0.0) if time is not None)
        if followed is not None and place in self._settled and read_at > followed and now - happened_at > SETTLING:
            pace = max(pace, VAULT.stream_poll_seconds)
        return now >= read_at + pace

    def reading(self, place: Place, *, now: float) -> None:
        """It is being read; until that has ended well, nothing is settled there."""
        self._read_at[place] = now
        self._settled.discard(place)

    def settled(self, place: Place) -> None:
        """It was read, and the ledger agrees with all of it."""
        self._settled.add(place)
