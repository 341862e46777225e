"""What binds a sealed form to its owner and its credential."""

from __future__ import annotations


def info(owner: str, credential: str) -> bytes:
    """HPKE's `info`: the purpose, then owner and credential id, each with its length in two bytes before it."""
    parts = [b"botplatform intake v1", owner.encode(), credential.encode()]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)
