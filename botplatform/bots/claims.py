"""What bots lay claim to: quote that the deals which they can have open at one time may need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q

from botplatform.bots.models import Bot, Deal
from botplatform.exchanges.models import ExchangeAccount
from strategies.market import ZERO
from strategies.settings import SettingsRefused

_KEPT = 10  # seconds: it is asked for at every stroke of a key


def claims(account: ExchangeAccount, but: UUID | None = None) -> dict[str, Decimal]:
    """Quote that running bots, and stopped ones with an open deal, may need on this account, by its name.

    Reckoned at last prices, the whole ladder of each; kept for some seconds. `but` is left out.
    """
    every: dict[UUID, tuple[str, Decimal]] | None = cache.get(key := f"claims:{account.pk}")
    if every is None:
        going_on = Exists(Deal.objects.filter(bot=OuterRef("pk"), closed_at=None))
        bots = Bot.objects.filter(Q(enabled=True) | going_on, account=account).select_related("market")
        every = _each(bots)
        cache.set(key, every, _KEPT)
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for bot, (quote, amount) in every.items():
        if bot != but:
            found[quote] += amount
    return dict(found)


def _each(bots: Iterable[Bot]) -> dict[UUID, tuple[str, Decimal]]:
    found = {}
    for bot in bots:
        rules, price = bot.market.rules, bot.market.last_price
        if price is None:
            continue
        try:
            strategy = bot.strategy
            need = strategy.capital(price, rules) * strategy.opening.deals_at_once
        except (SettingsRefused, ArithmeticError):
            continue
        found[bot.pk] = rules.quote, need
    return found
