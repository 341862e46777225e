"""Somebody outside the database who knows how far it had come.

Every few seconds, and at once after a revocation or a kill:

1. Read the heads (height and digest) of audit and ledger.
2. If they have moved, write them to the key store by compare-and-set. Who loses that is its signer no more.
3. Where it is due, have the key store sign a checkpoint, and append it.
4. Keep the time that it is: a clock that is set back is noticed after a restart, too.

At the start the database is held against the head that the key store has. One that lacks it is older: a backup, or
rolled back by somebody. Then the signer is in recovery until a person says go (`python -m vault recover`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from django.db import transaction

from vault import clock
from vault.audit import chain, checkpoints
from vault.audit.models import Checkpoint, Entry, Mark
from vault.custody.session import Overtaken
from vault.ledger import ledger
from vault.ledger.models import Event, Installation
from vault.messages.canonical import b64
from vault.messages.refusals import SENTENCES, Code, Refused, Retry
from vault.service.signer import Signer
from vault.service.standing import STEP_BACK, WAY_OUT, Mode
from vault.settings import VAULT
from vault.tokens import leases

log = logging.getLogger(__name__)

CHECKPOINT_ENTRIES = 1000
LOOKS_FIRST = timedelta(days=7)  # how long a runner may take to ask again for what the lost past had sent
_KEEP_TIME = 5.0  # seconds
_FAR = 1_000_000  # further than anything can have been told in the part that was lost
_ENTERED, _ACCEPTED = "recovery.entered", "recovery.accepted"


class NothingToRecover(Exception):
    """The signer did not find that the database is older than its head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    audit: tuple[int, str]
    ledger: tuple[int, str]

    def words(self) -> dict[str, Any]:
        return {
            name: {"height": height, "digest": digest}
            for name, (height, digest) in (("audit", self.audit), ("ledger", self.ledger))
        }

    @classmethod
    def kept(cls, words: dict[str, Any]) -> Heads:
        def one(name: str) -> tuple[int, str]:
            return int(words[name]["height"]), str(words[name]["digest"])

        return cls(audit=one("audit"), ledger=one("ledger"))


class Witness:
    """One a signer. `begin` before anything is signed, then `watch`."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._name = secrets.token_hex(16)
        self._version = 0
        self._written: Heads | None = None
        self._checkpoint_at = 0.0
        self._checkpointed = 0
        self._time_kept = 0.0

    async def begin(self) -> None:
        """Hold the database against the head, and take the head over. Raises Retry."""
        mark = await self._signer.database.run(_mark)
        if mark is not None:
            clock.remember(mark)
            if clock.behind() > STEP_BACK:
                log.critical("%s It is %.0f s behind. %s", SENTENCES[Code.CLOCK_BEHIND], clock.behind(), WAY_OUT)
        public = {version: b64(key) for version, key in (await self._signer.keystore.checkpoint_keys()).items()}
        checkpoints.keep_keys(VAULT.checkpoint_keys, public)
        kept = await self._signer.keystore.read_head()
        self._version = kept.version
        if kept.words and not await self._signer.database.run(_has_come_as_far_as, Heads.kept(kept.words), kept.words):
            self._signer.standing.mode = Mode.RECOVERY
            log.critical(SENTENCES[Code.IN_RECOVERY])
            return
        await self._write(await self._signer.database.run(_heads))
        self._signer.standing.looks_first_until = await self._signer.database.run(_looks_first_until)

    async def watch(self) -> NoReturn:
        """For ever; what fails is told in the log and tried again."""
        while True:
            try:
                await asyncio.wait_for(self._signer.witnessed.wait(), VAULT.head_seconds)
                due = True
            except TimeoutError:
                due = False
            self._signer.witnessed.clear()
            try:
                await self._turn(due)
            except (Retry, Refused) as why:
                log.warning("the heads were not written: %s", why)
            except Exception:
                log.exception("the heads were not written; trying again")

    async def _turn(self, due: bool) -> None:  # noqa: FBT001 - whether a checkpoint is due at once
        standing = self._signer.standing
        if standing.mode is Mode.OVERTAKEN:
            return
        await self._keep_time()
        if standing.mode is Mode.RECOVERY:
            await self._out_of_recovery()
            return
        heads = await self._signer.database.run(_heads)
        if heads == self._written:
            await self._whose_is_it()  # who has nothing to write would not notice that somebody else has
        else:
            standing.head_late_since = standing.head_late_since or clock.monotonic()
            await self._write(heads)
        late = clock.monotonic() - self._checkpoint_at > VAULT.checkpoint_seconds
        many = heads.audit[0] - self._checkpointed >= CHECKPOINT_ENTRIES
        if heads.audit[0] > self._checkpointed and (due or late or many):
            await self._checkpoint(heads)

    async def _write(self, heads: Heads) -> None:
        words = {**heads.words(), "signer": self._name, "at": clock.now().isoformat(), "v": 1}
        try:
            self._version = await self._signer.keystore.write_head(words, self._version)
        except Overtaken:
            await self._whose_is_it()
            return
        self._written = heads
        self._signer.standing.head_late_since = None

    async def _whose_is_it(self) -> None:
        """Another's, and then we sign nothing more; or our own, maybe one whose answer was lost."""
        kept = await self._signer.keystore.read_head()
        if kept.words.get("signer") != self._name:
            self._signer.standing.mode = Mode.OVERTAKEN
            log.critical(SENTENCES[Code.OVERTAKEN])
            return
        self._version, self._written = kept.version, Heads.kept(kept.words)

    async def _checkpoint(self, heads: Heads) -> None:
        made = Checkpoint(
            height=heads.audit[0],
            digest=heads.audit[1],
            ledger_height=heads.ledger[0],
            ledger_digest=heads.ledger[1],
            at=clock.now(),
        )
        payload = checkpoints.signed_bytes(checkpoints.plain(made))
        made.key, signature = await self._signer.keystore.sign_checkpoint(payload)
        made.signature = b64(signature)
        await self._signer.database.run(_append, made)
        self._checkpointed, self._checkpoint_at = made.height, clock.monotonic()

    async def _keep_time(self) -> None:
        runs = clock.behind() <= 0.1 and self._signer.standing.clock_agrees  # noqa: PLR2004 - seconds
        if runs and clock.monotonic() - self._time_kept > _KEEP_TIME:
            await self._signer.database.run(_keep_time)
            self._time_kept = clock.monotonic()

    async def _out_of_recovery(self) -> None:
        if not await self._signer.database.run(_accepted):
            return
        await self._write(await self._signer.database.run(_heads))
        if self._signer.standing.mode is Mode.RECOVERY:
            self._signer.standing.looks_first_until = await self._signer.database.run(_looks_first_until)
            self._signer.standing.mode = Mode.NORMAL
            log.warning("a person has ended the recovery")


def _heads() -> Heads:
    return Heads(audit=chain.head(), ledger=ledger.head())


def _mark() -> Any:
    return Mark.objects.values_list("at", flat=True).first()


def _keep_time() -> None:
    Mark.objects.update_or_create(id=1, defaults={"at": clock.now()})


def _append(made: Checkpoint) -> None:
    if not Checkpoint.objects.filter(height=made.height).exists():
        made.save(force_insert=True)


def _has_come_as_far_as(heads: Heads, words: dict[str, Any]) -> bool:
    """Whether the database has what the head was made over. If not, that is written down, once."""
    audit, events = heads.audit, heads.ledger
    known = not audit[0] or Entry.objects.filter(height=audit[0], digest=audit[1]).exists()
    booked = not events[0] or Event.objects.filter(seq=events[0], digest=events[1]).exists()
    if known and booked:
        return True
    entered = Entry.objects.filter(chain.of_kind(_ENTERED), subject=audit[1]).order_by("-height").first()
    if entered is not None and _closed(entered):
        return True
    if entered is None:
        body = {"kept": words, "found": _heads().words()}
        chain.append(_ENTERED, audit[1], body, now=clock.now())
    return False


def _closed(entered: Entry) -> bool:
    return Entry.objects.filter(chain.of_kind(_ACCEPTED), opens=entered.height).exists()


def _accepted() -> bool:
    entered = Entry.objects.filter(chain.of_kind(_ENTERED)).order_by("-height").first()
    return entered is not None and _closed(entered)


def _looks_first_until() -> Any:
    accepted = Entry.objects.filter(chain.of_kind(_ACCEPTED)).order_by("-height").first()
    return None if accepted is None else accepted.at + LOOKS_FIRST


def recover() -> dict[str, Any]:
    """A person says go: what was kept and what was found. Raises NothingToRecover. For the command line.

    Fences and event numbers continue far above whatever the lost part may have given out, so that nothing from then
    is taken for something from now.
    """
    import json

    with transaction.atomic():
        entered = Entry.objects.filter(chain.of_kind(_ENTERED)).order_by("-height").first()
        if entered is None or _closed(entered):
            raise NothingToRecover("The signer is not in recovery.")
        body: dict[str, Any] = json.loads(entered.body)
        leases.end_all(now=clock.now(), further=_FAR)
        Installation.objects.update(first_event=int(body["kept"]["ledger"]["height"]) + _FAR)
        chain.append(_ACCEPTED, entered.subject, {"entered": entered.height}, now=clock.now(), closes=entered)
    return body
