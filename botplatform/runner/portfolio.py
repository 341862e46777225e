"""Portfolios: deals of one bot that are told together what the whole is worth.

Each coin has its keeper, as any market of a bot. When all of them have their deals open, nothing of theirs is on the
book or about to be, and every market has a fresh price, all are told the same worth at the same moment; what they
then want is placed at their next beats. Until then nobody is told anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from botplatform.bots.models import Bot, Deal
from botplatform.lib import clock
from botplatform.runner.keeper import BotKeeper
from botplatform.runner.ticks import TickListener
from strategies.rebalance import Rebalance, Standing, portfolio


def tell_portfolios(keepers: Iterable[BotKeeper], ticks: TickListener) -> None:
    """Value every portfolio among these that is at rest."""
    together: defaultdict[UUID, list[BotKeeper]] = defaultdict(list)
    for keeper in keepers:
        if isinstance(keeper.strategy, Rebalance):
            together[keeper.bot.pk].append(keeper)
    for mine in together.values():
        strategy = mine[0].strategy
        if isinstance(strategy, Rebalance):
            _value(strategy, mine, ticks)


def _value(strategy: Rebalance, keepers: list[BotKeeper], ticks: TickListener) -> None:
    parts = []
    for keeper in keepers:
        tick = ticks.last(keeper.market)
        state = keeper.state_at_rest
        if tick is None or state is None:
            return
        parts.append(Standing(state, tick.price))
    ended = _ended(keepers[0].bot)
    if len(parts) + len(ended) < len(strategy.coins) or not portfolio.at_rest(strategy, parts):
        return
    now = int(clock.now().timestamp() * 1000)
    events = portfolio.valued(strategy, [*parts, *ended], now)
    for keeper, event in zip(keepers, events, strict=False):
        if event is not None:
            keeper.value(event)


def _ended(bot: Bot) -> list[Standing]:
    """Coins whose deals have closed: what they spent and brought is part of the cash."""
    closed = Deal.objects.filter(bot=bot, closed_at__isnull=False).select_related("bot", "market")
    return [Standing(deal.state(), deal.market.last_price or deal.price) for deal in closed]
