"""The signer's own Ed25519 key: it signs tokens, never an exchange's request."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.hazmat import files


class TokenKey:
    """Signs and knows its public half; shows nothing else."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()  # 32 bytes

    @classmethod
    def load(cls, path: Path) -> TokenKey:
        return cls(Ed25519PrivateKey.from_private_bytes(files.read(path).expose()))

    @staticmethod
    def make(path: Path) -> None:
        """Make the key file where there is none."""
        if not path.exists():
            files.create(path, Ed25519PrivateKey.generate().private_bytes_raw())

    @staticmethod
    def replace(path: Path) -> None:
        """A new key from now on. Raises FileNotFoundError where there was none."""
        files.replace(path, Ed25519PrivateKey.generate().private_bytes_raw())

    def expose(self) -> Ed25519PrivateKey:
        """For the token library, which signs with the key object."""
        return self._private

    def __repr__(self) -> str:
        return "<token key>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")
