"""The list of deals, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from botplatform.bots.models import Deal
from botplatform.bots.sums.keeping import open_profit
from botplatform.dashboard.deals.filters import DealFilters
from botplatform.dashboard.lists import pages
from botplatform.dashboard.lists.export import CHUNK, csv_answer
from botplatform.dashboard.lists.filters import kind_name
from botplatform.dashboard.lists.views import show
from botplatform.dashboard.people import person

_HEAD = (
    *("bot", "kind", "market", "deal", "opened (UTC)", "closed (UTC)", "ending"),
    *("price at opening", "held", "realised", "quote"),
)


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    filters = DealFilters(person(request), request.GET)
    page = pages.of_rows(filters.rows(), filters.page)
    return show(
        request, "dashboard/deals/page.html", filters, {"page": page, "rows": [_row(deal) for deal in page.rows]}
    )


@require_safe
def deals_file(request: HttpRequest) -> StreamingHttpResponse:
    rows = DealFilters(person(request), request.GET).rows()
    return csv_answer(request, "deals", _HEAD, _cells(rows.iterator(CHUNK)))


def _row(deal: Deal) -> dict[str, Any]:
    price = deal.market.last_price
    going_on = deal.closed_at is None and price is not None
    gain = open_profit(deal.held, deal.paid, price, deal.market.taker_fee) if going_on and price is not None else None
    return {
        "deal": deal,
        "open_profit": gain,
        "worth": None if gain is None else deal.realised + gain,
        "lasted": None if deal.closed_at is None else deal.closed_at - deal.opened_at,
    }


def _cells(deals: Iterator[Deal]) -> Iterator[tuple[Any, ...]]:
    for deal in deals:
        rules = deal.market.rules
        yield (
            *(deal.bot.name, kind_name(deal.kind), rules.symbol, deal.number, deal.opened_at, deal.closed_at),
            *(_ending(deal), deal.price, deal.held, deal.realised, rules.quote),
        )


def _ending(deal: Deal) -> str:
    return "" if deal.closed_at is None else deal.ending or "take profit"
