"""Signed texts (RFC 7515, compact) of the one kind that the vault takes: EdDSA with Ed25519, nothing to negotiate."""

from __future__ import annotations

import binascii
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec
from nacl.bindings import crypto_sign_BYTES, crypto_sign_open, crypto_sign_PUBLICKEYBYTES
from nacl.exceptions import BadSignatureError

from vault.messages.canonical import unb64

T = TypeVar("T")


class Unsigned(Exception):
    """It is not a signed text of this kind, or not by this key."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A public Ed25519 key, as a header carries it (RFC 8037). `x`: base64url of its 32 bytes."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the claims. Extensions that must be understood (`crit`) are none of ours."""

    alg: Literal["EdDSA"]
    typ: str
    jwk: Key | None = None
    crit: Any = msgspec.UNSET


_HEADERS = msgspec.json.Decoder(Header)
_SHORT = 400  # characters; what is longer is read each time, so that nobody fills the memory with it


def header(text: str) -> Header:
    """What a signed text says of itself; nothing of it is proven. Raises Unsigned."""
    written = text.partition(".")[0]
    return _known(written) if len(written) <= _SHORT else _read(written)


def _read(written: str) -> Header:
    try:
        read = _HEADERS.decode(unb64(written))
    except (ValueError, RecursionError) as why:
        raise Unsigned from why
    if read.crit is not msgspec.UNSET:
        raise Unsigned
    return read


_known = lru_cache(maxsize=1024)(_read)  # all proofs by one key begin with the same


def claims(text: str, key: bytes, typ: str, decoder: msgspec.json.Decoder[T]) -> T:
    """The claims of a text of this type that this public key, 32 bytes, has signed. Raises Unsigned."""
    if header(text).typ != typ:
        raise Unsigned
    signed, _, signature = text.rpartition(".")
    try:
        crypto_sign_open(_signature(signature) + signed.encode("ascii"), key)
        return decoder.decode(unb64(signed.partition(".")[2]))
    except (BadSignatureError, binascii.Error, msgspec.MsgspecError, ValueError, RecursionError) as why:
        raise Unsigned from why


@lru_cache(maxsize=1024)
def public_key(x: str) -> bytes:
    """The key of these 32 bytes in base64url. Raises Unsigned."""
    try:
        key = unb64(x)
    except ValueError as why:
        raise Unsigned from why
    if len(key) != crypto_sign_PUBLICKEYBYTES:
        raise Unsigned
    return key


def _signature(text: str) -> bytes:
    """Raises ValueError: a shorter or longer one would take from what is signed, or give to it."""
    signature = unb64(text)
    if len(signature) != crypto_sign_BYTES:
        raise ValueError
    return signature
