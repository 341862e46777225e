"""The list of orders, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from botplatform.bots.models import Order
from botplatform.dashboard.lists import pages
from botplatform.dashboard.lists.export import CHUNK, csv_answer
from botplatform.dashboard.lists.views import show
from botplatform.dashboard.orders.filters import OrderFilters
from botplatform.dashboard.people import person

_HEAD = (
    *("bot", "market", "deal", "order", "generation", "side", "at market", "amount", "price", "filled", "state"),
    *("reason", "client order id", "placed (UTC)", "changed (UTC)"),
)


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    filters = OrderFilters(person(request), request.GET)
    page = pages.of_rows(filters.rows(), filters.page)
    return show(request, "dashboard/orders/page.html", filters, {"page": page})


@require_safe
def orders_file(request: HttpRequest) -> StreamingHttpResponse:
    rows = OrderFilters(person(request), request.GET).rows()
    return csv_answer(request, "orders", _HEAD, _cells(rows.iterator(CHUNK)))


def _cells(orders: Iterator[Order]) -> Iterator[tuple[Any, ...]]:
    for order in orders:
        market = order.market.symbol
        yield (
            *(order.bot.name, market, order.deal.number, order.name, order.generation, order.side),
            *("yes" if order.at_market else "no", order.amount, order.price, order.filled, order.get_state_display()),
            *(order.reason, order.client_order_id, order.created_at, order.updated_at),
        )
