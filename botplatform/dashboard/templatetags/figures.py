"""`{% load figures %}`: numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django import template

from botplatform.dashboard import figures
from botplatform.markets.models import Market

register = template.Library()

register.filter("money", figures.money)
register.filter("gain", figures.gain)
register.filter("percent", figures.percent)


@register.filter
def price(value: Decimal | None, market: Market) -> str:
    return figures.price(value, market.tick_size)


@register.filter
def amount(value: Decimal | None, market: Market) -> str:
    return figures.amount(value, market.lot_size)


@register.filter
def tone(value: Decimal | None) -> str:
    """The class of a gain or a loss."""
    if not value:
        return ""
    return "bp-gain" if value > 0 else "bp-loss"


@register.filter
def share(fraction: Decimal | None) -> str:
    """A fraction of one, in percent, without a sign."""
    return figures.percent(fraction).removeprefix("+")


@register.filter
def percent_of(text: str) -> str:
    """A fraction that is kept as text, in percent."""
    return share(Decimal(text))


@register.filter
def risk(typed: Mapping[str, str]) -> str:
    """What was typed as the risk of a trade; templates cannot look up a name that begins with an underscore."""
    return typed.get("_risk", "")
