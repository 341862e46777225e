"""Comparing this machine's clock with the exchanges'. A signed request is good for some seconds of theirs.

And what a person may do about a clock that once ran ahead: everything waits for the time that it showed then.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.audit.models import Mark
from vault.ledger import recount
from vault.prices import samples
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure
from vault.signing.venue import Venue
from vault.tokens import leases

log = logging.getLogger(__name__)

_WRONG_EVERY = 2.0  # seconds: more often while the two differ
_TELLS = 1.0  # seconds of difference that are worth a line in the log
_SLOWEST = 2.0  # seconds: an answer that took longer says too little about the moment that it was made


async def watch(signer: Signer) -> NoReturn:
    """For ever; an exchange that does not answer is asked again."""
    while True:
        for name, venue in signer.venues.items():
            off = await difference(venue)
            if off is None:
                continue
            if abs(off) > _TELLS:
                where = "ahead of" if off > 0 else "behind"
                log.warning("this machine's clock is %.1f s %s that of %s", abs(off), where, name)
            signer.standing.clock_off[name] = off
        wrong = any(abs(off) > _TELLS for off in signer.standing.clock_off.values())
        await asyncio.sleep(min(_WRONG_EVERY, VAULT.clock_seconds) if wrong else VAULT.clock_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The latest time that the signer has seen, if it ever ran, and this machine's."""

    seen: datetime | None
    now: datetime

    @property
    def behind(self) -> float:
        """Seconds; 0 when time has gone on since."""
        return 0.0 if self.seen is None else max(0.0, (self.seen - self.now).total_seconds())


def compare() -> Clocks:
    """For the command line."""
    return Clocks(seen=Mark.objects.values_list("at", flat=True).first(), now=clock.now())


def accept() -> Clocks:
    """A person says that this machine's time is right, and the later one that was seen was wrong. No signer runs.

    Whatever was given out under the later time must not live until then: every lease ends, and with its fence every
    token under it. For the command line.
    """
    with transaction.atomic():
        clocks = compare()
        chain.append("clock.accepted", "clock", {"seen": str(clocks.seen), "now": str(clocks.now)}, now=clocks.now)
        Mark.objects.update(at=clocks.now)
        leases.end_all(now=clocks.now)
        recount.begin_windows_again(now=clocks.now)
        samples.forget_after(int(clocks.now.timestamp()) // 60)
    return clocks


async def difference(venue: Venue) -> float | None:
    """Seconds that our clock is ahead of the exchange's, or None when it cannot be told."""
    call = binance.server_time()
    began = clock.monotonic()
    try:
        response = await venue.send(venue.workshop.build(call))
        theirs = venue.workshop.read(call, response)
    except (NotSent, NotThere, Rejected, Unsure):
        return None
    took = clock.monotonic() - began
    if took > _SLOWEST or theirs is None:
        return None
    return clock.milliseconds() / 1000 - took / 2 - int(theirs) / 1000
