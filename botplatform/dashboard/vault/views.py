"""The vault's tables of the one who is signed in. The web can show them and change nothing in them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from botplatform.dashboard.people import person
from botplatform.dashboard.sentences import VAULT_ERRORS, sentence
from botplatform.dashboard.vault import grants, kills
from botplatform.dashboard.vault.record import record, whole
from botplatform.dashboard.vault.running import running
from botplatform.exchanges.accounts import learn
from botplatform.exchanges.vault import Code, web
from vault.messages.refusals import SENTENCES

_ORDERS = 25  # that are shown


@require_safe
@never_cache
def vault(request: HttpRequest) -> HttpResponse:
    try:
        tables = web().overview(person(request).pk)
    except VAULT_ERRORS as error:
        return render(request, "dashboard/vault/page.html", {"away": sentence(error)}, status=503)
    learn(person(request), tables.credentials)
    connected = [row for row in tables.credentials if row["state"] == "ready"]
    refused = [_refusal(row) for row in tables.refused]
    return render(
        request,
        "dashboard/vault/page.html",
        {
            "credentials": connected,
            "grants": grants.shown(tables.grants, tables.leases),
            "orders": tables.orders[:_ORDERS],
            "record": record(tables.audit, credentials=tables.credentials, grants=tables.grants, orders=tables.orders),
            "mode": tables.mode,
            "whole": whole(tables.record),
            "running": running(tables.leases, tables.tokens, tables.grants),
            "refused": refused,
            "troubles": tables.troubles,
            "kills": kills.shown(tables.kills),
        },
    )


def _refusal(entry: dict[str, Any]) -> dict[str, str]:
    """A refused order in words."""
    intent, code = entry["body"]["intent"], entry["body"]["code"]
    return {
        "at": entry["at"][:19].replace("T", " "),
        "asked": f"{intent['name']}: {intent['side']} {intent['amount']} at {intent['price']} on {intent['market']}",
        "why": f"{SENTENCES[Code(code)]} {entry['body']['detail']}".strip(),
    }
