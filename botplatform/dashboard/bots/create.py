"""Making a bot: the form, and a preview of its ladder while it is filled in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from botplatform.bots import actions
from botplatform.dashboard.bots.form import KIND, NewBotForm
from botplatform.dashboard.people import person
from botplatform.dashboard.sentences import VAULT_ERRORS
from botplatform.exchanges.accounts import learn
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets.models import Market
from strategies.dca import DCA
from strategies.kinds import from_json
from strategies.market import ONE, ZERO
from strategies.market import Market as Rules
from strategies.settings import SettingsRefused


@require_http_methods(["GET", "POST"])
def new_bot(request: HttpRequest) -> HttpResponse:
    owner = person(request)
    with contextlib.suppress(*VAULT_ERRORS):  # what is known here already will do while the vault is away
        learn(owner)
    if not ExchangeAccount.objects.filter(owner=owner).exists():
        return render(request, "dashboard/bots/no_account.html")
    form = NewBotForm(owner, request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            bot = actions.create(
                owner, chosen["account"], chosen["market"], name=chosen["name"], kind=KIND, settings=form.settings
            )
        except SettingsRefused as refused:
            form.show(refused)
        else:
            messages.success(request, f"{bot.name} is made. It trades as soon as you start it.")
            return redirect("bot", bot.pk)
    return render(request, "dashboard/bots/new.html", {"form": form, **_preview(form)})


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What these settings would do at today's price; nothing is kept."""
    form = NewBotForm(person(request), request.POST)
    return render(request, "dashboard/bots/preview.html", _preview(form))


def _preview(form: NewBotForm) -> dict[str, Any]:
    """The ladder, if the settings and a market with a price are there."""
    if not form.is_bound:
        return {}
    form.is_valid()
    market: Market | None = form.cleaned_data.get("market")
    if market is None or market.last_price is None:
        return {"market": market}
    try:
        strategy = from_json(KIND, form.settings)
    except (SettingsRefused, KeyError):  # KeyError: a setting that is missing or no number
        return {"market": market}
    if not isinstance(strategy, DCA):
        return {"market": market}  # only this kind has a ladder to show
    price, rules = market.last_price, market.rules
    stop = None if strategy.stop_loss is None else price * (ONE - strategy.stop_loss)
    return {
        "market": market,
        "ladder": list(_ladder(strategy, rules, price)),
        "price": price,
        "needs": strategy.capital(price, rules),
        "stop": stop,
        "quote": rules.quote,
    }


def _ladder(strategy: DCA, market: Rules, price: Decimal) -> Iterator[dict[str, Any]]:
    """Each buy, what it adds up to, and where everything bought so far would be sold."""
    base = market.amount_up(strategy.base_order / price)
    ladder = strategy.ladder(price / (ONE - market.taker_fee), market)
    buys = [
        ("Base order", price, ZERO, base),
        *((f"Averaging order {rung.number}", rung.price, -rung.deviation, rung.amount) for rung in ladder),
    ]
    held = cost = ZERO
    for name, at, away, amount in buys:
        held, cost = held + amount, cost + amount * at
        average = cost / (held * (ONE - market.taker_fee))
        target = market.price_up(average * (ONE + (strategy.take_profit or ZERO)) / (ONE - market.maker_fee))
        yield {"name": name, "price": at, "away": away, "spends": amount * at, "total": cost, "target": target}
