"""Client order ids: derived, so that nobody can choose, burn or guess one."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache

from vault.ledger.models import Installation
from vault.messages.canonical import canonical
from vault.messages.words import Identity

PREFIX = "bp"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in lower case
_SHIFTS = range(125, -1, -5)


@lru_cache(maxsize=1)
def installation() -> str:
    """This installation's id, 32 hex digits; made the first time."""
    row, _ = Installation.objects.get_or_create(id=1, defaults={"key": secrets.token_hex(16)})
    return row.key


def client_order_id(identity: Identity, installation_id: str) -> str:
    """`bp`, four characters of the installation, then 128 bits of the identity: 32 lower-case letters and digits.

    That fits every exchange that takes client order ids of 32 characters or more.
    """
    words = {
        "installation": installation_id,
        "grant": identity.grant,
        "deal": identity.deal,
        "name": identity.name,
        "generation": identity.generation,
    }
    bits = hashlib.sha256(b"client order id v1\0" + canonical(words)).digest()[:16]
    number = int.from_bytes(bits) << 2  # 26 characters of 5 bits each have room for two more
    return prefix(installation_id) + "".join([_BASE32[number >> shift & 31] for shift in _SHIFTS])


def prefix(installation_id: str) -> str:
    """What all client order ids of this installation begin with."""
    return PREFIX + installation_id[:4]
