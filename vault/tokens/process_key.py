"""The key of a process that is to be enrolled, in a file of its own."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.hazmat import files
from vault.messages.canonical import b64


def public_half(path: Path) -> str:
    """base64url of the Ed25519 public key of this 0600 file of 32 bytes, which is made where there is none.

    Raises Exposed (a PermissionError) when others can read the file.
    """
    if not path.exists():
        files.create(path, Ed25519PrivateKey.generate().private_bytes_raw())
    key = Ed25519PrivateKey.from_private_bytes(files.read(path).expose())
    return b64(key.public_key().public_bytes_raw())
