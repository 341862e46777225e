"""Connecting and removing exchange keys.

1. Announce: the signer issues the key's id and says what to seal to.
2. The sealed form comes in and goes, unopened, to the intake child, which puts the secret into the key store.
3. The signer asks the exchange what the key may do. One that can withdraw, or that cannot trade, is destroyed.
"""

from __future__ import annotations

import uuid
from typing import Any

from vault import clock
from vault.audit import chain
from vault.custody import intake
from vault.grants.models import Credential, Grant
from vault.ledger import ledger
from vault.messages.answers import RightsAnswer, SealingAnswer
from vault.messages.canonical import b64
from vault.messages.refusals import Code, Refused, Retry
from vault.messages.words import AnnounceKey, ConnectKey, RemoveKey
from vault.service import sending
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance


async def announce(signer: Signer, word: AnnounceKey) -> SealingAnswer:
    """Room for a key, and how to seal it. Raises Refused(EXCHANGE_NOT_ALLOWED)."""
    signer.venue(word.exchange)
    public = (VAULT.intake_folder / "intake.pub").read_bytes()
    credential = await signer.database.run(_announce, word)
    return SealingAnswer(credential=str(credential.id), public_key=b64(public))


def _announce(word: AnnounceKey) -> Credential:
    now = clock.now()
    made = Credential.objects.create(
        id=uuid.uuid4(), owner=word.owner, exchange=word.exchange, label=word.label, announced_at=now
    )
    chain.append("key.announced", str(made.id), {"owner": str(word.owner), "exchange": word.exchange}, now=now)
    return made


async def connect(signer: Signer, word: ConnectKey) -> RightsAnswer:
    """The key's rights, once it is connected. Raises Refused when it is not, and then nothing of it is kept."""
    with signer.alone_with(word.credential):
        credential = await signer.database.run(_awaiting, word)
        credential.api_key_sealed = await intake.connect(
            sealed=word.sealed, owner=str(word.owner), credential=str(word.credential), key_name=credential.key_name
        )
        try:
            rights = await _rights(signer, credential)
            _narrow_enough(rights)
        except Refused as why:
            signer.forget(credential.id)
            await intake.remove(credential.key_name)
            await signer.database.run(_refused, credential, why)
            raise
        except Retry:
            # Nothing is known of the key's rights: it does not stay, and may be connected again.
            signer.forget(credential.id)
            await intake.remove(credential.key_name)
            raise
        await signer.database.run(_ready, credential, rights)
        return rights


def _awaiting(word: ConnectKey) -> Credential:
    credential = Credential.objects.filter(
        id=word.credential, owner=word.owner, state=Credential.State.ANNOUNCED
    ).first()
    if credential is None:
        raise Refused(Code.NOT_FOUND, "No key of this owner waits to be connected under that id.")
    chain.append("key.sealed_form", str(credential.id), {"owner": str(word.owner)}, now=clock.now())
    return credential


def _refused(credential: Credential, why: Refused) -> None:
    Credential.objects.filter(id=credential.id).update(state=Credential.State.REMOVED)
    chain.append("key.refused", str(credential.id), {"code": why.code}, now=clock.now())


def _ready(credential: Credential, rights: RightsAnswer) -> None:
    credential.state = Credential.State.READY
    credential.ip_bound = rights.ip_bound
    credential.connected_at = clock.now()
    credential.save()
    chain.append("key.connected", str(credential.id), {"ip_bound": rights.ip_bound}, now=clock.now())


def _narrow_enough(rights: RightsAnswer) -> None:
    if rights.withdrawing is not False:  # an exchange that does not tell is not let in until owners can confirm it
        raise Refused(Code.KEY_CAN_WITHDRAW)
    if rights.trading is False:
        raise Refused(Code.KEY_CANNOT_TRADE)


async def _rights(signer: Signer, credential: Credential) -> RightsAnswer:
    try:
        answer: dict[str, Any] = await sending.ask(signer, credential, binance.key_rights())
    except Refused as why:
        if why.code is Code.EXCHANGE_REFUSED:
            raise Refused(Code.KEY_REFUSED_BY_EXCHANGE, why.detail) from why
        raise
    return RightsAnswer(
        credential=str(credential.id),
        label=credential.label,
        reading=answer.get("enableReading"),
        trading=answer.get("enableSpotAndMarginTrading"),
        withdrawing=answer.get("enableWithdrawals"),
        ip_bound=answer.get("ipRestrict"),
    )


async def remove(signer: Signer, word: RemoveKey) -> None:
    """Destroy a key: its grants are revoked first, so that nothing is on its way when it goes."""
    with signer.alone_with(word.credential):
        credential = await signer.database.run(_removing, word)
        signer.forget(credential.id)
        await intake.remove(credential.key_name)
        await signer.database.run(_removed, credential)


def _removing(word: RemoveKey) -> Credential:
    now = clock.now()
    credential = Credential.objects.filter(id=word.credential, owner=word.owner).first()
    if credential is None:
        raise Refused(Code.NOT_FOUND, "No such key of this owner.")
    chain.append("key.removing", str(credential.id), {"owner": str(word.owner)}, now=now)
    for grant in Grant.objects.filter(credential=credential, revoked_at=None):
        grant.revoked_at, grant.epoch = now, grant.epoch + 1
        grant.save()
    return credential


def _removed(credential: Credential) -> None:
    now = clock.now()
    Credential.objects.filter(id=credential.id).update(state=Credential.State.REMOVED, api_key_sealed="")
    chain.append("key.removed", str(credential.id), {}, now=now)
    ledger.let_go(credential.id, now=now)
