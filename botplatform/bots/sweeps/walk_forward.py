"""Walk-forward: choose on one piece of the past, judge on the next, which the choice has not seen.

piece 0   piece 1   piece 2   piece 3
choose -> judge
          choose -> judge
                    choose -> judge
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from botplatform.bots.backtests.opened import Piece
from botplatform.bots.sweeps.ranking import Rank, ranked
from botplatform.bots.sweeps.sets import Settings
from botplatform.bots.sweeps.wire import Unit
from botplatform.bots.sweeps.work import Figures, Row
from strategies.backtest.report.words import share
from strategies.settings import Problem, SettingsRefused

_LEAST_BARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The best set of one piece: what it made there, and what it made on the next one."""

    chosen_on: Piece
    judged_on: Piece
    settings: Settings
    seen: Figures
    unseen: Figures | None  # None: it cannot work at the price at which the next piece begins


def pieces_of(bars: int, steps: int) -> list[Piece]:
    """All bars in `steps` + 1 consecutive pieces of the same length, give or take a bar. Raises SettingsRefused."""
    count = steps + 1
    if steps < 1 or bars < count * _LEAST_BARS:
        raise SettingsRefused(
            (
                Problem(
                    "walk-forward",
                    f"{bars:,} candles cannot be cut for {steps} steps.",
                    f"Give from 1 to {max(1, bars // _LEAST_BARS - 1):,} steps, or more candles.",
                ),
            )
        )
    edges = [bars * n // count for n in range(count + 1)]
    return [Piece(first, last) for first, last in pairwise(edges)]


def walk(
    sets: Sequence[Settings], pieces: Sequence[Piece], rank: Rank, run: Callable[[Sequence[Unit]], Iterable[Row]]
) -> list[Step]:
    """One step for each piece but the last; pieces on which no set can work have none."""
    seen_pieces = pieces[:-1]
    rows = list(run([(settings, piece) for piece in seen_pieces for settings in sets]))
    winners: list[tuple[int, Row]] = []
    for n in range(len(seen_pieces)):
        best = ranked(rows[n * len(sets) : (n + 1) * len(sets)], rank)
        if best:
            winners.append((n, best[0]))
    judged = list(run([(winner.settings, pieces[n + 1]) for n, winner in winners]))
    return [
        Step(
            chosen_on=pieces[n],
            judged_on=pieces[n + 1],
            settings=winner.settings,
            seen=winner.figures,
            unseen=after.figures,
        )
        for (n, winner), after in zip(winners, judged, strict=True)
        if winner.figures is not None
    ]


def left_of(steps: Sequence[Step]) -> float | None:
    """The share of the seen profit that was left on unseen candles; None if there was no profit to be left of."""
    both = _both(steps)
    seen = sum(first for first, _ in both)
    return sum(second for _, second in both) / seen if seen > 0 else None


def sentence(steps: Sequence[Step]) -> str:
    """What the steps say, plainly."""
    both = _both(steps)
    if not both:
        return "No step of the walk could be judged, so nothing is known of unseen candles."
    seen = sum(first for first, _ in both) / len(both)
    unseen = sum(second for _, second in both) / len(both)
    left = left_of(steps)
    made = f"The winners made {share(seen, sign=True)} a piece on candles that they were chosen on"
    after = f"and {share(unseen, sign=True)} on the next, unseen ones"
    good = sum(second > 0 for _, second in both)
    ended = f"{good} of {len(both)} unseen pieces ended with a profit."
    if left is None:
        return f"{made}, {after}: there was no profit to be left of. {ended}"
    kept = "nothing" if left <= 0 else share(left, places=0)
    return f"{made}, {after}: {kept} of the profit was left. {ended}"


def _both(steps: Sequence[Step]) -> list[tuple[float, float]]:
    return [(step.seen.profit_share, step.unseen.profit_share) for step in steps if step.unseen is not None]
