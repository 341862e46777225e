"""The portfolio."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from botplatform.dashboard.people import person
from botplatform.dashboard.portfolio.page import portfolio
from botplatform.lib import clock


@require_safe
@never_cache
def portfolio_page(request: HttpRequest) -> HttpResponse:
    found = portfolio(person(request).pk, request.GET.get("quote", ""))
    now = clock.now()
    ages = {account.row.pk: now - account.seen_at for account in found.accounts if account.seen_at is not None}
    accounts = [{"account": account, "age": ages.get(account.row.pk)} for account in found.accounts]
    return render(request, "dashboard/portfolio/page.html", {"portfolio": found, "accounts": accounts})
