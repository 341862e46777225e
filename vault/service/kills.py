"""The kill switch as the web and the host use it.

Whoever is in a scope may stop it, at once and without a word more. Lifting takes a person: on paper one who has just
signed in again, as the web states; on real accounts the owner's passkey. The host's command may do either.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.grants.models import Credential, Grant
from vault.kills import kills
from vault.ledger import ledger
from vault.messages.answers import KillAnswer
from vault.messages.refusals import Code, Refused
from vault.messages.words import Kill, KillScope, LiftKill, StopLevel
from vault.service.signer import Signer
from vault.tokens.models import EnrolledKey

FRESH = 300  # seconds that a person's signing in again counts
_AHEAD = 30  # seconds that the web's clock may be before ours
_PAPER = "paper"


async def kill(signer: Signer, key: EnrolledKey, word: Kill) -> KillAnswer:
    """Put it in force: for every request that is not on the wire yet. Raises Refused(NOT_FOUND)."""
    return await signer.database.run(_kill, key, word)


async def lift(signer: Signer, key: EnrolledKey, word: LiftKill) -> KillAnswer:
    """Raises Refused(REAUTHENTICATION_NEEDED), Refused(PASSKEY_NEEDED), Refused(NOT_FOUND)."""
    return await signer.database.run(_lift, key, word)


def kill_from_host(scope: str, level: StopLevel) -> KillAnswer:
    """For the command line. Raises Refused(NOT_FOUND)."""
    with transaction.atomic():
        _known(scope)
        return _put(scope, level, kills.HOST, told={})


def lift_from_host(scope: str) -> int:
    """How many were lifted, whoever put them. For the command line."""
    with transaction.atomic():
        return _take_back(scope, kills.HOST, told={}, now=clock.now())


def epochs_of(owner: UUID, scope: str) -> list[int]:
    """The kills that this owner may lift of a scope, by their epochs. Inside a transaction. Raises Refused."""
    try:
        scope = msgspec.convert(scope, KillScope)
    except msgspec.ValidationError as why:
        raise Refused(Code.NOT_FOUND, "No such user, account or bot.") from why
    by = _who(owner, scope)
    found = [each.id for each in kills.in_force([scope]) if each.by == by]
    if not found:
        raise Refused(Code.NOT_FOUND, "Nothing that you stopped there is stopped now.")
    return found


def lift_by_passkey(owner: UUID, scope: str, evidence: dict[str, Any], *, now: datetime) -> None:
    """For an owner whose passkey has signed for it, which the caller has checked. Inside a transaction."""
    _take_back(scope, _who(owner, scope), told=evidence, now=now)


def _kill(key: EnrolledKey, word: Kill) -> KillAnswer:
    return _put(word.scope, word.level, _who(word.owner, word.scope), told={"web": key.id})


def _put(scope: str, level: StopLevel, by: str, *, told: dict[str, str]) -> KillAnswer:
    now = clock.now()
    row, fresh = kills.put(scope, level, by, now=now)
    if fresh:
        chain.append("kill.put", scope, {"level": level, "by": by, "epoch": row.id, **told}, now=now)
    return _answer(scope)


def _lift(key: EnrolledKey, word: LiftKill) -> KillAnswer:
    by, now = _who(word.owner, word.scope), clock.now()
    if not -_AHEAD <= clock.seconds() - word.reauthenticated_at <= FRESH:
        raise Refused(Code.REAUTHENTICATION_NEEDED, f"At most {FRESH} s ago.")
    if any(credential.exchange != _PAPER for credential in _credentials(word.scope)):
        on_host = f"or on its host `python -m vault unkill {word.scope}`"
        raise Refused(Code.PASSKEY_NEEDED, f"On the vault's own pages, {on_host}.")
    told = {"web": key.id, "reauthenticated_at": str(word.reauthenticated_at)}
    _take_back(word.scope, by, told=told, now=now)
    return _answer(word.scope)


def _take_back(scope: str, by: str, *, told: dict[str, Any], now: datetime) -> int:
    lifted = kills.lift(scope, by, now=now)
    if lifted:
        body = {"by": by, "epochs": [each.id for each in lifted], **told}
        chain.append("kill.lifted", scope, body, now=now)
    return len(lifted)


def _answer(scope: str) -> KillAnswer:
    levels = {each.level for each in kills.in_force([scope])}
    strictest = next((level for level in (StopLevel.EVERYTHING, StopLevel.OPENING) if level in levels), "")
    resting = sum(len(ledger.open_orders(grant.id)) for grant in grants_in(scope))
    return KillAnswer(scope=scope, level=strictest, resting=resting)


def _who(owner: UUID | None, scope: str) -> str:
    """Who asks, if this scope is theirs. Raises Refused(NOT_FOUND): a stranger's does not exist."""
    whose = _known(scope)
    if owner is None:
        return kills.OPERATOR
    if whose != owner:
        raise Refused(Code.NOT_FOUND, "No such user, account or bot.")
    return kills.owner(owner)


def _known(scope: str) -> UUID | None:
    """Whose scope it is; None: everybody's. Raises Refused(NOT_FOUND)."""
    kind, _, name = scope.partition(":")
    if kind == kills.EVERYTHING:
        return None
    if kind == "user":
        return UUID(name)
    row = (Credential if kind == "account" else Grant).objects.filter(id=UUID(name)).first()
    if row is None:
        raise Refused(Code.NOT_FOUND, "No such user, account or bot.")
    return row.owner


def _credentials(scope: str) -> list[Credential]:
    kind, _, name = scope.partition(":")
    connected = Credential.objects.exclude(state=Credential.State.REMOVED)
    match kind:
        case kills.EVERYTHING:
            return list(connected)
        case "user":
            return list(connected.filter(owner=UUID(name)))
        case "account":
            return list(connected.filter(id=UUID(name)))
        case _:
            return list(connected.filter(grant=UUID(name)))


def grants_in(scope: str) -> list[Grant]:
    """Every grant of a scope, revoked or not."""
    kind, _, name = scope.partition(":")
    everyone = Grant.objects.select_related("credential").order_by("id")
    match kind:
        case kills.EVERYTHING:
            return list(everyone)
        case "user":
            return list(everyone.filter(owner=UUID(name)))
        case "account":
            return list(everyone.filter(credential=UUID(name)))
        case _:
            return list(everyone.filter(id=UUID(name)))
