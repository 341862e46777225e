"""`{% load studies %}`: figures of backtests as people read them."""

from __future__ import annotations

from django import template

from botplatform.bots.studies.models import Study
from botplatform.dashboard.backtests.table import figures
from strategies.backtest.report import words

register = template.Library()


@register.filter
def signed_share(value: float | None) -> str:
    return words.share(value, sign=True) if isinstance(value, float | int) else ""


@register.filter
def plain_share(value: float | None) -> str:
    return words.share(value) if isinstance(value, float | int) else ""


@register.filter
def study_figures(study: Study) -> list[tuple[str, str]]:
    return figures(study)


@register.filter
def worded(name: str) -> str:
    return name.replace("_", " ")
