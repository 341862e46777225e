"""Opening sealed forms: HPKE (RFC 9180) with DHKEM(P-256), HKDF-SHA256, AES-256-GCM.

Only the intake child calls this; only it can read the private key's file.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vault.hazmat import files
from vault.hazmat.secret import Secret

SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class CannotOpen(Exception):
    """The form was sealed to another key, for another owner or credential, or was changed on the way."""


def make_key(path: Path) -> None:
    """Make the intake key where there is none, and put its public half beside it."""
    if path.exists():
        return
    private, public = _pair()
    files.create(path, private)
    path.with_suffix(".pub").write_bytes(public)


def replace_key(path: Path) -> None:
    """A new intake key from now on. Raises FileNotFoundError where there was none."""
    private, public = _pair()
    files.replace(path, private)
    fresh = path.with_suffix(".pub.next")
    fresh.write_bytes(public)
    fresh.replace(path.with_suffix(".pub"))


def _pair() -> tuple[bytes, bytes]:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return private.private_numbers().private_value.to_bytes(32, "big"), public


def open_form(path: Path, sealed: bytes, info: bytes) -> Secret:
    """The plaintext of a form that was sealed with this `info`. Raises CannotOpen."""
    value = int.from_bytes(files.read(path).expose(), "big")
    private = ec.derive_private_key(value, ec.SECP256R1())
    try:
        return Secret(SUITE.decrypt(sealed, private, info))
    except (InvalidTag, ValueError) as why:
        raise CannotOpen from why
