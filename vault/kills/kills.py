"""Putting kills in force, asking what they say, lifting them. Run inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Exists, Subquery

from vault.kills.models import Kill
from vault.messages.words import StopLevel
from vault.statements import Select

_STANDING = Select(Kill.objects.values_list("id", "level", "lifted_at"), "scope__in")
EVERYTHING = "everything"
HOST, OPERATOR = "host", "operator"


def owner(who: UUID) -> str:
    """An owner as somebody who uses the switch."""
    return f"owner:{who}"


def user_scope(who: UUID) -> str:
    return f"user:{who}"


def account_scope(credential: UUID) -> str:
    return f"account:{credential}"


def bot_scope(grant: UUID) -> str:
    return f"bot:{grant}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the switch says to one bot. `epoch` is that of its last use on anything that the bot belongs to."""

    level: StopLevel | None
    epoch: int


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """The switch as a whole. `epoch` is that of its last use on anything."""

    epoch: int
    in_force: bool  # it stops something, or somebody


# For a query that reads something else anyway.
EPOCH = Subquery(Kill.objects.order_by("-id").values("id")[:1])
IN_FORCE = Exists(Kill.objects.filter(lifted_at=None))


def standing(who: UUID, credential: UUID, grant: UUID) -> Standing:
    """The strictest that is in force for this bot, by itself or by what it belongs to."""
    scopes = (EVERYTHING, user_scope(who), account_scope(credential), bot_scope(grant))
    epoch, levels = 0, set()
    for number, level, lifted_at in _STANDING.rows(scopes):
        epoch = max(epoch, number)
        if lifted_at is None:
            levels.add(level)
    strictest = next((level for level in (StopLevel.EVERYTHING, StopLevel.OPENING) if level in levels), None)
    return Standing(level=strictest, epoch=epoch)


def in_force(scopes: Iterable[str]) -> list[Kill]:
    """Oldest first."""
    return list(Kill.objects.filter(scope__in=list(scopes), lifted_at=None).order_by("id"))


def put(scope: str, level: StopLevel, by: str, *, now: datetime) -> tuple[Kill, bool]:
    """The kill that is in force now, and whether it is new: the same by the same hand is one."""
    known = Kill.objects.filter(scope=scope, level=level, by=by, lifted_at=None).first()
    if known is not None:
        return known, False
    return Kill.objects.create(scope=scope, level=level, by=by, put_at=now), True


def lift(scope: str, by: str, *, now: datetime) -> Sequence[Kill]:
    """Lift what this hand may lift of a scope: an owner what the owner put, an operator also that, the host all."""
    liftable = Kill.objects.filter(scope=scope, lifted_at=None)
    if by == OPERATOR:
        liftable = liftable.exclude(by=HOST)
    elif by != HOST:
        liftable = liftable.filter(by=by)
    lifted = list(liftable)
    Kill.objects.filter(id__in=[each.id for each in lifted]).update(lifted_at=now)
    return lifted
