"""`manage.py sweep JOB.json --candles FILE --vary take_profit=0.005:0.03:0.005`: the live bot with many settings."""

from __future__ import annotations

import json
import logging
import math
import sys
from argparse import ArgumentParser
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from botplatform.bots.backtests.interrupts import terminated_as_interrupted
from botplatform.bots.backtests.opened import opened
from botplatform.bots.backtests.progress import told
from botplatform.bots.sweeps import feeding
from botplatform.bots.sweeps.axes import axes_of
from botplatform.bots.sweeps.clusters import Cluster, ClusterLost, cluster_for
from botplatform.bots.sweeps.heat import heat_of, to_lines
from botplatform.bots.sweeps.outcome import Outcome, document
from botplatform.bots.sweeps.page import to_html
from botplatform.bots.sweeps.ranking import Rank
from botplatform.bots.sweeps.sets import sets_of
from botplatform.bots.sweeps.table import aligned, best_table, walk_table
from botplatform.bots.sweeps.walk_forward import pieces_of, sentence, walk
from botplatform.bots.sweeps.wire import Unit
from botplatform.bots.sweeps.words import job_words
from botplatform.bots.sweeps.work import Row, run_set
from botplatform.lib import clock
from botplatform.markets.archive import CandlesRefused
from strategies.settings import SettingsRefused

_INTERRUPTED = 130
_FEW = 10_000_000  # candles to look at, all sets together: done before a cluster has started


class Command(BaseCommand):
    help = "Tests a bot with many settings over candles: which were best, and what was left of that on unseen candles."
    # They would read every page of the dashboard, which takes longer than many a sweep.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", type=Path, metavar="JOB.json", help="JSON as for backtest")
        parser.add_argument("--candles", required=True, help="an archive folder, .npz, CSV or zip of a Binance dump")
        parser.add_argument(
            "--vary",
            action="append",
            required=True,
            metavar="FIELD=VALUES",
            help="from:to:step or values with commas; once for each setting",
        )
        parser.add_argument("--random", type=int, metavar="N", help="draw N sets instead of trying all")
        parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same sets")
        parser.add_argument("--walk-forward", type=int, metavar="N", help="also choose on N pieces, judge on the next")
        parser.add_argument("--rank", choices=[rank.value for rank in Rank], default=Rank.PROFIT.value)
        parser.add_argument("--top", type=int, default=20, help="how many of the best to show")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
        parser.add_argument("--html", type=Path, help="also write the outcome as a page")
        parser.add_argument(
            "--processes",
            type=int,
            metavar="N",
            help="work in a cluster of its own with N workers; 1: here (default: the cluster `default` where it runs, "
            "else a worker for each core)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        began = clock.monotonic()
        try:
            with terminated_as_interrupted():
                outcome = _swept(options)
        except SettingsRefused as why:
            raise CommandError("\n".join(str(problem) for problem in why.problems)) from None
        except CandlesRefused as why:
            raise CommandError(str(why)) from None
        except (ClusterLost, feeding.ChunkFailed) as why:
            raise CommandError(f"sweep: {why}") from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; every process has ended.", returncode=_INTERRUPTED) from None
        seconds = clock.monotonic() - began
        if options["html"]:
            try:
                options["html"].write_text(to_html(outcome, options["top"]), encoding="utf-8")
            except OSError as why:
                raise CommandError(
                    f"html: {options['html']} cannot be written ({why.strerror}). Name another."
                ) from None
        if options["json"]:
            json.dump({**document(outcome, options["top"]), "seconds": seconds}, sys.stdout)
            sys.stdout.write("\n")
        else:
            sys.stdout.write("\n".join(_lines(outcome, options["top"])) + "\n")
        if not outcome.best:
            raise CommandError(f"vary: none of the {len(outcome.rows):,} sets can work. Correct what is told of them.")


def _swept(options: dict[str, Any]) -> Outcome:
    for name in ("top", "processes"):
        if options[name] is not None and options[name] < 1:
            raise CommandError(f"{name}: {options[name]} cannot be. Give at least 1.")
    words = job_words(options["job"])
    axes = axes_of(str(words.get("kind")), options["vary"])
    sets = sets_of(axes, options["random"], options["seed"])
    path = str(Path(options["candles"]).absolute())
    candles, _ = opened(path)
    if not len(candles):
        raise CommandError(f"candles: {path} holds none. Name a file with at least one.")
    rank, steps, asked = Rank(options["rank"]), None, options["walk_forward"]
    pieces = None if asked is None else pieces_of(len(candles), asked)
    with _hands(options["processes"], len(candles) * len(sets)) as cluster:

        def run(units: Sequence[Unit], what: str = "walk ") -> Iterable[Row]:
            return told(_rows(words, path, units, cluster), len(units), what, sys.stderr)

        rows = list(run([(settings, None) for settings in sets], "sweep"))
        if pieces is not None:
            steps = walk(sets, pieces, rank, run)
    symbol = str(words["market"]["symbol"])
    return Outcome(
        title=f"Sweep of {words['kind']} on {symbol}",
        quote=symbol.partition("/")[2],
        axes=axes,
        grid=math.prod(len(axis.values) for axis in axes),
        rank=rank,
        candles=candles,
        rows=rows,
        steps=steps,
        steps_asked=asked or 0,
    )


@contextmanager
def _hands(processes: int | None, bars: int) -> Iterator[Cluster | None]:
    """Who does the work: a cluster, or nobody but this process where that is quicker or wished."""
    if processes == 1 or (processes is None and bars <= _FEW):
        yield None
        return
    logging.getLogger("django-q").setLevel(logging.WARNING)  # it tells of each task that is asked for
    if "bots_sweepchunk" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    cluster = cluster_for(processes)
    try:
        yield cluster
    finally:
        cluster.close()


def _rows(
    words: dict[str, Any], path: str, units: Sequence[Unit], cluster: Cluster | None
) -> Generator[Row, None, None]:
    if cluster is None:
        return (run_set(words, path, settings, piece) for settings, piece in units)
    piece = units[0][1] if units else None
    bars = len(opened(path, piece)[0])
    return feeding.rows(words, path, units, bars, cluster)


def _lines(outcome: Outcome, top: int) -> list[str]:
    lines = [outcome.title, ""]
    if outcome.best:
        lines += [*aligned(best_table(outcome, top)), ""]
    if (heat := heat_of(outcome)) is not None and outcome.best:
        lines += [f"{outcome.rank.value}:", *to_lines(heat), ""]
    if outcome.steps is not None:
        lines += [*aligned(walk_table(outcome)), sentence(outcome.steps), ""]
    return [*lines, *(f"note: {said}" for said in outcome.remarks)]
