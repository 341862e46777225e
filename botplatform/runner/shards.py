"""Which shard runs a bot: all bots of an account in the same one."""

from __future__ import annotations

import zlib
from uuid import UUID

from django.conf import settings


def shard_of(account: UUID) -> str:
    return f"shard-{zlib.crc32(account.bytes) % settings.ENVIRONMENT.shards}"


def all_shards() -> list[str]:
    return [f"shard-{number}" for number in range(settings.ENVIRONMENT.shards)]
