"""Answering with a list, as a whole page or as what htmx replaces in one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from botplatform.dashboard.lists.filters import Filters


def show(request: HttpRequest, template: str, filters: Filters, context: dict[str, Any]) -> HttpResponse:
    """The page; when htmx asked for it the address in the browser says what is shown."""
    answer = render(request, template, {**context, "filters": filters})
    if request.headers.get("HX-Request"):
        query = filters.address()
        answer["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    answer["Vary"] = "HX-Request"
    answer["Cache-Control"] = "no-store"
    return answer
