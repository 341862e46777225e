"""What takes the owner's passkey: approving a grant, lifting a kill, adding and removing passkeys, signing in.

1. Begin: a challenge for one act on one subject, as both stand at that moment.
2. The authenticator signs it, on our own pages, having asked who is there.
3. Confirm: the challenge is used up, the answer is checked, the subject must stand as it did; then the act is done.

A first passkey takes a code that the host's command gives out (`python -m vault passkey-code OWNER`), never the web:
whoever can add a first passkey can approve every grant after it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.grants import grants
from vault.messages.passkeys import (
    Act,
    AddPasskey,
    Assertion,
    Begin,
    BeginSignIn,
    CeremonyAnswer,
    Confirm,
    DoneAnswer,
    EnterByPasskey,
    RedeemCode,
    VisitAnswer,
)
from vault.messages.refusals import Code, Refused
from vault.passkeys import ceremonies, cose, owners
from vault.passkeys.models import Ceremony, Passkey
from vault.passkeys.webauthn import Site
from vault.service import keys, kills, visits
from vault.service.signer import Signer
from vault.settings import VAULT


def code_from_host(owner: UUID) -> str:
    """A code for one more passkey of this owner. For the command line."""
    with transaction.atomic():
        now = clock.now()
        chain.append("passkey.code", str(owner), {"by": "host"}, now=now)
        return owners.code_for(owner, now=now)


def forget_from_host(owner: UUID) -> int:
    """Remove every passkey of an owner who has lost them; how many. For the command line."""
    with transaction.atomic():
        now, lost = clock.now(), owners.of(owner)
        for each in lost:
            _remove(each, by="host", now=now)
        return len(lost)


async def begin_sign_in(signer: Signer, _: BeginSignIn) -> CeremonyAnswer:
    return await signer.database.run(_begin, None, Act.SIGN_IN, {})


async def sign_in(signer: Signer, word: EnterByPasskey) -> VisitAnswer:
    """Raises Refused."""
    return await signer.database.decide(_sign_in, word)


def _sign_in(word: EnterByPasskey) -> VisitAnswer:
    _, passkey = _answered(Act.SIGN_IN, None, word.assertion)
    return visits.begun(passkey.owner, by="passkey")


async def begin(signer: Signer, owner: UUID, word: Begin) -> CeremonyAnswer:
    """Raises Refused, NOT_FOUND when the subject is not this owner's."""
    return await signer.database.run(lambda: _begin(owner, word.act, _subject(owner, word.act, word.subject)))


async def confirm(signer: Signer, owner: UUID, word: Confirm) -> DoneAnswer:
    """Raises Refused; then nothing was done, but the challenge is used up."""
    return await signer.database.decide(_confirm, owner, word)


def _confirm(owner: UUID, word: Confirm) -> DoneAnswer:
    ceremony, passkey = _answered(word.act, owner, word.assertion)
    subject = json.loads(ceremony.subject)
    if subject != _subject(owner, word.act, _name(word.act, subject)):
        raise Refused(Code.CEREMONY_OVER, "What you signed for has changed in the meantime.")
    evidence = {"passkey": passkey.id, "nonce": ceremony.nonce, "answer": msgspec.to_builtins(word.assertion)}
    make = _ACTS[word.act].do(owner, subject, evidence, clock.now())
    return DoneAnswer(act=word.act, make=make)


async def redeem(signer: Signer, word: RedeemCode) -> CeremonyAnswer:
    """The challenge for a new passkey, by a code of the host. Raises Refused(CODE_REFUSED)."""
    return await signer.database.run(_redeem, word)


def _redeem(word: RedeemCode) -> CeremonyAnswer:
    now = clock.now()
    owner = owners.redeem(word.code, now=now)
    chain.append("passkey.code_used", str(owner), {}, now=now)
    return _begin(owner, Act.MAKE, {})


async def add(signer: Signer, word: AddPasskey) -> DoneAnswer:
    """Raises Refused."""
    return await signer.database.decide(_add, word)


def _add(word: AddPasskey) -> DoneAnswer:
    now = clock.now()
    ceremony = ceremonies.use(word.ceremony, Act.MAKE, word.owner, now=now)
    made = owners.add(_site(), ceremony, word, now=now)
    chain.append("passkey.added", str(word.owner), {"passkey": made.id, "public": made.public}, now=now)
    return DoneAnswer(act=Act.MAKE)


def _begin(owner: UUID | None, act: Act, subject: Mapping[str, object]) -> CeremonyAnswer:
    known = [] if owner is None else [each.id for each in owners.of(owner)]
    if not known and act not in (Act.SIGN_IN, Act.MAKE):
        raise Refused(
            Code.PASSKEY_NEEDED, f"You have none yet. On the vault's host: `python -m vault passkey-code {owner}`."
        )
    ceremony = ceremonies.begin(act, owner, subject, now=clock.now())
    return CeremonyAnswer(
        ceremony=str(ceremony.id),
        challenge=ceremonies.challenge(ceremony),
        rp_id=_site().rp_id,
        owner="" if owner is None else str(owner),
        passkeys=known,
        algorithms=list(cose.ALGORITHMS),
    )


def _answered(act: Act, owner: UUID | None, word: Assertion) -> tuple[Ceremony, Passkey]:
    now = clock.now()
    ceremony = ceremonies.use(word.ceremony, act, owner, now=now)
    try:
        return ceremony, owners.used(_site(), ceremony, word, now=now)
    except Refused as why:
        if owner is not None:  # who is nobody yet could fill the chain
            chain.append("passkey.refused", str(owner), {"act": act, "why": why.detail}, now=now)
        raise


def _site() -> Site:
    return Site(VAULT.pages_site)


class _Act(msgspec.Struct, frozen=True):
    """`name`: which field of the subject names it. `see`: the subject as it stands. `do`: the act itself."""

    name: str
    see: Callable[[UUID, str], dict[str, Any]]
    do: Callable[[UUID, dict[str, Any], dict[str, Any], datetime], CeremonyAnswer | None]


def _subject(owner: UUID, act: Act, name: str) -> dict[str, Any]:
    if act not in _ACTS:
        raise Refused(Code.MALFORMED, "act: this one is begun elsewhere.")
    return _ACTS[act].see(owner, name)


def _name(act: Act, subject: Mapping[str, Any]) -> str:
    return str(subject.get(_ACTS[act].name, ""))


def _see_grant(owner: UUID, name: str) -> dict[str, Any]:
    """`name` says which text was shown: whoever can write a grant must not be able to change it under the reader."""
    grant, _, seen = name.partition("@")
    row = grants.newest(_uuid(grant), owner)
    if not hmac.compare_digest(seen.encode(), row.digest.encode()):
        raise Refused(Code.CEREMONY_OVER, "It has changed since it was shown. Read it again.")
    return {"shown": name, "grant": str(row.grant_id), "version": row.version, "text": row.canonical}


def _approve(_owner: UUID, subject: dict[str, Any], evidence: dict[str, Any], now: datetime) -> None:
    grants.approve(UUID(subject["grant"]), subject["version"], evidence, now=now)
    body = {"version": subject["version"], **evidence}
    chain.append("grant.approved", subject["grant"], body, now=now)


def _see_kills(owner: UUID, name: str) -> dict[str, Any]:
    return {"scope": name, "epochs": kills.epochs_of(owner, name)}


def _lift(owner: UUID, subject: dict[str, Any], evidence: dict[str, Any], now: datetime) -> None:
    kills.lift_by_passkey(owner, subject["scope"], evidence, now=now)


def _see_key(owner: UUID, name: str) -> dict[str, Any]:
    key = keys.waiting(owner, str(_uuid(name)))
    return {"key": name, "exchange": key.exchange, "label": key.label}


def _say(owner: UUID, subject: dict[str, Any], evidence: dict[str, Any], now: datetime) -> None:
    keys.confirm(keys.waiting(owner, subject["key"]), evidence, now=now)


def _see_nothing(_owner: UUID, _name: str) -> dict[str, Any]:
    return {}


def _make(owner: UUID, _subject: dict[str, Any], evidence: dict[str, Any], now: datetime) -> CeremonyAnswer:
    chain.append("passkey.adding", str(owner), evidence, now=now)
    return _begin(owner, Act.MAKE, {})


def _see_passkey(owner: UUID, name: str) -> dict[str, Any]:
    if name not in [each.id for each in owners.of(owner)]:
        raise Refused(Code.NOT_FOUND, "No such passkey of this owner.")
    return {"passkey": name}


def _forget(_owner: UUID, subject: dict[str, Any], evidence: dict[str, Any], now: datetime) -> None:
    _remove(Passkey.objects.get(id=subject["passkey"]), by=str(evidence["passkey"]), now=now)


def _remove(row: Passkey, *, by: str, now: datetime) -> None:
    chain.append("passkey.removed", str(row.owner), {"passkey": row.id, "by": by}, now=now)
    row.removed_at = now
    row.save(update_fields=["removed_at"])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as why:
        raise Refused(Code.NOT_FOUND, "There is no such thing here.") from why


_ACTS = {
    Act.APPROVE: _Act("shown", _see_grant, _approve),
    Act.LIFT: _Act("scope", _see_kills, _lift),
    Act.CONFIRM: _Act("key", _see_key, _say),
    Act.ADD: _Act("", _see_nothing, _make),
    Act.REMOVE: _Act("passkey", _see_passkey, _forget),
}
