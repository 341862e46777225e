"""The kill switch in the web. Anybody may stop what is their own; lifting takes the password again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from botplatform.bots.actions import note
from botplatform.bots.models import Bot
from botplatform.dashboard.people import person
from botplatform.dashboard.sentences import VAULT_ERRORS, sentence
from botplatform.exchanges.vault import StopLevel, web
from botplatform.lib import clock

_LEFT = {
    StopLevel.OPENING: "Nothing is opened; exits, cancels and look-ups go on.",
    StopLevel.EVERYTHING: "Only look-ups and cancels go on.",
}


@require_safe
@never_cache
def of_bot(request: HttpRequest, bot: UUID) -> HttpResponse:
    """What is in force for one bot: fetched by its page, which does not wait for the vault."""
    own = _own(request, bot)
    scopes = {"everything", f"user:{own.owner_id}", f"account:{own.account_id}", f"bot:{own.grant}"}
    try:
        rows = [row for row in web().overview(own.owner_id, 1).kills if row["scope"] in scopes]
    except VAULT_ERRORS:
        rows = []
    return render(request, "dashboard/vault/parts/kills.html", {"kills": shown(rows, liftable=f"bot:{own.grant}")})


@require_POST
def stop_bot(request: HttpRequest, bot: UUID) -> HttpResponse:
    own = _own(request, bot)
    if stop(request, own.owner_id, f"bot:{own.grant}"):
        note(own, "Kill switch: you stopped this bot in the vault.")
    return redirect("bot", own.pk)


@require_POST
def lift_bot(request: HttpRequest, bot: UUID) -> HttpResponse:
    own = _own(request, bot)
    if lift(request, own.owner_id, f"bot:{own.grant}"):
        note(own, "Kill switch: you lifted it.")
    return redirect("bot", own.pk)


@require_POST
def stop_user(request: HttpRequest) -> HttpResponse:
    """All that the one who is signed in has."""
    owner = person(request).pk
    stop(request, owner, f"user:{owner}")
    return redirect("vault")


@require_POST
def lift_user(request: HttpRequest) -> HttpResponse:
    owner = person(request).pk
    lift(request, owner, f"user:{owner}")
    return redirect("vault")


def stop(request: HttpRequest, owner: UUID | None, scope: str) -> bool:
    """Put the kill in force and say so; `owner` None: an operator asks. Whether it is in force."""
    # Whatever else the form says: it was the kill switch that was pressed.
    level = StopLevel.OPENING if request.POST.get("level") == StopLevel.OPENING else StopLevel.EVERYTHING
    try:
        answer = web().kill(owner, scope, level)
    except VAULT_ERRORS as error:
        messages.error(request, f"It is NOT stopped. {sentence(error)}")
        return False
    resting = f" {answer.resting} orders rest at the exchange and may still trade." if answer.resting else ""
    messages.success(request, f"Stopped in the vault. {_LEFT[StopLevel(answer.level)]}{resting}")
    return True


def lift(request: HttpRequest, owner: UUID | None, scope: str) -> bool:
    """Lift it for somebody who has typed the right password, and say so. Whether nothing of it is left."""
    who = person(request)
    again = authenticate(request, username=who.get_username(), password=request.POST.get("password", ""))
    if again is None or again.pk != who.pk:
        messages.error(request, "That is not your password. Nothing was lifted.")
        return False
    try:
        answer = web().lift_kill(owner, scope, int(clock.now().timestamp()))
    except VAULT_ERRORS as error:
        messages.error(request, sentence(error))
        return False
    if answer.level:
        messages.error(request, "Somebody with more rights has stopped it as well: that stays in force.")
        return False
    messages.success(request, "The kill switch is lifted.")
    return True


def shown(rows: list[dict[str, Any]], liftable: str = "") -> list[dict[str, Any]]:
    """The kills of an overview in words. `liftable`: the scope that the page can lift; empty: the user's own."""
    return [
        {
            "what": row["scope"].partition(":")[0].replace("everything", "everybody"),
            "left": _LEFT[StopLevel(row["level"])],
            "since": row["put_at"][:19].replace("T", " "),
            "by": row["by"].partition(":")[0],
            "liftable": row["by"].startswith("owner:") and (row["scope"] == liftable or _whole(row, liftable)),
        }
        for row in rows
    ]


def _whole(row: dict[str, Any], liftable: str) -> bool:
    return not liftable and str(row["scope"]).startswith("user:")


def _own(request: HttpRequest, bot: UUID) -> Bot:
    return get_object_or_404(Bot.objects.filter(owner=person(request)), pk=bot)
