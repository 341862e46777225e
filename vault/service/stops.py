"""What stops an order that the grant would allow. Asked when it is admitted, and again right before it is sent."""

from __future__ import annotations

from decimal import Decimal

from vault.grants.models import Grant
from vault.kills import kills
from vault.ledger import positions
from vault.ledger.models import Order
from vault.messages.refusals import Code, Refused
from vault.messages.words import Place, StopLevel


def admit(grant: Grant, intent: Place) -> int:
    """The epoch under which this order is let through. Inside a transaction. Raises Refused."""
    standing = _standing(grant)
    if standing.level is StopLevel.EVERYTHING:
        raise Refused(Code.EVERYTHING_STOPPED)
    if standing.level is StopLevel.OPENING and not _closes(intent):
        raise Refused(Code.OPENING_STOPPED)
    return standing.epoch


def still(grant: Grant, order: Order, epoch: int) -> None:
    """Raises Refused when something was stopped since the order was let through."""
    standing = _standing(grant)
    if standing.epoch == epoch and standing.level is None:
        return
    if standing.level is StopLevel.EVERYTHING:
        raise Refused(Code.EVERYTHING_STOPPED)
    if not _closes(order):
        raise Refused(Code.OPENING_STOPPED)


def _standing(grant: Grant) -> kills.Standing:
    return kills.standing(grant.owner, grant.credential_id, grant.id)


def _closes(order: Place | Order) -> bool:
    row = order.pk if isinstance(order, Order) else None
    return positions.reduces(order.grant, order.market, order.side, Decimal(order.amount), apart_from=row)
