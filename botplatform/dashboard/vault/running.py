"""Who may ask for one's bots just now: leases that live, and tokens that may still count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botplatform.lib import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One shard of bots. `bots` are those with a token; `seconds` is how long the longest of these still counts."""

    shard: str
    alive: bool
    until: datetime
    bots: list[str]
    seconds: int


def running(
    leases: Iterable[Mapping[str, Any]], tokens: Iterable[Mapping[str, Any]], grants: Iterable[Mapping[str, Any]]
) -> list[Running]:
    """Of an overview: a row for each lease, with the bots that its runner has tokens for."""
    labels = {row["id"]: row["label"] for row in grants}
    now, listed = clock.now(), list(tokens)
    found = []
    for lease in leases:
        until = datetime.fromisoformat(lease["expires_at"])
        mine = [token for token in listed if token["shard"] == lease["shard"]]
        names = Counter(labels.get(token["grant"], "") for token in mine)
        longest = max((datetime.fromisoformat(token["until"]) for token in mine), default=now)
        found.append(
            Running(
                shard=lease["shard"],
                alive=until > now,
                until=until,
                bots=sorted(name for name in names if name),
                seconds=max(0, int((longest - now).total_seconds())),
            )
        )
    return found
