"""What a grant holds, by the trades of its own orders. Nothing that it was not told to buy or sell is in it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from vault.ledger.models import Order, Trade
from vault.messages.answers import State

_ZERO = Decimal(0)
_OPEN = [state for state in State if not state.over]


def net(grant: UUID, market: str) -> Decimal:
    """Base coins bought less sold, after fees in that coin; below zero when more was sold than bought."""
    coin, total = market.partition("/")[0], _ZERO
    rows = Trade.objects.filter(order__grant=grant, market=market)
    for side, amount, fee, fee_asset in rows.values_list("side", "amount", "fee", "fee_asset"):
        total += Decimal(amount) if side == "buy" else -Decimal(amount)
        if fee_asset == coin:
            total -= Decimal(fee)
    return total


def open_orders(grant: UUID, market: str | None = None) -> list[Order]:
    """Every order of the grant that may still trade."""
    found = Order.objects.filter(grant=grant, state__in=_OPEN).order_by("id")
    return list(found if market is None else found.filter(market=market))


def reduces(grant: UUID, market: str, side: str, amount: Decimal, *, apart_from: int | None = None) -> bool:
    """Whether an order only takes back what the grant has bought or sold, besides those that do so already.

    `apart_from`: the row of the order itself, once it has one.
    """
    held = net(grant, market)
    closes = "sell" if held > 0 else "buy"
    if not held or side != closes:
        return False
    resting = sum(
        (
            Decimal(order.amount) - Decimal(order.filled)
            for order in open_orders(grant, market)
            if order.side == closes and order.pk != apart_from
        ),
        _ZERO,
    )
    return amount + resting <= abs(held)
