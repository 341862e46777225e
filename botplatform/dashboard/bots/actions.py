"""What one can ask of a bot. Each comes from a dialog that says what will happen, and goes back to the bot's page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from botplatform.bots import actions, deal_actions
from botplatform.bots.models import Bot, BotEvent, Deal
from botplatform.dashboard.people import person
from botplatform.dashboard.sentences import ACTION_ERRORS
from botplatform.dashboard.telling import refused
from strategies.settings import Problem, SettingsRefused


@require_POST
def start(request: HttpRequest, bot: UUID) -> HttpResponse:
    return _act(request, _own(request, bot), actions.start)


@require_POST
def stop(request: HttpRequest, bot: UUID) -> HttpResponse:
    return _act(request, _own(request, bot), actions.stop)


@require_POST
def close(request: HttpRequest, bot: UUID) -> HttpResponse:
    return _on_deal(request, _own(request, bot), actions.close_at_market)


@require_POST
def cancel(request: HttpRequest, bot: UUID) -> HttpResponse:
    return _on_deal(request, _own(request, bot), actions.cancel)


@require_POST
def start_deal(request: HttpRequest, bot: UUID) -> HttpResponse:
    return _act(request, _own(request, bot), lambda own: deal_actions.start_deal(own, own.market))


@require_POST
def add_funds(request: HttpRequest, bot: UUID) -> HttpResponse:
    quote, price = _number(request, "quote"), _number(request, "price")

    def add(deal: Deal) -> None:
        if quote is None:
            raise SettingsRefused((Problem("quote", "no amount was given.", "Say how much, such as 50."),))
        deal_actions.add_funds(deal, quote, price)

    return _on_deal(request, _own(request, bot), add)


@require_POST
def close_part(request: HttpRequest, bot: UUID) -> HttpResponse:
    percent = _number(request, "percent")
    share = Decimal(0) if percent is None else percent / 100
    return _on_deal(request, _own(request, bot), lambda deal: deal_actions.close_part(deal, share))


@require_POST
def dismiss(request: HttpRequest, bot: UUID, event: int) -> HttpResponse:
    """Take an error out of the inbox; it stays on the timeline. Answers with what is left."""
    own = _own(request, bot)
    inbox = BotEvent.objects.filter(bot=own, level=BotEvent.Level.ERROR)
    get_object_or_404(inbox, pk=event)
    inbox.filter(pk=event).update(dismissed=True)
    left = inbox.filter(dismissed=False)
    return render(request, "dashboard/bots/parts/errors.html", {"bot": own, "errors": left})


def _own(request: HttpRequest, bot: UUID) -> Bot:
    own = Bot.objects.select_related("market", "account").filter(owner=person(request))
    return get_object_or_404(own, pk=bot)


def _act(request: HttpRequest, bot: Bot, act: Callable[[Bot], object]) -> HttpResponse:
    try:
        act(bot)
    except ACTION_ERRORS as error:
        return refused(request, error, reverse("bot", args=[bot.pk]))
    return redirect("bot", bot.pk)


def _on_deal(request: HttpRequest, bot: Bot, act: Callable[[Deal], object]) -> HttpResponse:
    """On the deal that the dialog was about, and on no other that may have opened meanwhile."""
    try:
        deal = Deal.objects.filter(bot=bot, pk=request.POST.get("deal", ""), closed_at=None).first()
    except ValidationError:
        deal = None
    if deal is None:
        messages.error(request, "That deal is over already. Nothing was asked.")
    else:
        try:
            act(deal)
        except ACTION_ERRORS as error:
            return refused(request, error, reverse("bot", args=[bot.pk]))
    return redirect("bot", bot.pk)


def _number(request: HttpRequest, name: str) -> Decimal | None:
    """What was typed; not a number stands for what is none, so that it is refused with its name."""
    text = request.POST.get(name, "").strip()
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return Decimal("nan")
