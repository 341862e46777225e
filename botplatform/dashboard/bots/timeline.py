"""One line of time for a bot: what it decided, which orders came of it, and what they traded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from botplatform.bots.models import BotEvent, Deal, Order
from botplatform.dashboard import figures
from botplatform.markets.models import Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened. `kind`: event, error, placed, ended or refused."""

    at: datetime
    text: str
    kind: str
    deal: Deal | None = None


_ENDED = {
    Order.State.CANCELLED: "Cancelled",
    Order.State.EXPIRED: "Expired",
    Order.State.REJECTED: "Rejected by the exchange",
    Order.State.REFUSED: "Refused by the vault",
    Order.State.ABSENT: "Never arrived",
}
_BAD = (Order.State.REJECTED, Order.State.REFUSED, Order.State.ABSENT)


def timeline(events: Iterable[BotEvent], deals: Iterable[Deal], most: int) -> list[Entry]:
    """The newest so many, newest first. Trades are told by the events."""
    entries = [
        Entry(
            at=event.at,
            text=event.text,
            kind="error" if event.level == BotEvent.Level.ERROR else "event",
            deal=event.deal,
        )
        for event in events
    ]
    for deal in deals:
        entries += _of_orders(deal)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:most]


def _of_orders(deal: Deal) -> Iterator[Entry]:
    market = deal.market
    for order in deal.orders.all():
        label = order.name.replace("-", " ")
        yield Entry(at=order.created_at, text=f"Placed {label}: {_terms(order, market)}.", kind="placed", deal=deal)
        if order.state in _ENDED:
            reason = f" {order.reason}" if order.reason else ""
            kind = "refused" if order.state in _BAD else "ended"
            text = f"{_ENDED[Order.State(order.state)]}: {label}.{reason}"
            yield Entry(at=order.updated_at, text=text, kind=kind, deal=deal)


def _terms(order: Order, market: Market) -> str:
    amount = figures.amount(order.amount, market.lot_size)
    where = "at market" if order.at_market else f"at {figures.price(order.price, market.tick_size)}"
    return f"{order.side} {amount} {market.rules.base} {where}"
