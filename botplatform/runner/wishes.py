"""What users and signals asked for, from the runner's side: each is done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from botplatform.bots.models import Bot, Wish
from botplatform.lib import clock
from botplatform.markets.models import Market

NEED_A_DEAL = (Wish.Kind.ADD, Wish.Kind.REDUCE)
_LONGEST = timedelta(days=1)  # no condition lets a signal last longer


def settle(wishes: Sequence[Wish], refused: str) -> None:
    """They are done with; `refused` says why nothing came of them, or is empty."""
    if wishes:
        ids = [wish.pk for wish in wishes]
        Wish.objects.filter(pk__in=ids, done_at=None).update(done_at=clock.now(), refused=refused[:400])


def recent_signals(bot: Bot, market: Market) -> QuerySet[Wish]:
    """Signals that may still count for a condition, done with or not."""
    since = clock.now() - _LONGEST
    return Wish.objects.filter(bot=bot, market=market, kind=Wish.Kind.SIGNAL, wished_at__gte=since)
