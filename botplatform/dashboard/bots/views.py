"""A bot's page, its stream and its chart's data."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from botplatform.bots.models import Bot
from botplatform.dashboard.bots.chart import Window, chart
from botplatform.dashboard.bots.page import BotPage, Loaded, context
from botplatform.dashboard.live.prices import Prices
from botplatform.dashboard.live.streams import stream
from botplatform.dashboard.people import aperson, person


@require_safe
def bot(request: HttpRequest, bot: UUID) -> HttpResponse:
    return render(request, "dashboard/bots/page.html", context(_own(request, bot), Prices()))


@require_safe
@never_cache
def bot_chart(request: HttpRequest, bot: UUID) -> JsonResponse:
    loaded = _own(request, bot)
    window = Window.of(request.GET.get("from", ""), request.GET.get("to", ""))
    return JsonResponse(chart(loaded.standing, context(loaded, Prices())["levels"], loaded.deals, window))


@require_safe
async def bot_stream(request: HttpRequest, bot: UUID) -> StreamingHttpResponse:
    if not await Bot.objects.filter(pk=bot, owner=await aperson(request)).aexists():
        raise Http404
    return stream(request, BotPage(bot))


def _own(request: HttpRequest, bot: UUID) -> Loaded:
    """The bot's rows. A stranger's bot does not exist."""
    loaded = BotPage(bot).load() if Bot.objects.filter(pk=bot, owner=person(request)).exists() else None
    if loaded is None:
        raise Http404
    return loaded
