"""What stops an order that the grant would allow. Asked when it is admitted, and again right before it is sent."""

from __future__ import annotations

from vault.grants.models import Grant
from vault.kills import kills
from vault.kills.kills import Switch
from vault.ledger.models import Order
from vault.messages.refusals import Code, Refused
from vault.messages.words import StopLevel
from vault.service.signer import Signer


def admit(signer: Signer, grant: Grant, switch: Switch, *, exits: bool) -> None:
    """Let an order through; `exits`: it only reduces what the grant holds. `switch`: as it is in this transaction.

    Raises Refused, and Retry(HEAD_NOT_WRITTEN).
    """
    signer.standing.may_place()
    level = _standing(grant).level if switch.in_force else None
    if level is StopLevel.EVERYTHING:
        raise Refused(Code.EVERYTHING_STOPPED)
    if exits:
        return
    if level is StopLevel.OPENING:
        raise Refused(Code.OPENING_STOPPED)
    signer.standing.may_open()


def still(signer: Signer, grant: Grant, order: Order, epoch: int) -> None:
    """Raises Refused when something was stopped since the order was let through, under this epoch of the switch."""
    signer.standing.may_place()
    standing = _standing(grant)
    if standing.level is StopLevel.EVERYTHING:
        raise Refused(Code.EVERYTHING_STOPPED)
    if standing.epoch > epoch and not order.exits:
        raise Refused(Code.OPENING_STOPPED)


def _standing(grant: Grant) -> kills.Standing:
    return kills.standing(grant.owner, grant.credential_id, grant.id)
