"""Three questions that give a bot: which coin, how much money, and what fall it must survive.

1. As many averaging orders as fit into the money, each a little larger and further away than the one before.
2. The last one waits where the fall ends that it must survive; the stop loss stands a tenth of the fall below that.
3. The base order is what makes all of them together cost the money, as the exchange rounds.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from botplatform.dashboard.builder.draft import Draft
from botplatform.dashboard.builder.fields import Problems
from botplatform.dashboard.builder.typed import texts
from botplatform.dashboard.builder.views import builder_page
from botplatform.dashboard.people import person
from botplatform.exchanges.accounts import learn_quietly
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies import kinds
from strategies.dca import DCA
from strategies.dca.ladder import deviations, scaled
from strategies.market import ONE
from strategies.market import Market as Rules
from strategies.settings import SettingsRefused

FALLS = (
    ("10", "10 %: an ordinary week"),
    ("20", "20 %: a bad month"),
    ("35", "35 %: a crash"),
    ("50", "50 %: a bear market"),
)
_STEP_SCALE, _VOLUME_SCALE = Decimal("1.2"), Decimal("1.25")
_MOST_ORDERS, _FEWEST_ORDERS = 8, 2
_PROFIT = {10: Decimal("0.01"), 20: Decimal("0.015"), 35: Decimal("0.02"), 50: Decimal("0.025")}
_BEYOND = Decimal("1.1")
_ROOM = Decimal("0.98")  # of the money: the price moves before the first order arrives


class TooLittle(Exception):
    """The money is not enough for a ladder on this market."""


def settings(money: Decimal, fall: Decimal, price: Decimal, market: Rules) -> dict[str, Any]:
    """JSON settings of a DCA bot whose whole ladder costs at most `money` quote at `price` and reaches down `fall`.

    `fall` is a fraction. Raises TooLittle.
    """
    for count in range(_MOST_ORDERS, _FEWEST_ORDERS - 1, -1):
        shares = ONE + sum(scaled(ONE, _VOLUME_SCALE, count))
        order = (money * _ROOM / shares).quantize(Decimal("0.01") if money >= 1 else market.lot_size, ROUND_FLOOR)
        step = (fall / deviations(ONE, _STEP_SCALE, count)[-1]).quantize(Decimal("0.00001"))
        found = {
            "base_order": written(order),
            "averaging_order": written(order),
            "averaging_orders": count,
            "step": written(step),
            "step_scale": written(_STEP_SCALE),
            "volume_scale": written(_VOLUME_SCALE),
            "take_profit": written(_PROFIT[int(fall * 100)]),
            "stop_loss": written((fall * _BEYOND).quantize(Decimal("0.001"))),
        }
        try:
            bot = kinds.from_json("dca", found)
        except SettingsRefused:
            continue
        if isinstance(bot, DCA) and not any(bot.problems(price, market)) and bot.capital(price, market) <= money:
            return found
    raise TooLittle


def least(fall: Decimal, price: Decimal, market: Rules) -> Decimal:
    """About the least money that is enough, in quote."""
    money = max(market.min_notional, market.smallest * price) * _FEWEST_ORDERS
    while True:
        try:
            settings(money, fall, price, market)
        except TooLittle:
            money = _round_up(money * Decimal("1.05"))
        else:
            return money


def _round_up(money: Decimal) -> Decimal:
    """On three digits."""
    return money.quantize(Decimal(1).scaleb(money.adjusted() - 2), ROUND_CEILING)


def guided(request: HttpRequest) -> HttpResponse:
    """The questions; answered, the form of the bot that they give, with everything in it that can be changed."""
    owner = person(request)
    learn_quietly(owner)
    accounts = list(ExchangeAccount.objects.filter(owner=owner))
    if not accounts:
        return render(request, "dashboard/bots/no_account.html")
    markets = list(
        Market.objects.filter(active=True, exchange__in={each.exchange for each in accounts}).exclude(last_price=None)
    )
    asked = {"markets": markets, "falls": FALLS, "typed": request.POST or {"money": "500", "fall": "20"}}
    if request.method != "POST":
        return render(request, "dashboard/builder/guided.html", asked)
    market = next((each for each in markets if str(each.pk) == request.POST.get("market")), None)
    money, problems = _understood(request, market)
    if problems or market is None or money is None or market.last_price is None:
        return render(request, "dashboard/builder/guided.html", {**asked, "problems": problems})
    fall = Decimal(request.POST["fall"]) / 100
    try:
        found = settings(money, fall, market.last_price, market.rules)
    except TooLittle:
        enough = f"{written(least(fall, market.last_price, market.rules))} {market.rules.quote}"
        text = f"It is not enough for a ladder on {market.symbol}. Give at least {enough}."
        return render(request, "dashboard/builder/guided.html", {**asked, "problems": {"money": text}})
    account = next(each for each in accounts if each.exchange == market.exchange)
    typed = dict(texts(DCA, found)) | {
        "name": f"{market.rules.base} through a fall of {request.POST['fall']} %",
        "account": str(account.pk),
        "market": str(market.pk),
    }
    return builder_page(request, Draft(owner, "dca", typed))


def _understood(request: HttpRequest, market: Market | None) -> tuple[Decimal | None, Problems]:
    problems: dict[str, str] = {}
    if market is None:
        problems["market"] = "None is chosen. Choose the coin."
    if request.POST.get("fall") not in dict(FALLS):
        problems["fall"] = "None is chosen. Choose one."
    text = request.POST.get("money", "").strip()
    try:
        money = Decimal(text)
    except InvalidOperation:
        money = None
    if money is None or not money.is_finite() or money <= 0 or money > Decimal("1e12"):
        problems["money"] = f"“{text[:30]}” is no amount of money. Write it like 500."
        money = None
    return money, problems
