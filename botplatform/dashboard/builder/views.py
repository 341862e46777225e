"""Building a bot: choosing its kind, the form, and what is answered while it is being filled in."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from botplatform.accounts.models import User
from botplatform.bots import actions, deal_actions, editing
from botplatform.bots.actions import NoPrice
from botplatform.bots.models import Bot
from botplatform.dashboard.builder import answer as answers
from botplatform.dashboard.builder.draft import Draft, identity
from botplatform.dashboard.builder.fields import sections
from botplatform.dashboard.builder.history import HISTORIES, bars, length
from botplatform.dashboard.builder.sections import KINDS
from botplatform.dashboard.builder.suggested import suggested
from botplatform.dashboard.builder.tester import testers
from botplatform.dashboard.builder.typed import new_row, texts
from botplatform.dashboard.figures import decimals
from botplatform.dashboard.live.prices import Prices
from botplatform.dashboard.people import aperson, person
from botplatform.dashboard.progress import Progress
from botplatform.dashboard.sentences import ACTION_ERRORS, sentence
from botplatform.dashboard.standing import standings
from botplatform.dashboard.telling import refused
from botplatform.exchanges.accounts import learn_quietly
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets import backfill
from botplatform.markets.models import Backfill, Market
from strategies import kinds
from strategies.settings import SettingsRefused

BAND_STARTS = 48
TRADES = 20  # that the terminal shows
INTERVALS = (1, 5, 15, 60, 240, 1440)
_BARS = 500


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Which kind of bot."""
    owner = person(request)
    learn_quietly(owner)
    if not ExchangeAccount.objects.filter(owner=owner).exists():
        return render(request, "dashboard/bots/no_account.html")
    return render(request, "dashboard/builder/choose.html", {"kinds": KINDS.values()})


def build(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of a kind of bot. Sent, it makes the bot, and starts it if that was pressed."""
    owner = _known(person(request), kind)
    if not ExchangeAccount.objects.filter(owner=owner).exists():
        learn_quietly(owner)
        if not ExchangeAccount.objects.filter(owner=owner).exists():
            return render(request, "dashboard/bots/no_account.html")
    if request.method != "POST":
        return builder_page(request, _fresh(owner, kind, request.GET))
    draft = Draft.of(owner, kind, request.POST)
    draft.check()
    draft.check_place()
    bot = None if draft.problems else _made(draft)
    if bot is None:
        return builder_page(request, draft)
    if request.POST.get("then") != "start":
        messages.success(request, f"{bot.name} is made. It trades as soon as you start it.")
        return redirect("bot", bot.pk)
    try:
        actions.start(bot)
    except ACTION_ERRORS as error:
        return refused(request, error, reverse("bot", args=[bot.pk]), f"{bot.name} is made, but it was not started. ")
    messages.success(request, f"{bot.name} is made and started.")
    return redirect("bot", bot.pk)


@require_safe
def terminal(request: HttpRequest) -> HttpResponse:
    """The form of a smart trade, above the trades that go on."""
    owner = person(request)
    learn_quietly(owner)
    if not ExchangeAccount.objects.filter(owner=owner).exists():
        return render(request, "dashboard/bots/no_account.html")
    going_on = Bot.objects.filter(owner=owner, kind="smart", deals__closed_at=None, deals__isnull=False).distinct()
    prices = Prices()
    trades = [(each, Progress.of(each, prices.of(each.bot.market))) for each in standings(going_on[:TRADES])]
    shown = {**_shown(_fresh(owner, "smart", request.GET)), "bot": None, "terminal": True, "trades": trades}
    return render(request, "dashboard/builder/page.html", shown)


def edit(request: HttpRequest, bot: UUID) -> HttpResponse:
    """The form of a bot that exists. Sent, its settings change: for new deals, or for the open ones as well."""
    own = _own(request, bot)
    if request.method != "POST":
        return builder_page(request, of_bot(own, name=own.name), own)
    draft = _edited(request, own)
    if not draft.problems:
        deals_too = request.POST.get("then") == "deals"
        try:
            if deals_too:
                list(editing.effects(own, draft.values))  # what a deal cannot change is told before the bot is changed
            editing.edit(own, name=draft.name, settings=draft.values)
            if deals_too:
                for deal in own.deals.filter(closed_at=None).select_related("market", "bot__account", "bot__market"):
                    deal_actions.edit(deal, draft.values)
        except SettingsRefused as why:
            draft.complain(why.problems)
        except ACTION_ERRORS as error:
            return refused(request, error, reverse("bot-edit", args=[own.pk]), "It was not changed. ")
        else:
            messages.success(request, f"{own.name} is changed.")
            return redirect("bot", own.pk)
    return builder_page(request, draft, own)


@require_POST
def difference(request: HttpRequest, bot: UUID) -> HttpResponse:
    """What an edit would change: settings, and the orders of open deals."""
    own = _own(request, bot)
    draft = _edited(request, own)
    shown: dict[str, Any] = {"bot": own, "draft": draft}
    if not draft.problems:
        shown["changes"] = editing.changes(own.kind, own.settings, draft.values)
        try:
            shown["effects"] = list(editing.effects(own, draft.values))
        except (SettingsRefused, NoPrice) as why:
            shown["deals_stay"] = sentence(why)
    return render(request, "dashboard/builder/difference.html", shown)


@require_POST
def form(request: HttpRequest, kind: str) -> HttpResponse:
    """The sections anew, with a row more or less: `add` and `remove` say what was pressed."""
    draft = _changed(_known(person(request), kind), kind, request.POST)
    draft.check()
    return render(request, "dashboard/builder/sections.html", _shown(draft))


@require_POST
@never_cache
async def answer(request: HttpRequest, kind: str) -> JsonResponse:
    """What follows from the form; with `drag` and `at` after a line was dragged there."""
    owner = await aperson(request)
    _known(owner, kind)
    draft, moved = await sync_to_async(_moved)(owner, kind, request.POST)
    # The run is another process's: everything else is worked out beside it.
    reply, test = await asyncio.gather(
        sync_to_async(answers.answer)(draft, identity(request.POST.get("bot", ""))),
        _tested(await sync_to_async(answers.trial)(draft), testers().runs),
    )
    return JsonResponse({**reply, "set": moved, "test": test})


@require_POST
@never_cache
async def band(request: HttpRequest, kind: str) -> JsonResponse:
    """The same bot begun at many moments."""
    owner = await aperson(request)
    _known(owner, kind)
    trial = await sync_to_async(_trial)(owner, kind, request.POST)
    return JsonResponse(await _tested(trial, testers().bands))


@require_POST
def plan(request: HttpRequest, kind: str) -> HttpResponse:
    """What starting it would do."""
    draft = Draft.of(_known(person(request), kind), kind, request.POST)
    draft.check()
    draft.check_place()
    return render(request, "dashboard/builder/plan.html", answers.plan(draft))


@require_safe
@never_cache
def candles(request: HttpRequest, market: int) -> JsonResponse:
    """A market's candles, for drawing. Public data, for whoever is signed in."""
    row = get_object_or_404(Market, pk=market, active=True)
    minutes = _number(request.GET.get("interval", ""), INTERVALS)
    history = HISTORIES.of(row)
    return JsonResponse(
        {
            "candles": bars(history.candles, minutes, _BARS),
            "places": decimals(row.tick_size),
            "step": float(row.tick_size),
            "price": None if row.last_price is None else float(row.last_price),
            "covers": length(history.minutes),
        }
    )


def history(request: HttpRequest, market: int) -> HttpResponse:
    """How much of the past there is to test on; sent, a year of it is asked for."""
    row = get_object_or_404(Market, pk=market, active=True)
    asked = backfill.ask(row) if request.method == "POST" else Backfill.objects.filter(market=row).first()
    minutes = HISTORIES.of(row).minutes
    shown = {"market": row, "backfill": asked, "covers": length(minutes), "minutes": minutes}
    return render(request, "dashboard/builder/history.html", shown)


# What the views share


def _known(owner: User, kind: str) -> User:
    if kind not in KINDS:
        raise Http404
    return owner


def _fresh(owner: User, kind: str, wanted: QueryDict) -> Draft:
    """A new form: suggestions for the market that was asked for or the first there is; or a copy of a bot."""
    copied = identity(wanted.get("copy", ""))
    bot = Bot.objects.filter(owner=owner, pk=copied, kind=kind).first() if copied else None
    if bot is not None:
        return of_bot(bot, name=f"{bot.name} (copy)")
    accounts = list(ExchangeAccount.objects.filter(owner=owner))
    on_offer = Market.objects.filter(active=True, exchange__in={each.exchange for each in accounts})
    symbol = wanted.get("market", "")
    market = on_offer.filter(symbol=symbol).first() or on_offer.exclude(last_price=None).first() or on_offer.first()
    typed = dict(texts(kinds.KINDS[kind], suggested(kind, market)))
    if market is not None:
        account = next(each for each in accounts if each.exchange == market.exchange)
        typed |= {"market": str(market.pk), "account": str(account.pk)}
        typed["name"] = f"{market.symbol.partition('/')[0]} {KINDS[kind].title}"
    return Draft(owner, kind, typed)


def _own(request: HttpRequest, bot: UUID) -> Bot:
    mine = Bot.objects.filter(owner=person(request)).select_related("owner", "account", "market")
    return get_object_or_404(mine.prefetch_related("pairs"), pk=bot)


def _edited(request: HttpRequest, bot: Bot) -> Draft:
    """What was sent, on the account and markets that the bot has."""
    kept = of_bot(bot, name=bot.name)
    place = {name: kept.typed[name] for name in ("account", "market")}
    draft = Draft(
        bot.owner, bot.kind, {name: str(text) for name, text in request.POST.dict().items()} | place, kept.more
    )
    draft.check()
    if not draft.name:
        draft.problems.setdefault("name", "It is empty. Give the bot a name.")
    return draft


def of_bot(bot: Bot, *, name: str) -> Draft:
    """The form that would make this bot."""
    typed = dict(texts(kinds.KINDS[bot.kind], bot.settings))
    typed |= {"name": name, "account": str(bot.account_id), "market": str(bot.market_id)}
    more = [str(pair.market_id) for pair in bot.pairs.all() if pair.market_id != bot.market_id]
    return Draft(bot.owner, bot.kind, typed, more)


def _changed(owner: User, kind: str, sent: QueryDict) -> Draft:
    """The form with a row added or taken away, or a part switched on."""
    typed = {name: str(text) for name, text in sent.dict().items() if name not in ("add", "remove")}
    removed, added = sent.get("remove", ""), sent.get("add", "")
    if removed:
        typed = {name: text for name, text in typed.items() if not name.startswith(f"{removed}.")}
    if added:
        typed |= new_row(kinds.KINDS[kind], added, typed, sent.get(f"{added}.new", ""))
    return Draft(owner, kind, typed, sent.getlist("more"))


def builder_page(request: HttpRequest, draft: Draft, bot: Bot | None = None) -> HttpResponse:
    """The form with everything that follows from it; of a bot that exists, or of a new one."""
    return render(request, "dashboard/builder/page.html", {**_shown(draft, bot), "bot": bot})


def _shown(draft: Draft, bot: Bot | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": KINDS[draft.kind],
        "draft": draft,
        "chosen": draft.chosen,
        "sections": sections(draft.kind, draft.typed, draft.problems),
        "intervals": INTERVALS,
        "problems": draft.problems,
        "other_problems": {path: text for path, text in draft.problems.items() if path in ("settings", "kind")},
    }
    reply = answers.answer(draft, None if bot is None else bot.pk)
    return {**shown, "said": reply["sentences"], "table": reply["table"], "strip": reply["strip"]}


def _made(draft: Draft) -> Bot | None:
    """The bot; None with problems at the fields if it cannot be made."""
    account, first = draft.chosen.account, draft.market
    if account is None or first is None:
        return None
    try:
        return actions.create(
            draft.owner,
            account,
            first,
            draft.chosen.markets[1:],
            name=draft.name,
            kind=draft.kind,
            settings=draft.values,
        )
    except SettingsRefused as why:
        draft.complain(why.problems)
        return None


def _moved(owner: User, kind: str, sent: QueryDict) -> tuple[Draft, dict[str, str]]:
    """The form after what was dragged, and what was typed by that."""
    draft = Draft.of(owner, kind, sent)
    moved = answers.after_drag(draft, sent.get("drag", ""), sent.get("at", "")) if "drag" in sent else {}
    if moved:
        draft = Draft(owner, kind, draft.typed | moved, sent.getlist("more"))
    if size := answers.sized_by_risk(draft):
        moved |= size
        draft = Draft(owner, kind, draft.typed | size, sent.getlist("more"))
    return draft, moved


def _trial(owner: User, kind: str, sent: QueryDict) -> answers.Trial:
    return answers.trial(Draft.of(owner, kind, sent), BAND_STARTS)


async def _tested(trial: answers.Trial, tester: Any) -> dict[str, Any]:
    if trial.question is None:
        return {"problem": trial.why}
    found = await tester.ask(trial.question)
    if found.unknown:
        found = await tester.ask(trial.whole())
    return dict(msgspec.to_builtins(found)) | {"covers": length(trial.histories[0].minutes)}


def _number(text: str, allowed: tuple[int, ...]) -> int:
    return int(text) if text.isdecimal() and int(text) in allowed else allowed[0]
