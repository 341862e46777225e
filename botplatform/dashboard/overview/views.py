"""The overview, its stream and its curve."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from botplatform.dashboard.lists.views import show
from botplatform.dashboard.live.prices import Prices
from botplatform.dashboard.live.streams import stream
from botplatform.dashboard.overview.curve import curves
from botplatform.dashboard.overview.filters import BotFilters
from botplatform.dashboard.overview.listing import Query
from botplatform.dashboard.overview.page import OverviewPage, context
from botplatform.dashboard.people import aperson, person
from botplatform.exchanges.models import ExchangeAccount


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    owner = person(request)
    filters = BotFilters(owner, request.GET)
    page = OverviewPage(owner.pk, _query(filters))
    accounts = ExchangeAccount.objects.filter(owner=owner)
    shown = context(page, page.load(), Prices())
    return show(request, "dashboard/overview/page.html", filters, {**shown, "accounts": accounts})


@require_safe
@never_cache
def overview_curve(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"curves": curves(person(request).pk)})


@require_safe
async def overview_stream(request: HttpRequest) -> StreamingHttpResponse:
    owner = await aperson(request)
    filters = await sync_to_async(BotFilters)(owner, request.GET)
    return stream(request, OverviewPage(owner.pk, _query(filters)))


def _query(filters: BotFilters) -> Query:
    """What was asked for; a value that cannot be filters nothing."""
    filters.is_valid()
    said = filters.cleaned_data
    return Query(
        name=said.get("q", ""),
        state=said.get("state", ""),
        kind=said.get("kind", ""),
        market=int(said["market"]) if said.get("market") else None,
        sort=filters.sort,
        page=filters.page,
    )
