"""What the signer answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NoReturn
from uuid import UUID

import msgspec


class State(StrEnum):
    """Where an order stands in the signer's ledger."""

    SENDING = "sending"  # checked and written down; from here on it may exist
    ACCEPTED = "accepted"  # the exchange has it
    UNKNOWN = "unknown"  # it may exist; being looked up
    ABSENT = "absent"  # proven never to have arrived
    REJECTED = "rejected"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def over(self) -> bool:
        """Whether nothing more can trade under it, so that the next generation may be placed."""
        return self in _OVER


_OVER = frozenset({State.ABSENT, State.REJECTED, State.FILLED, State.CANCELLED, State.EXPIRED})


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the ledger has it. Amounts are decimal strings; `filled` counts booked trades only."""

    grant: UUID
    deal: UUID
    name: str
    generation: int
    market: str
    side: str
    type: str
    amount: str
    price: str
    state: State
    client_order_id: str
    filled: str
    reason: str = ""
    cancelling: bool = False


class TradeWord(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of one order, told once."""

    trade_id: str
    amount: str
    price: str
    fee: str
    fee_asset: str
    at: int  # milliseconds since 1970
    maker: bool


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an order; numbered in the order in which the signer learned it."""

    seq: int
    order: OrderAnswer
    trade: TradeWord | None = None


class Events(msgspec.Struct, frozen=True, kw_only=True):
    events: list[Event]
    more: bool


class LeaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    shard: str
    fence: int
    seconds: float  # until it runs out, unless renewed


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    seconds: float
    grant_version: int

    def __repr__(self) -> str:
        return f"<token for {self.seconds} s>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled")


class SealingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How to seal a key: to this P-256 public key (uncompressed point, base64url), bound to owner and credential."""

    credential: str
    public_key: str


class RightsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange key may do, as the exchange says. None: it does not tell."""

    credential: str
    label: str
    reading: bool | None
    trading: bool | None
    withdrawing: bool | None
    ip_bound: bool | None
    expires: int | None = None  # seconds since 1970
    address: str = ""  # what to bind it to at the exchange; empty: the signer was not told its own address
    waits: bool = False  # for its owner to say that it cannot withdraw


class BalancesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    free: dict[str, str]
    total: dict[str, str]


class GrantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    grant: str
    version: int


class KillAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the kill switch says to a scope by itself, and how many orders of it still rest at the exchange."""

    scope: str
    level: str  # the strictest that is in force; empty: none
    resting: int


class OverviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Read-only tables for the operator and the vault page."""

    credentials: list[dict[str, Any]]
    grants: list[dict[str, Any]]
    leases: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    audit: list[dict[str, Any]]  # of an owner: about its keys, bots, orders and itself, without `tokens`
    refused: list[dict[str, Any]] = []  # the entries of orders that were refused
    kills: list[dict[str, Any]] = []
    tokens: list[dict[str, Any]] = []  # that may still count: when and on which shard they were minted
    record: dict[str, Any] = {}  # how far the whole audit goes, and the newest checkpoint of it
    mode: str = "normal"  # or recovery, overtaken
    troubles: list[str] = []  # sentences: what keeps the signer from signing at present


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    keystore: bool
    orders: int
    mode: str = "normal"
    troubles: list[str] = []


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is what the caller does next: refused, retry, unknown."""

    kind: str
    code: str
    sentence: str
    detail: str = ""
    after: float = 0.0
