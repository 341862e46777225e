"""Asking for a study, cancelling one, and taking one away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from botplatform.accounts.models import User
from botplatform.bots.backtests import job as jobs
from botplatform.bots.models import Bot
from botplatform.bots.studies.models import Study
from botplatform.bots.sweeps.axes import axes_of
from botplatform.bots.sweeps.models import Sweep
from botplatform.bots.sweeps.sets import sets_of
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.archive import archive
from botplatform.markets.archive.intervals import SPANS
from botplatform.markets.models import Market
from strategies.settings import Problem, SettingsRefused

MOST_SETS = 2000  # of a sweep on a page; the command takes more
MOST_AT_ONCE = 10  # that one person waits for
_ONE_MARKET = "A sweep is over one market: test this bot, or choose another."


def words_of_bot(bot: Bot) -> dict[str, Any]:
    """The job that a bot is, on its markets as they are now."""
    markets = [pair.market for pair in bot.pairs.select_related("market")] or [bot.market]
    return words_of(bot.kind, bot.settings, markets)


def words_of(kind: str, settings: Mapping[str, Any], markets: Iterable[Market]) -> dict[str, Any]:
    """A job's words."""
    listed = [_market(market) for market in markets]
    where = {"market": listed[0]} if len(listed) == 1 else {"markets": listed}
    return {"kind": kind, **where, "settings": dict(settings)}


def intervals(exchange: str, symbols: Iterable[str]) -> list[str]:
    """The lengths of candles that the archive has of all these markets, the shortest first."""
    return [
        interval for interval in SPANS if all(archive.folder(exchange, symbol, interval).exists for symbol in symbols)
    ]


def ask(owner: User, words: dict[str, Any], *, exchange: str, vary: list[str], rank: str, interval: str = "") -> Study:
    """Have it done. Raises SettingsRefused with everything that stands against it."""
    job = jobs.of_any(words) if not vary else _swept(words, vary)
    symbols = [market.symbol for market in job.markets]
    known = intervals(exchange, symbols)
    if not known or (interval and interval not in known):
        raise _refused(
            "candles",
            f"the archive has no {interval or ''} candles of {', '.join(symbols)} from {exchange}.".replace("  ", " "),
            "Fetch them first.",
        )
    if Study.objects.filter(owner=owner).exclude(state__in=Study.OVER).count() >= MOST_AT_ONCE:
        raise _refused("studies", f"{MOST_AT_ONCE} of yours are not done yet.", "Wait for them, or cancel some.")
    what = Study.What.SWEEP if vary else Study.What.BACKTEST
    study = Study.objects.create(
        owner=owner,
        what=what,
        title=f"{job.title}"[:200],
        job=words,
        exchange=exchange,
        interval=interval or known[0],
        vary=vary,
        rank=rank,
        created_at=clock.now(),
    )
    enqueue(study)
    return study


def enqueue(study: Study) -> None:
    task = "botplatform.bots.studies.tasks.run"
    async_task(task, str(study.pk), cluster="default", task_name=f"study {study.pk}"[:100], save=False)


def cancel(study: Study) -> bool:
    """Nothing more is done for it. False: it was over already."""
    with transaction.atomic():
        going_on = Study.objects.filter(pk=study.pk).exclude(state__in=Study.OVER)
        if not going_on.update(state=Study.State.CANCELLED, ended_at=clock.now()):
            return False
        Sweep.objects.filter(pk__in=Study.objects.filter(pk=study.pk).values("sweep")).update(ended=True)
    return True


def remove(study: Study) -> None:
    """The row and its report are gone."""
    cancel(study)
    study.report.unlink(missing_ok=True)
    study.delete()


def _swept(words: dict[str, Any], vary: list[str]) -> jobs.Job:
    if "markets" in words:
        raise _refused("market", "it has several markets.", _ONE_MARKET)
    job = jobs.of(words)
    axes = axes_of(str(words.get("kind")), vary)
    count = len(sets_of(axes))
    if count > MOST_SETS:
        raise _refused("vary", f"these are {count:,} sets.", f"Vary less: {MOST_SETS:,} at most here.")
    return job


def _market(market: Market) -> dict[str, str]:
    names = ("tick_size", "lot_size", "min_notional", "maker_fee", "taker_fee")
    return {"symbol": market.symbol, **{name: written(getattr(market, name)) for name in names}}


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
