"""Replacing a key by a newer one of the same account. Grants, orders and bots stay as they are.

The new one is brought in beside the old one and looked at first; while it is not found good, the old one is used.
"""

from __future__ import annotations

import copy
import logging

from vault import clock
from vault.audit import chain
from vault.grants.models import Credential
from vault.messages.answers import RightsAnswer
from vault.messages.refusals import Code, Refused, Retry
from vault.messages.words import RotateKey
from vault.service import keys, rights
from vault.service.rights import Reading
from vault.service.signer import Signer

log = logging.getLogger(__name__)


async def rotate(signer: Signer, word: RotateKey) -> RightsAnswer:
    """The new key's rights, once it is in its place. Raises Refused, Retry; then the old one is as it was."""
    with signer.alone_with(word.credential):
        old = await signer.database.run(_connected, word)
        profile = old.profile or (await rights.read(signer, old)).profile
        new = copy.copy(old)
        new.turn = old.turn + 1
        await keys.take_in(word, new)
        try:
            reading = await rights.read(signer, new)
            reading.narrow_enough()
            _of_the_same_account(reading, profile)
        except Refused as why:
            await keys.let_go(signer, new)
            await signer.database.run(_refused, new, why)
            raise
        except Retry:
            await keys.let_go(signer, new)
            raise
        await signer.database.run(_rotated, new, reading)
        try:
            await keys.let_go(signer, old)
        except Retry as why:
            log.warning("the key that was replaced stays in the key store, unused: %s", why)
        return rights.answer(signer, new, reading)


def _of_the_same_account(reading: Reading, profile: str) -> None:
    """A grant was approved for one account: another one's key must not slip in under it."""
    if not reading.told or not profile:
        raise Refused(Code.KEY_RIGHTS_UNKNOWN)
    if reading.profile != profile:
        raise Refused(Code.KEY_OF_ANOTHER_ACCOUNT)


def _connected(word: RotateKey) -> Credential:
    credential = Credential.objects.filter(id=word.credential, owner=word.owner, state=Credential.State.READY).first()
    if credential is None:
        raise Refused(Code.NOT_FOUND, "No connected key of this owner under that id.")
    chain.append("key.rotating", str(credential.id), {"turn": credential.turn + 1}, now=clock.now())
    return credential


def _refused(credential: Credential, why: Refused) -> None:
    told = {"turn": credential.turn, "code": why.code}
    chain.append("key.rotation_refused", str(credential.id), told, now=clock.now())


def _rotated(credential: Credential, reading: Reading) -> None:
    keys.learn(credential, reading)
    chain.append("key.rotated", str(credential.id), {"turn": credential.turn}, now=clock.now())
