"""One way to write a value down, so that a hash of it means the value."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")
_LEAVES = frozenset({str, int, bool, type(None)})
_PARTED = frozenset({dict, list, tuple})
_URL_SAFE = str.maketrans("-_", "+/")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no white space, UTF-8. Floats are refused: money is a decimal string.

    A msgspec Struct is written as its fields. Raises TypeError for a float.
    """
    plain = msgspec.to_builtins(value)
    _refuse_floats(plain)
    return _ENCODER.encode(plain)


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


def b64(data: bytes) -> str:
    """Unpadded base64url, as JSON Web Tokens write bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of unpadded base64url. Raises ValueError."""
    padded = text + "=" * (-len(text) % 4)
    return binascii.a2b_base64(padded.translate(_URL_SAFE), strict_mode=True)


def body_hash(body: bytes) -> str:
    """base64url SHA-256 of a request's body, as a proof names it."""
    return b64(hashlib.sha256(body).digest())


def _refuse_floats(value: Any) -> None:
    """In what `to_builtins` has made: nothing derived from what JSON knows."""
    kind = type(value)
    if kind is float:
        raise TypeError("A float has no canonical form; write the number as a decimal string.")
    if kind in _PARTED:
        parts = value.values() if kind is dict else value
        if not _LEAVES.issuperset(map(type, parts)):
            for each in parts:
                if type(each) not in _LEAVES:
                    _refuse_floats(each)
