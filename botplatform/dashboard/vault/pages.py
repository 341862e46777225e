"""On to the vault's own pages, an origin of its own: what is typed and signed there never passes through the web."""

from __future__ import annotations

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from botplatform.dashboard.people import person
from botplatform.dashboard.sentences import VAULT_ERRORS, sentence
from botplatform.exchanges.vault import web


@require_POST
@never_cache
@csp_update({"form-action": [settings.VAULT_PAGES]})
def open_pages(request: HttpRequest) -> HttpResponse:
    """A form with a ticket, which sends itself: a ticket in an address would stay in histories and logs."""
    try:
        ticket = web().open_ticket(person(request).pk)
    except VAULT_ERRORS as error:
        messages.error(request, sentence(error))
        return redirect("vault")
    answer = render(request, "dashboard/vault/on.html", {"pages": settings.VAULT_PAGES, "ticket": ticket.ticket})
    # The pages let in who comes from the web alone, and by the usual policy browsers would not say from where.
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer
