"""Checkpoints: what is signed, and the public keys that tell whether it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vault.audit.models import Checkpoint
from vault.messages.canonical import canonical, unb64

Keys = Mapping[int, str]  # the key's version: base64url of its 32 public bytes
_PURPOSE = "botplatform audit checkpoint"


def plain(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as it is exported."""
    return {
        "v": 1,
        "height": checkpoint.height,
        "digest": checkpoint.digest,
        "ledger_height": checkpoint.ledger_height,
        "ledger_digest": checkpoint.ledger_digest,
        "at": checkpoint.at.isoformat(),
        "key": checkpoint.key,
        "signature": checkpoint.signature,
    }


def signed_bytes(checkpoint: Mapping[str, Any]) -> bytes:
    """What the signature is over: all but itself and the number of its key, with what it is for."""
    words = {name: value for name, value in checkpoint.items() if name not in ("key", "signature")}
    return canonical({**words, "purpose": _PURPOSE})


def genuine(checkpoint: Mapping[str, Any], keys: Keys) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(unb64(keys[checkpoint["key"]]))
        key.verify(unb64(checkpoint["signature"]), signed_bytes(checkpoint))
    except (InvalidSignature, KeyError, ValueError, TypeError):
        return False
    return True


def keep_keys(path: Path, keys: Keys) -> None:
    """Write the public keys down where they can be taken from. Ones that were there stay."""
    known = {**read_keys(path), **keys}
    text = json.dumps({str(version): key for version, key in sorted(known.items())}, indent=1) + "\n"
    if not path.exists() or path.read_text() != text:
        aside = path.with_name(path.name + ".part")
        aside.write_text(text)
        aside.replace(path)


def read_keys(path: Path) -> dict[int, str]:
    """Raises ValueError for a file that is none of ours; an absent one has no keys."""
    if not path.exists():
        return {}
    return {int(version): str(key) for version, key in json.loads(path.read_text()).items()}
