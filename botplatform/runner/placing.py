"""Sending orders, with the row written first.

An order's row stands before anything is sent. If no answer comes, the order is looked up before anything else is
sent: what the signer never wrote down may be sent again under the same generation, because it was never signed.
"""

from __future__ import annotations

from decimal import Decimal

from botplatform.bots.models import Deal, Order
from botplatform.exchanges.vault import (
    Cancel,
    Code,
    LeaseHandle,
    Lookup,
    OutcomeUnknown,
    Place,
    Refused,
    Retry,
)
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.runner.news import apply_answer
from strategies.orders import Order as WantedOrder

# The lease or the runner itself is not accepted any more: nothing about the order is wrong.
NOT_OURS_ANY_MORE = (
    Code.STALE_FENCE,
    Code.LEASE_EXPIRED,
    Code.LEASE_HELD,
    Code.HELD_BY_ANOTHER_SHARD,
    Code.UNKNOWN_KEY,
    Code.WRONG_HOLDER,
)


class LeaseLost(Exception):
    """Somebody else runs this shard now, or may. Stop at once and change nothing."""


def write_ahead(deal: Deal, wanted: WantedOrder, amount: Decimal, price: Decimal) -> Order:
    """The row of what is about to be sent. A generation that the signer never wrote down is used again."""
    newest = Order.objects.filter(deal=deal, name=wanted.name).order_by("-generation").first()
    now = clock.now()
    if newest is not None and newest.state in (Order.State.WISHED, Order.State.REFUSED):
        row = newest
    else:
        generation = 1 if newest is None else newest.generation + 1
        row = Order(deal=deal, name=wanted.name, generation=generation, created_at=now)
    row.side = wanted.side
    row.total, row.at_market = wanted.amount, wanted.price is None
    row.amount, row.price = amount, price
    row.state, row.reason, row.updated_at = Order.State.WISHED, "", now
    row.save()
    return row


def send(lease: LeaseHandle, row: Order) -> None:
    """Have a row's order placed, and take over what came of it.

    Raises LeaseLost. After anything but an answer the row stays `wished`: it is looked up next time.
    """
    bot = row.deal.bot
    word = Place(
        grant=bot.grant,
        deal=row.deal_id,
        name=row.name,
        generation=row.generation,
        market=row.deal.market.symbol,
        side="buy" if row.side == "buy" else "sell",
        type="ioc" if row.at_market else "limit",
        amount=written(row.amount),
        price=written(row.price),
    )
    try:
        apply_answer(row, lease.place(word))
    except Refused as why:
        _lost(why)
        if why.code is Code.IDENTITY_TAKEN:
            return  # the signer has it with other terms: it is looked up next, not guessed
        _keep(row, Order.State.REFUSED, f"{why.code}: {why}")
    except (Retry, OutcomeUnknown) as why:
        _keep(row, Order.State.WISHED, str(why))


def look_up(lease: LeaseHandle, row: Order) -> bool:
    """Take over what the signer knows of a row. False: it never wrote it down, so nothing was ever sent.

    Raises LeaseLost, Retry, OutcomeUnknown.
    """
    word = Lookup(grant=row.deal.bot.grant, deal=row.deal_id, name=row.name, generation=row.generation)
    try:
        apply_answer(row, lease.look_up(word))
    except Refused as why:
        _lost(why)
        if why.code is Code.UNKNOWN_ORDER:
            return False
        _keep(row, row.state, f"{why.code}: {why}")
    return True


def cancel(lease: LeaseHandle, row: Order) -> None:
    """Have an order cancelled. It stays open here until the signer says that it ended. Raises LeaseLost."""
    word = Cancel(grant=row.deal.bot.grant, deal=row.deal_id, name=row.name, generation=row.generation)
    try:
        apply_answer(row, lease.cancel(word))
    except Refused as why:
        _lost(why)
        _keep(row, row.state, f"{why.code}: {why}")
    except (Retry, OutcomeUnknown) as why:
        _keep(row, row.state, str(why))


def _lost(why: Refused) -> None:
    if why.code in NOT_OURS_ANY_MORE:
        raise LeaseLost(str(why)) from why


def _keep(row: Order, state: str, reason: str) -> None:
    row.state, row.reason, row.updated_at = state, reason[:400], clock.now()
    row.save()
