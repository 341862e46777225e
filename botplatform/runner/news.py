"""Bringing what the signer learned into the platform's rows. The same news twice changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from botplatform.bots.models import Deal, Fill, Order
from botplatform.exchanges.vault import Event, LeaseHandle, OrderAnswer
from botplatform.lib import clock
from botplatform.runner.models import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a batch of events changed."""

    deals: frozenset[UUID]
    fills: tuple[Fill, ...]


def catch_up(lease: LeaseHandle) -> News:
    """All events since the last one read; rows and reading mark move together. Raises what the signer raises."""
    deals: set[UUID] = set()
    fills: list[Fill] = []
    more = True
    while more:
        since = Shard.objects.values_list("last_event", flat=True).get(name=lease.shard)
        batch = lease.events(since)
        more = batch.more
        if not batch.events:
            break
        with transaction.atomic():
            for event in batch.events:
                deals |= _take_over(event, fills)
            Shard.objects.filter(name=lease.shard).update(last_event=batch.events[-1].seq)
    return News(deals=frozenset(deals), fills=tuple(fills))


def _take_over(event: Event, fills: list[Fill]) -> set[UUID]:
    order = row_of(event.order)
    if order is None:
        return set()
    if event.seq > order.last_event:
        order.last_event = event.seq
        apply_answer(order, event.order)
    if event.trade is not None:
        trade = event.trade
        fill, new = Fill.objects.get_or_create(
            order=order,
            trade_id=trade.trade_id,
            defaults={
                "amount": Decimal(trade.amount),
                "price": Decimal(trade.price),
                "fee": Decimal(trade.fee),
                "fee_asset": trade.fee_asset,
                "maker": trade.maker,
                "traded_at": datetime.fromtimestamp(trade.at / 1000, UTC),
                "learned": event.seq,
            },
        )
        if new:
            fills.append(fill)
    return {order.deal_id}


def row_of(answer: OrderAnswer) -> Order | None:
    """The row of an order that the signer speaks of. One that was lost is written anew: the signer's word stands."""
    rows = Order.objects.filter(deal_id=answer.deal, name=answer.name, generation=answer.generation)
    known = rows.select_related("deal").first()
    if known is not None:
        return known
    deal = Deal.objects.filter(pk=answer.deal, bot__grant=answer.grant).first()
    if deal is None:
        return None
    now = clock.now()
    return Order(
        deal=deal,
        name=answer.name,
        generation=answer.generation,
        side=answer.side,
        total=Decimal(answer.amount),
        at_market=answer.type == "ioc",
        amount=Decimal(answer.amount),
        price=Decimal(answer.price),
        created_at=now,
        updated_at=now,
    )


def apply_answer(order: Order, answer: OrderAnswer) -> None:
    """Take over an order as the signer has it, and save it."""
    order.state = Order.State(answer.state)
    order.amount, order.price = Decimal(answer.amount), Decimal(answer.price)  # as it was really sent
    order.filled = Decimal(answer.filled)
    order.client_order_id = answer.client_order_id
    order.cancelling = answer.cancelling
    order.reason = answer.reason
    order.updated_at = clock.now()
    order.save()
