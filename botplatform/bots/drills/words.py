"""A drill's outcome as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from botplatform.lib.money import written
from strategies.backtest.drill import SCENARIOS, Outcome, Starved

_HEAD = ("scenario", "starves first", "missing", "cash needed", "equity low", "at the end", "stopped", "stuck")
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000  # milliseconds
_CENT = Decimal("0.01")


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One line a scenario, in columns; money in quote."""
    rows = [_HEAD, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def details(outcome: Outcome) -> Iterator[str]:
    """What happened in one scenario: who starved, and what became of each deal."""
    yield f"{outcome.scenario}: {SCENARIOS[outcome.scenario].title}"
    for each in outcome.starved:
        yield (
            f"  {after(each.at)}: {each.deal} could not place {each.order} at {written(each.price)}:"
            f" {_money(each.missing)} of {_money(each.cost)} were missing"
        )
    for deal in outcome.deals:
        what = deal.ending or ("stuck" if deal.stuck else "still open")
        yield (
            f"  {deal.deal}: {what}, {len(deal.fills)} fills, profit {_money(deal.profit)}"
            f" (low {_money(deal.low)}), holds {written(deal.held)}"
        )


def document(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The outcomes as JSON values: money as decimal strings, times in milliseconds from the scenario's beginning."""
    return [
        {
            "scenario": outcome.scenario,
            "title": SCENARIOS[outcome.scenario].title,
            "balance": written(outcome.balance),
            "equity": written(outcome.equity),
            "lowest_equity": written(outcome.lowest_equity),
            "lowest_share": f"{outcome.lowest_share:.6f}",
            "lowest_at": outcome.lowest_at,
            "final_equity": written(outcome.final_equity),
            "final_balance": written(outcome.final_balance),
            "cash_needed": written(outcome.cash_needed),
            "starved": [_starved(each) for each in outcome.starved],
            "stopped": list(outcome.stopped),
            "stuck": list(outcome.stuck),
            "deals": [
                {
                    "deal": deal.deal,
                    "market": deal.market,
                    "ending": deal.ending,
                    "held": written(deal.held),
                    "profit": f"{deal.profit:.8f}",
                    "low": f"{deal.low:.8f}",
                    "fills": len(deal.fills),
                }
                for deal in outcome.deals
            ],
        }
        for outcome in outcomes
    ]


def after(milliseconds: int) -> str:
    """A time since the beginning, as one says it."""
    if milliseconds >= _DAY:
        return f"after {milliseconds // _DAY} d {milliseconds % _DAY // _HOUR} h"
    if milliseconds >= _HOUR:
        return f"after {milliseconds // _HOUR} h {milliseconds % _HOUR // _MINUTE} min"
    return f"after {milliseconds // _MINUTE} min" if milliseconds else "at once"


def _row(outcome: Outcome) -> tuple[str, ...]:
    first = next(iter(outcome.starved), None)
    return (
        outcome.scenario,
        "nobody" if first is None else f"{first.deal}, {first.order} at {written(first.price)}, {after(first.at)}",
        "" if first is None else _money(first.missing),
        _money(outcome.cash_needed),
        f"{_money(outcome.lowest_equity)} ({outcome.lowest_share:.0%})",
        _money(outcome.final_equity),
        str(len(outcome.stopped)),
        str(len(outcome.stuck)),
    )


def _starved(each: Starved) -> dict[str, Any]:
    return {
        "deal": each.deal,
        "order": each.order,
        "at": each.at,
        "price": written(each.price),
        "cost": written(each.cost),
        "missing": written(each.missing),
    }


def _money(value: Decimal) -> str:
    return f"{value.quantize(_CENT):,}"
