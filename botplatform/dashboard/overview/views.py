"""The overview and its stream."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from botplatform.dashboard.live.prices import Prices
from botplatform.dashboard.live.streams import stream
from botplatform.dashboard.overview.page import OverviewPage, context
from botplatform.dashboard.people import aperson, person
from botplatform.exchanges.models import ExchangeAccount


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    owner = person(request)
    page = OverviewPage(owner.pk)
    accounts = ExchangeAccount.objects.filter(owner=owner)
    return render(request, "dashboard/overview/page.html", {**context(page.load(), Prices()), "accounts": accounts})


@require_safe
async def overview_stream(request: HttpRequest) -> StreamingHttpResponse:
    return stream(request, OverviewPage((await aperson(request)).pk))
