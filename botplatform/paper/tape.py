"""The public trades of one market, the newest few thousand, singly and aggregated."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botplatform.paper.money import wire
from botplatform.paper.orders import Print

KEPT = 3000


@dataclass(slots=True)
class Aggregate:
    """What one taker traded at one price in one go."""

    id: int
    price: Decimal
    quantity: Decimal
    first: int
    last: int
    time: int
    buyer_is_maker: bool
    taker_order: int

    def row(self) -> dict[str, Any]:
        """As in GET aggTrades."""
        return {
            "a": self.id,
            "p": wire(self.price),
            "q": wire(self.quantity),
            "f": self.first,
            "l": self.last,
            "T": self.time,
            "m": self.buyer_is_maker,
            "M": True,
        }


class Tape:
    """Newest last. An aggregate has the id of its first trade, so that its ids ascend over restarts too."""

    def __init__(self) -> None:
        self.prints: deque[Print] = deque(maxlen=KEPT)
        self.aggregates: deque[Aggregate] = deque(maxlen=KEPT)

    def record(self, trades: list[Print]) -> list[Aggregate]:
        """Takes the trades of one commit; answers the aggregates that they make."""
        fresh: list[Aggregate] = []
        for trade in trades:
            self.prints.append(trade)
            newest = fresh[-1] if fresh else None
            if newest and newest.taker_order == trade.taker_order and newest.price == trade.price:
                newest.quantity += trade.quantity
                newest.last = trade.id
                continue
            fresh.append(
                Aggregate(
                    trade.id,
                    trade.price,
                    trade.quantity,
                    trade.id,
                    trade.id,
                    trade.time,
                    trade.buyer_is_maker,
                    trade.taker_order,
                )
            )
        self.aggregates.extend(fresh)
        return fresh

    def trades(self, limit: int) -> list[dict[str, Any]]:
        """As in GET trades, oldest first."""
        return [trade_row(trade) for trade in list(self.prints)[-limit:]]

    def aggregated(self, from_id: int | None, start: int | None, end: int | None, limit: int) -> list[dict[str, Any]]:
        """As in GET aggTrades: the first `limit` from `from_id` or `start` on, else the last `limit`."""
        chosen = [
            aggregate
            for aggregate in self.aggregates
            if (from_id is None or aggregate.id >= from_id)
            and (start is None or aggregate.time >= start)
            and (end is None or aggregate.time <= end)
        ]
        chosen = chosen[-limit:] if from_id is None and start is None else chosen[:limit]
        return [aggregate.row() for aggregate in chosen]


def trade_row(trade: Print) -> dict[str, Any]:
    return {
        "id": trade.id,
        "price": wire(trade.price),
        "qty": wire(trade.quantity),
        "quoteQty": wire(trade.quote),
        "time": trade.time,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }
