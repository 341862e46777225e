"""What the vault's pages say to the signer, and what it answers. An owner is known by the visit alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NoReturn
from uuid import UUID

import msgspec
from msgspec import Meta

from vault.messages.words import Key, Label, Word

Bytes = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,8000}\Z")]  # base64url
Subject = Annotated[str, Meta(max_length=1400)]


class Act(StrEnum):
    """What is signed for with a passkey."""

    SIGN_IN = "sign-in"
    APPROVE = "approve"  # subject: a grant's id, `@` and the digest of the version that was shown
    LIFT = "lift"  # subject: the scope of a kill
    CONFIRM = "confirm-key"  # subject: a key's id; its owner says that it cannot withdraw
    ADD = "add-passkey"
    REMOVE = "remove-passkey"  # subject: a passkey's id
    MAKE = "make-passkey"  # the new passkey's own challenge


class Assertion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an authenticator answered to a challenge."""

    ceremony: UUID
    passkey: Bytes
    client_data: Bytes
    authenticator_data: Bytes
    signature: Bytes


class OpenTicket(Word, frozen=True, kw_only=True):
    """The web sends somebody on to the pages: a visit for this owner, to be begun once, within a minute."""

    owner: UUID


class EnterByTicket(Word, frozen=True, kw_only=True):
    ticket: Key


class BeginSignIn(Word, frozen=True, kw_only=True):
    """A challenge for whoever has a passkey here."""


class EnterByPasskey(Word, frozen=True, kw_only=True):
    assertion: Assertion


class Begin(Word, frozen=True, kw_only=True):
    """A challenge for an act that takes the passkey of the visit's owner."""

    act: Act
    subject: Subject = ""


class Confirm(Word, frozen=True, kw_only=True):
    """Do what the challenge was asked for."""

    act: Act
    assertion: Assertion


class RedeemCode(Word, frozen=True, kw_only=True):
    """Begin making a passkey with a code from the vault's host."""

    code: Annotated[str, Meta(max_length=60)]


class AddPasskey(Word, frozen=True, kw_only=True):
    """The passkey that was made for this ceremony."""

    ceremony: UUID
    owner: UUID
    label: Label
    client_data: Bytes
    authenticator_data: Bytes


class LeaveVisit(Word, frozen=True, kw_only=True):
    """End the visit."""


class Look(Word, frozen=True, kw_only=True):
    """Everything that the pages show to the visit's owner."""


class TicketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    ticket: str
    seconds: int

    def __repr__(self) -> str:
        return f"<ticket for {self.seconds} s>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ticket is not pickled")


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    visit: str
    owner: str
    seconds: int

    def __repr__(self) -> str:
        return f"<visit of {self.owner}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a visit is not pickled")


class CeremonyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser's authenticator is asked. `passkeys`: whichever of these; for a new one: none of these."""

    ceremony: str
    challenge: str
    rp_id: str
    owner: str = ""
    passkeys: list[str] = []
    algorithms: list[int] = []


class DoneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`make`: the challenge for the new passkey, when that is what was asked for."""

    act: Act
    make: CeremonyAnswer | None = None


class LookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Of one owner. Rows for people to read."""

    owner: str
    public_key: str  # what keys are sealed to: see SealingAnswer
    exchanges: list[dict[str, Any]]
    credentials: list[dict[str, Any]]
    grants: list[dict[str, Any]]
    passkeys: list[dict[str, Any]]
    kills: list[dict[str, Any]]
