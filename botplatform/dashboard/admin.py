"""The operator's site as a whole: its name, what is not in it, and the vault's tables."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_q import models as queue

from botplatform.dashboard.sentences import VAULT_ERRORS, sentence
from botplatform.dashboard.vault import kills
from botplatform.exchanges.vault import web

admin.site.site_header = "Botplatform"
admin.site.site_title = "Botplatform"
admin.site.index_title = "Operation"

# What lies in the queue's tables is pickled: whoever looks at a row there runs what somebody wrote into it.
for model in (queue.Schedule, queue.Success, queue.Failure, queue.OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

TABLES = {
    "Kills": "kills",
    "Credentials": "credentials",
    "Grants": "grants",
    "Leases": "leases",
    "Orders": "orders",
    "Audit": "audit",
}


@never_cache
def vault_tables(request: HttpRequest) -> HttpResponse:
    """What the vault holds of everybody: newest first, read-only."""
    context = {**admin.site.each_context(request), "title": "Vault"}
    try:
        tables = web().overview(None)
    except VAULT_ERRORS as error:
        return render(request, "admin/vault.html", {**context, "away": sentence(error)}, status=503)
    shown = {title: getattr(tables, name) for title, name in TABLES.items()}
    return render(request, "admin/vault.html", {**context, "tables": shown, "troubles": tables.troubles})


@require_POST
def put_kill(request: HttpRequest) -> HttpResponse:
    """The operator stops everything, a user, an account or a bot."""
    kills.stop(request, None, request.POST.get("scope", ""))
    return redirect("admin-vault")


@require_POST
def lift_kill(request: HttpRequest) -> HttpResponse:
    """What an operator or an owner has stopped, by an operator who types the password again."""
    kills.lift(request, None, request.POST.get("scope", ""))
    return redirect("admin-vault")
