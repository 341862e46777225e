"""The history of studies, one of them, several side by side, and what one can ask."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

from csp.decorators import csp_exempt
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from botplatform.bots.models import Bot
from botplatform.bots.studies import asking
from botplatform.bots.studies.models import Study
from botplatform.dashboard.backtests.forms import StudyForm
from botplatform.dashboard.backtests.missing import missing
from botplatform.dashboard.backtests.table import side_by_side
from botplatform.dashboard.lists import pages
from botplatform.dashboard.lists.filters import Filters
from botplatform.dashboard.lists.views import show
from botplatform.dashboard.people import person
from strategies.backtest.report.style import STYLE

MOST_COMPARED = 5
_STYLE = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# A document of its own: no script, nothing from anywhere, and only the style that it is known to have.
_POLICY = f"sandbox; default-src 'none'; style-src 'sha256-{_STYLE}'; frame-ancestors 'none'; base-uri 'none'"


@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    filters = Filters(request.GET)
    mine = Study.objects.filter(owner=person(request)).defer("curve", "found", "job")
    page = pages.of_rows(mine, filters.page, size=25)
    return show(request, "dashboard/backtests/list.html", filters, {"page": page})


@require_http_methods(["GET", "POST"])
def new_study(request: HttpRequest) -> HttpResponse:
    owner = person(request)
    asked = _id(request.GET.get("bot", ""))
    named = Bot.objects.filter(owner=owner, pk=asked).first() if asked else None
    initial = {"bot": named.name} if named else {}
    form = StudyForm(owner, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and (study := form.ask()):
        return redirect("study", study.pk)
    names = Bot.objects.filter(owner=owner).order_by("-created_at").values_list("name", flat=True)[:50]
    status = 422 if form.errors else 200
    shown = {"form": form, "names": names, "markets": missing(owner, form)}
    return render(request, "dashboard/backtests/new.html", shown, status=status)


@require_safe
def study(request: HttpRequest, study: UUID) -> HttpResponse:
    return render(request, "dashboard/backtests/study.html", {"study": _own(request, study)})


@require_safe
@never_cache
def study_state(request: HttpRequest, study: UUID) -> HttpResponse:
    """How far it is; the page asks while it is not over, and is loaded anew when it is."""
    row = _own(request, study)
    answer = render(request, "dashboard/backtests/state.html", {"study": row})
    if row.over:
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
@never_cache
def study_curve(request: HttpRequest, study: UUID) -> JsonResponse:
    return JsonResponse({"curves": [_curve(_own(request, study))]})


@require_safe
@csp_exempt()  # type: ignore[arg-type]  # its types know no arguments of views
def study_report(request: HttpRequest, study: UUID) -> HttpResponse:
    """The whole report, as the command writes it."""
    try:
        answer = HttpResponse(_own(request, study).report.read_bytes())
    except FileNotFoundError:
        raise Http404 from None
    answer["Content-Security-Policy"] = _POLICY
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def cancel_study(request: HttpRequest, study: UUID) -> HttpResponse:
    if not asking.cancel(_own(request, study)):
        messages.error(request, "It was over already.")
    return redirect("study", study)


@require_POST
def delete_study(request: HttpRequest, study: UUID) -> HttpResponse:
    row = _own(request, study)
    asking.remove(row)
    messages.success(request, f"“{row.title}” and its report are deleted.")
    return redirect("studies")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    found = _chosen(request)
    return render(request, "dashboard/backtests/compare.html", {"studies": found, "rows": side_by_side(found)})


@require_safe
@never_cache
def compare_curves(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"curves": [_curve(row, number) for number, row in enumerate(_chosen(request), 1)]})


def _own(request: HttpRequest, study: UUID) -> Study:
    return get_object_or_404(Study.objects.filter(owner=person(request)), pk=study)


def _chosen(request: HttpRequest) -> list[Study]:
    """Those that are named in the address, oldest first; what is not one's own or not done is not among them."""
    ids = [each for each in map(_id, request.GET.getlist("study")) if each][:MOST_COMPARED]
    mine = Study.objects.filter(owner=person(request), state=Study.State.DONE, pk__in=ids)
    return list(mine.order_by("created_at"))


def _curve(row: Study, number: int = 0) -> dict[str, object]:
    name = f"{number}" if number else row.title
    return {"name": name, "unit": "%", "points": [[at, share * 100] for at, share in row.curve]}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
