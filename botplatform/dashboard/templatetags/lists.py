"""`{% load lists %}`: heads that sort, and addresses of the same list otherwise."""

from __future__ import annotations

from typing import Any

from django import template

from botplatform.dashboard import figures
from botplatform.dashboard.lists.filters import Filters, kind_name

register = template.Library()
register.filter("kind_name", kind_name)
register.filter("lasting", figures.lasting)


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
