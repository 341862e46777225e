"""Samples in the database, so that a fresh signer is not blind. Run inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from vault.messages.canonical import canonical
from vault.messages.money import written
from vault.prices.board import WINDOW
from vault.prices.models import Sample


def keep(exchange: str, minute: int, middles: Mapping[str, Decimal]) -> None:
    """Write a minute down, and forget those that no median needs."""
    text = canonical({symbol: written(price) for symbol, price in middles.items()}).decode()
    Sample.objects.get_or_create(exchange=exchange, minute=minute, defaults={"prices": text})
    Sample.objects.filter(exchange=exchange, minute__lt=minute - 2 * WINDOW).delete()


def forget_after(minute: int) -> None:
    """Minutes that have not come yet: a clock that ran ahead wrote them."""
    Sample.objects.filter(minute__gt=minute).delete()


def kept(exchange: str) -> Iterator[tuple[int, dict[str, Decimal]]]:
    """The minutes that were written down, oldest first: even old ones say what the last known price was."""
    for row in Sample.objects.filter(exchange=exchange).order_by("minute"):
        yield (
            row.minute,
            {symbol: Decimal(price) for symbol, price in msgspec.json.decode(row.prices, type=dict[str, str]).items()},
        )
