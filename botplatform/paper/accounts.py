"""Accounts, their balances and their keys."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from decimal import Decimal

from botplatform.paper.money import ZERO

HOUSE = 0  # the market maker: its balances may go below zero
FEES = -1  # where commissions go
RIGHTS = frozenset({"read", "trade", "withdraw"})

_ALPHABET = string.ascii_letters + string.digits


@dataclass(slots=True)
class Balance:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class Account:
    """One customer. `maker` and `taker` are commission rates: 0.001 is 0.1 %."""

    id: int
    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    balances: dict[str, Balance] = field(default_factory=dict)

    def balance(self, asset: str) -> Balance:
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key; whoever has the secret may do what `rights` name, from the addresses in `ips` if there are any."""

    key: str
    secret: str = field(repr=False)
    account: int
    rights: frozenset[str]
    created: int
    ips: tuple[str, ...] = ()


def random_key() -> str:
    """64 letters and digits, like Binance's."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(64))
