"""`{% load lists %}`: heads that sort, and addresses of the same list otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from botplatform.dashboard import figures
from botplatform.dashboard.lists.filters import Filters, kind_name

_DIGITS = 7
register = template.Library()
register.filter("kind_name", kind_name)
register.filter("lasting", figures.lasting)


@register.filter
def quantity(value: Decimal | None) -> str:
    """An amount of an asset in about seven digits, without zeros behind."""
    if value is None:
        return figures.UNKNOWN
    places = min(8, max(2, _DIGITS - 1 - value.adjusted()))
    text = f"{abs(value):,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{figures.MINUS}{text}" if value < 0 and text != "0" else text


@register.filter
def quantity_if_any(value: Decimal | None) -> str:
    """The same, and nothing for zero."""
    return quantity(value) if value else ""


@register.filter
def unlocalized(value: Decimal) -> str:
    """For an attribute that takes a number."""
    return f"{value:.2f}"


@register.simple_tag
def address(filters: Filters, **other: Any) -> str:
    """The query of the same list with something other."""
    return filters.address(**other)


@register.inclusion_tag("dashboard/lists/head.html")
def sortable(filters: Filters, column: str, label: str, classes: str = "") -> dict[str, Any]:
    """The head of a column that the list can be sorted by: first downwards, then upwards."""
    now = filters.sort
    order = {column: "ascending", f"-{column}": "descending"}.get(now, "none")
    other = column if now == f"-{column}" else f"-{column}"
    return {"query": filters.address(sort=other, page=1), "label": label, "order": order, "classes": classes}
