"""Keeping the sums: each in the transaction of what it sums up. Additions are exact, in Decimal, never in SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from botplatform.bots.models import Bot, Deal
from botplatform.bots.sums.models import DailyProfit
from strategies.deal import Deal as DealState
from strategies.market import ONE, ZERO
from strategies.orders import Side


def close(deal: Deal, realised: Decimal, at: datetime) -> bool:
    """Close a deal with its profit, and add that to its bot's and its owner's sums. False: it was closed before."""
    with transaction.atomic():
        closing = {"closed_at": at, "realised": realised, "rank": float(realised), "held": 0, "paid": 0}
        if not Deal.objects.filter(pk=deal.pk, closed_at=None).update(**closing):
            return False
        book(deal.bot_id, realised, at)
    return True


def book(bot_id: UUID, realised: Decimal, at: datetime) -> None:
    """Add a deal that has just closed to the sums. For `close` and for rows that are made up."""
    with transaction.atomic():
        bot = Bot.objects.select_for_update(of=("self",)).select_related("market").get(pk=bot_id)
        Bot.objects.filter(pk=bot.pk).update(realised=bot.realised + realised, deals_closed=bot.deals_closed + 1)
        quote, day = bot.market.rules.quote, at.astimezone(UTC).date()
        made, _ = DailyProfit.objects.get_or_create(owner_id=bot.owner_id, quote=quote, day=day)
        sums = DailyProfit.objects.select_for_update().get(pk=made.pk)
        DailyProfit.objects.filter(pk=sums.pk).update(realised=sums.realised + realised, deals=sums.deals + 1)


def tally(deal: Deal, state: DealState) -> None:
    """Write down what an open deal holds and has realised so far, if that is not what its row says already."""
    held, paid = position(state)
    realised = state.realised
    if (held, paid, realised) == (deal.held, deal.paid, deal.realised):
        return
    deal.held, deal.paid, deal.realised, deal.rank = held, paid, realised, float(realised)
    tallied = {"held": held, "paid": paid, "realised": realised, "rank": deal.rank}
    Deal.objects.filter(pk=deal.pk, closed_at=None).update(**tallied)


def position(state: DealState) -> tuple[Decimal, Decimal]:
    """Coins held and what they have cost in quote; of a short, below zero, coins owed and what they were sold for."""
    if state.opens is not Side.SELL:
        return state.held, state.cost_of_held
    owed = state.owed
    return (-owed, -(state.average_proceeds * owed)) if owed else (ZERO, ZERO)


def open_profit(held: Decimal, paid: Decimal, price: Decimal, taker_fee: Decimal) -> Decimal:
    """Profit in quote if a position went at `price`, after the taker's fee: what the deal's own state says, too."""
    if held < 0:
        return held * price / (ONE - taker_fee) - paid
    return held * price * (ONE - taker_fee) - paid
