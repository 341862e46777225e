"""Which set is best."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from botplatform.bots.sweeps.work import Figures, Row

Score = tuple[int, float]


class Rank(StrEnum):
    """By what sets are compared."""

    PROFIT = "profit"
    PROFIT_PER_DRAWDOWN = "profit_per_drawdown"
    SHARPE = "sharpe"


def ranked(rows: Iterable[Row], rank: Rank) -> list[Row]:
    """The rows that have figures, best first; equals stay in the order in which they came."""
    scored = [(score(row.figures, rank), row) for row in rows if row.figures is not None]
    return [row for _, row in sorted(scored, key=lambda pair: pair[0], reverse=True)]


def score(figures: Figures, rank: Rank) -> Score:
    """Greater is better. The first number keeps apart what cannot be compared by the second."""
    profit = fair_profit(figures)
    if rank is Rank.SHARPE:
        return (0, profit) if figures.sharpe is None else (1, figures.sharpe)
    if rank is Rank.PROFIT_PER_DRAWDOWN and profit > 0:
        return (1, profit / figures.drawdown if figures.drawdown > 0 else math.inf)
    # A loss divided by its drawdown would put the deepest fall first.
    return (0, profit)


def value(figures: Figures, rank: Rank) -> float | None:
    """The figure by which a set is compared, as it is shown."""
    if rank is Rank.SHARPE:
        return figures.sharpe
    profit = fair_profit(figures)
    if rank is Rank.PROFIT:
        return profit
    return profit / figures.drawdown if figures.drawdown > 0 else None


def short(figures: Figures) -> bool:
    """Whether the fills needed more money than the capital."""
    return figures.needed > figures.capital


def fair_profit(figures: Figures) -> float:
    """Profit as a share of the money that the fills needed: orders too large for the capital must not win by that."""
    return float(figures.profit / max(figures.capital, figures.needed))
