"""Connecting, naming and removing exchange keys.

1. Announce: the signer issues the key's id and says what to seal to.
2. The sealed form comes in and goes, unopened, to the intake child, which puts the secret into the key store.
3. The signer asks the exchange what the key may do. One that can withdraw, or that cannot trade, is destroyed.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from vault import clock
from vault.audit import chain
from vault.custody import intake
from vault.grants.models import Credential, Grant
from vault.ledger import ledger
from vault.messages.answers import RightsAnswer, SealingAnswer
from vault.messages.canonical import b64
from vault.messages.refusals import Code, Refused, Retry
from vault.messages.words import AnnounceKey, ConnectKey, RemoveKey, RenameKey
from vault.service import rights
from vault.service.rights import Reading
from vault.service.signer import Signer
from vault.settings import VAULT


async def announce(signer: Signer, word: AnnounceKey) -> SealingAnswer:
    """Room for a key, and how to seal it. Raises Refused(EXCHANGE_NOT_ALLOWED)."""
    signer.venue(word.exchange)
    credential = await signer.database.run(_announce, word)
    return SealingAnswer(credential=str(credential.id), public_key=sealing_key())


def sealing_key() -> str:
    """The public half of the intake key."""
    return b64((VAULT.intake_folder / "intake.pub").read_bytes())


def _announce(word: AnnounceKey) -> Credential:
    now = clock.now()
    made = Credential.objects.create(
        id=uuid.uuid4(), owner=word.owner, exchange=word.exchange, label=word.label, announced_at=now
    )
    chain.append("key.announced", str(made.id), {"owner": str(word.owner), "exchange": word.exchange}, now=now)
    return made


async def connect(signer: Signer, word: ConnectKey) -> RightsAnswer:
    """The key's rights, once it is connected. Raises Refused when it is not, and then nothing of it is kept.

    Where the exchange does not tell whether it can withdraw, it waits for its owner to say so with a passkey.
    """
    with signer.alone_with(word.credential):
        credential = await signer.database.run(_awaiting, word)
        await take_in(word, credential)
        try:
            reading = await rights.read(signer, credential)
            reading.narrow_enough()
        except Refused as why:
            await let_go(signer, credential)
            await signer.database.run(_refused, credential, why)
            raise
        except Retry:
            # Nothing is known of the key's rights: it does not stay, and may be connected again.
            await let_go(signer, credential)
            raise
        await signer.database.run(_connected, credential, reading)
        return rights.answer(signer, credential, reading)


async def take_in(word: ConnectKey, credential: Credential) -> None:
    """Bring a sealed form into the key store under this credential's name. Raises Refused, Retry."""
    credential.api_key_sealed = await intake.connect(
        sealed=word.sealed, owner=str(word.owner), credential=str(word.credential), key_name=credential.key_name
    )


async def let_go(signer: Signer, credential: Credential) -> None:
    """Destroy what this credential's name holds in the key store. Raises Retry."""
    signer.forget(credential)
    await intake.remove(credential.key_name)


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


def _connected(credential: Credential, reading: Reading) -> None:
    now = clock.now()
    credential.state = Credential.State.READY if reading.told else Credential.State.WAITING
    credential.connected_at = now
    learn(credential, reading)
    told = {"ip_bound": reading.ip_bound, "waits": credential.state == Credential.State.WAITING}
    chain.append("key.connected", str(credential.id), told, now=now)


def learn(credential: Credential, reading: Reading) -> None:
    """Keep what the exchange says of it."""
    credential.ip_bound, credential.profile = reading.ip_bound, reading.profile
    ends = reading.expires
    credential.expires_at = None if ends is None else datetime.fromtimestamp(ends, UTC)
    learned = ["ip_bound", "profile", "expires_at"]
    credential.save(update_fields=[*learned, "state", "connected_at", "turn", "api_key_sealed"])


def waiting(owner: UUID, name: str) -> Credential:
    """This owner's key that waits for its owner's word. Inside a transaction. Raises Refused(NOT_FOUND)."""
    found = Credential.objects.filter(id=name, owner=owner, state=Credential.State.WAITING).first()
    if found is None:
        raise Refused(Code.NOT_FOUND, "No key of this owner waits for a word.")
    return found


def confirm(credential: Credential, evidence: dict[str, Any], *, now: datetime) -> None:
    """Its owner has said, with a passkey, that it cannot withdraw. Inside a transaction."""
    credential.state = Credential.State.READY
    credential.save(update_fields=["state"])
    chain.append("key.confirmed", str(credential.id), evidence, now=now)


async def rename(signer: Signer, word: RenameKey) -> None:
    """Raises Refused(NOT_FOUND)."""
    await signer.database.run(_rename, word)


def _rename(word: RenameKey) -> None:
    named = {"label": word.label}
    mine = Credential.objects.filter(id=word.credential, owner=word.owner).exclude(state=Credential.State.REMOVED)
    if not mine.update(**named):
        raise Refused(Code.NOT_FOUND, "No such key of this owner.")
    chain.append("key.renamed", str(word.credential), named, now=clock.now())


async def remove(signer: Signer, word: RemoveKey) -> None:
    """Destroy a key: its grants are revoked first, so that nothing is on its way when it goes."""
    with signer.alone_with(word.credential):
        credential = await signer.database.run(_removing, word)
        await let_go(signer, credential)
        await signer.database.run(_removed, credential)


def _removing(word: RemoveKey) -> Credential:
    now = clock.now()
    credential = Credential.objects.filter(id=word.credential, owner=word.owner).first()
    if credential is None:
        raise Refused(Code.NOT_FOUND, "No such key of this owner.")
    chain.append("key.removing", str(credential.id), {"owner": str(word.owner)}, now=now)
    for grant in Grant.objects.filter(credential=credential, revoked_at=None):
        grant.revoked_at, grant.epoch = now, grant.epoch + 1
        grant.save(update_fields=["revoked_at", "epoch"])
    return credential


def _removed(credential: Credential) -> None:
    now = clock.now()
    Credential.objects.filter(id=credential.id).update(state=Credential.State.REMOVED, api_key_sealed="")
    chain.append("key.removed", str(credential.id), {}, now=now)
    ledger.let_go(credential.id, now=now)
