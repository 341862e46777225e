"""Checking what authenticators say (W3C Web Authentication, level 2), for attestation `none`.

Everything that the browser and the authenticator vouch for is checked here: the kind of ceremony, our challenge, our
origin and no frame around it, our relying party, that a person was there and was verified, the signature, the counter.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature

from vault.messages.canonical import unb64
from vault.messages.refusals import Code, Refused
from vault.passkeys import cose

_PRESENT, _VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP, _HAS_KEY, _HAS_EXTENSIONS = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_FIXED = 37  # hash of the relying party's id, flags, counter
_LONGEST_ID = 1023


@dataclass(frozen=True, slots=True)
class Site:
    """Where our pages are. The relying party is their host, so nothing but the origin tells its ports apart."""

    origin: str

    @property
    def rp_id(self) -> str:
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What an authenticator made."""

    id: bytes
    public: bytes  # COSE
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An authenticator's answer to a challenge."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes


class _ClientData(msgspec.Struct, frozen=True, rename="camel"):
    """What the browser says. Browsers add members of their own at will: those are not looked at."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False
    top_origin: str | None = None


def made(site: Site, challenge: str, client_data: bytes, authenticator_data: bytes) -> NewKey:
    """The passkey that was made for this challenge. Raises Refused(PASSKEY_REFUSED)."""
    _check_client(site, "webauthn.create", challenge, client_data)
    flags, count = _check_authenticator(site, authenticator_data)
    rest = authenticator_data[_FIXED:]
    length = int.from_bytes(rest[16:18], "big")
    identity, key = rest[18 : 18 + length], rest[18 + length :]
    if not flags & _HAS_KEY or not 0 < length <= _LONGEST_ID or len(identity) != length:
        raise _no("it brings no key")
    try:
        _, end = cose.read_map(key)
        cose.check(key[:end])
    except cose.BadKey as why:
        raise _no(str(why)) from why
    if len(key) != end and not flags & _HAS_EXTENSIONS:
        raise _no("something follows the key")
    return NewKey(id=identity, public=key[:end], count=count)


def used(site: Site, challenge: str, said: Said, *, public: bytes, count: int) -> int:
    """The passkey's new counter, when its holder has signed this challenge. Raises Refused(PASSKEY_REFUSED)."""
    _check_client(site, "webauthn.get", challenge, said.client_data)
    _, counted = _check_authenticator(site, said.authenticator_data)
    try:
        signed = said.authenticator_data + hashlib.sha256(said.client_data).digest()
        cose.verify(public, said.signature, signed)
    except (InvalidSignature, cose.BadKey) as why:
        raise _no("the signature is not the passkey's") from why
    # An authenticator that counts never repeats itself: a counter that stands still is a copy's.
    if (counted or count) and counted <= count:
        raise _no("its counter went backwards: there may be a copy of it")
    return counted


def _check_client(site: Site, kind: str, challenge: str, data: bytes) -> None:
    try:
        said = msgspec.json.decode(data, type=_ClientData)
        answered = unb64(said.challenge)
    except (msgspec.DecodeError, ValueError, RecursionError) as why:
        raise _no("the browser's words cannot be read") from why
    if said.type != kind:
        raise _no("it was made for something else")
    if not hmac.compare_digest(answered, unb64(challenge)):
        raise _no("it answers another challenge")
    if said.origin != site.origin or said.cross_origin or said.top_origin is not None:
        raise _no("it was made on another page")


def _check_authenticator(site: Site, data: bytes) -> tuple[int, int]:
    if len(data) < _FIXED:
        raise _no("the authenticator's words end early")
    if not hmac.compare_digest(data[:32], hashlib.sha256(site.rp_id.encode()).digest()):
        raise _no("it belongs to another site")
    flags = data[32]
    if not flags & _PRESENT or not flags & _VERIFIED:
        raise _no("the authenticator did not ask who is there (PIN, finger or face)")
    if flags & _BACKED_UP and not flags & _BACKUP_ELIGIBLE:
        raise _no("the authenticator contradicts itself")
    return flags, int.from_bytes(data[33:37], "big")


def _no(why: str) -> Refused:
    return Refused(Code.PASSKEY_REFUSED, f"{why[0].upper()}{why[1:]}.")
