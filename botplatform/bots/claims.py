"""What bots lay claim to: quote that the deals which they can have open at one time may still need."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q

from botplatform.bots.models import Bot, Deal
from botplatform.exchanges.models import ExchangeAccount
from strategies.market import ZERO
from strategies.settings import SettingsRefused

_KEPT = 10  # seconds: it is asked for at every stroke of a key


def claims(account: ExchangeAccount, but: UUID | None = None) -> dict[str, Decimal]:
    """Quote that running bots, and stopped ones with an open deal, may still need on this account, by its name.

    Reckoned at last prices, the whole ladder of each, less what their open deals have paid already; kept for some
    seconds. `but` is left out.
    """
    every: dict[UUID, tuple[str, Decimal]] | None = cache.get(key := f"claims:{account.pk}")
    if every is None:
        every = _each(account)
        cache.set(key, every, _KEPT)
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for bot, (quote, amount) in every.items():
        if bot != but:
            found[quote] += amount
    return dict(found)


def _each(account: ExchangeAccount) -> dict[UUID, tuple[str, Decimal]]:
    paid: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    going_on = Deal.objects.filter(bot__account=account, closed_at=None).order_by()
    for bot, amount in going_on.values_list("bot", "paid"):
        paid[bot] += amount
    found = {}
    for row in Bot.objects.filter(Q(enabled=True) | Q(pk__in=paid), account=account).select_related("market"):
        rules, price = row.market.rules, row.market.last_price
        if price is None:
            continue
        try:
            strategy = row.strategy
            need = strategy.capital(price, rules) * strategy.opening.deals_at_once
        except (SettingsRefused, ArithmeticError):
            continue
        found[row.pk] = rules.quote, max(need - max(paid[row.pk], ZERO), ZERO)
    return found
