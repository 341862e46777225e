"""What the cluster does for a study. Tasks carry ids alone, and everything may be done twice with the same outcome.

A backtest is one task. A sweep is a task that cuts it into chunks, a task for each chunk, and whoever does the last
chunk puts the rows together.
"""

from __future__ import annotations

import math
import os

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django_q.tasks import async_task

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.opened import opened
from botplatform.bots.backtests.tested import tested
from botplatform.bots.studies import outcome
from botplatform.bots.studies.models import SILENT, Study
from botplatform.bots.sweeps.axes import axes_of
from botplatform.bots.sweeps.feeding import chunk_size
from botplatform.bots.sweeps.models import Sweep, SweepChunk
from botplatform.bots.sweeps.outcome import Outcome
from botplatform.bots.sweeps.ranking import Rank
from botplatform.bots.sweeps.sets import sets_of
from botplatform.bots.sweeps.tasks import run_chunk
from botplatform.bots.sweeps.wire import row_of, unit_words
from botplatform.lib import clock
from botplatform.markets.archive import CandlesRefused, archive
from strategies.backtest.engine import NeverRests
from strategies.backtest.report import to_html
from strategies.settings import SettingsRefused

_TOP = 20
_PARTS = 8  # a sweep is cut into at least so many, so that its progress can be seen


def run(study: str) -> None:
    """Begin with a study, unless somebody works on it or it is over.

    A task whose worker was ended is handed out once more: what that one had begun is begun again.
    """
    now = clock.now()
    left = Q(state=Study.State.WAITING) | Q(state=Study.State.RUNNING, beat_at__lt=now - SILENT)
    if not Study.objects.filter(left, pk=study).update(state=Study.State.RUNNING, beat_at=now):
        return
    row = Study.objects.get(pk=study)
    try:
        if row.what == Study.What.SWEEP:
            _cut(row)
        else:
            _test(row)
    except DatabaseError:
        raise
    except (SettingsRefused, CandlesRefused, NeverRests) as why:
        _fail(study, " ".join(map(str, why.problems)) if isinstance(why, SettingsRefused) else str(why))
    except Exception as why:
        # Whoever waits is told; what a task raises is kept nowhere.
        _fail(study, f"It stumbled ({type(why).__name__}). The operator's log says why.")
        raise


def run_part(study: str, chunk: str) -> None:
    """Work off one chunk of a sweep; the last one also puts everything together."""
    run_chunk(chunk)
    row = Study.objects.filter(pk=study, state=Study.State.RUNNING).first()
    if row is None or row.sweep is None:
        return
    chunks = list(row.sweep.chunks.values_list("done", "problem"))
    done = sum(done for done, _ in chunks)
    if problem := next((problem for _, problem in chunks if problem), ""):
        _fail(study, problem)
        return
    Study.objects.filter(pk=study, state=Study.State.RUNNING).update(share=done / len(chunks), beat_at=clock.now())
    if done == len(chunks):
        _put_together(row, row.sweep)


def _test(row: Study) -> None:
    job = jobs.of_any(row.job)
    report = tested(job, _paths(row, [market.symbol for market in job.markets])).report(job)
    _keep(row, to_html(report))
    _finish(row, figures=outcome.figures(report), curve=outcome.curve(report))


def _cut(row: Study) -> None:
    job = jobs.of(row.job)
    (path,) = _paths(row, [job.market.symbol])
    candles, _ = opened(path)
    units = [unit_words((each, None)) for each in sets_of(axes_of(job.kind, row.vary))]
    size = chunk_size(len(units), len(candles), -(-_PARTS // 4))
    with transaction.atomic():
        if row.sweep is not None:  # of whoever did not come to its end
            row.sweep.delete()
        sweep = Sweep.objects.create(job=row.job, candles=path, created_at=clock.now())
        chunks = SweepChunk.objects.bulk_create(
            SweepChunk(sweep=sweep, number=number, units=units[first : first + size])
            for number, first in enumerate(range(0, len(units), size))
        )
        Study.objects.filter(pk=row.pk).update(sweep=sweep)
    for chunk in chunks:
        name = f"study, chunk {chunk.number}"
        where = {"cluster": "default", "task_name": name, "save": False}
        async_task("botplatform.bots.studies.tasks.run_part", str(row.pk), str(chunk.pk), **where)


def _put_together(row: Study, sweep: Sweep) -> None:
    job = jobs.of(row.job)
    axes = axes_of(job.kind, row.vary)
    rows = [row_of(words) for chunk in sweep.chunks.order_by("number") for words in chunk.rows or ()]
    whole = Outcome(
        title=row.title,
        quote=job.market.quote,
        axes=axes,
        grid=math.prod(len(axis.values) for axis in axes),
        rank=Rank(row.rank),
        candles=opened(sweep.candles)[0],
        rows=rows,
    )
    _finish(row, found=outcome.of_sweep(whole, _TOP), figures=outcome.best(whole))
    sweep.delete()


def _paths(row: Study, symbols: list[str]) -> list[str]:
    return [str(archive.folder(row.exchange, symbol, row.interval).path) for symbol in symbols]


def _finish(row: Study, **values: object) -> None:
    """Not if it was cancelled meanwhile."""
    over = {"state": Study.State.DONE, "share": 1.0, "ended_at": clock.now(), **values}
    if not Study.objects.filter(pk=row.pk, state=Study.State.RUNNING).update(**over):
        row.report.unlink(missing_ok=True)


def _fail(study: str, problem: str) -> None:
    failed = {"state": Study.State.FAILED, "problem": problem[:1000], "ended_at": clock.now()}
    Study.objects.filter(pk=study, state=Study.State.RUNNING).update(**failed)


def _keep(row: Study, page: str) -> None:
    """The report in a file of its own, in place at once and for this user alone."""
    folder = settings.PLATFORM_DIR / "reports"
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f"{row.pk}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(page)
    draft.replace(row.report)
