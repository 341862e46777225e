"""Requests and answers, typed. Unknown fields are refused: there are no free-form parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

Version = Literal[1]
Symbol = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}/[A-Z0-9]{1,16}\Z")]
Side = Literal["buy", "sell"]
OrderType = Literal["limit", "ioc"]
TimeInForce = Literal["gtc", "ioc"]
Asset = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}\Z")]
OrderName = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")]
Generation = Annotated[int, Meta(ge=1, le=1_000_000)]
Money = Annotated[str, Meta(max_length=40)]
Shard = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")]
Fence = Annotated[int, Meta(ge=1, le=2**62)]
Label = Annotated[str, Meta(min_length=1, max_length=80)]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]  # base64url of 32 bytes
KillScope = Annotated[
    str, Meta(pattern=r"^(everything|(user|account|bot):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
]
Sealed = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,8000}\Z")]


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request; `v` is its version."""

    v: Version = 1


class Identity(Word, frozen=True, kw_only=True):
    """Which order: the same four words for ever mean the same order."""

    grant: UUID
    deal: UUID
    name: OrderName
    generation: Generation


class Place(Identity, frozen=True, kw_only=True):
    """Place an order. `ioc` trades what it can at `price` or better at once, and lets the rest go."""

    market: Symbol
    side: Side
    type: OrderType
    amount: Money  # base currency
    price: Money  # quote currency; for `ioc` the worst acceptable

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it stays: a `limit` until it is cancelled, an `ioc` not at all."""
        return "ioc" if self.type == "ioc" else "gtc"

    @property
    def base(self) -> str:
        return self.market.partition("/")[0]

    @property
    def quote(self) -> str:
        return self.market.partition("/")[2]


class Cancel(Identity, frozen=True, kw_only=True):
    """Cancel an order of this grant."""


class Lookup(Identity, frozen=True, kw_only=True):
    """What became of an order of this grant."""


class Balances(Word, frozen=True, kw_only=True):
    """What the grant's account holds."""

    grant: UUID


class TakeLease(Word, frozen=True, kw_only=True):
    """Become the one runner of a shard. `proof_key` is the public half of a key made for this lease."""

    shard: Shard
    proof_key: Key


class RenewLease(Word, frozen=True, kw_only=True):
    shard: Shard
    fence: Fence


class ReleaseLease(Word, frozen=True, kw_only=True):
    shard: Shard
    fence: Fence


class MintToken(Word, frozen=True, kw_only=True):
    """A token for one grant under one lease."""

    grant: UUID
    shard: Shard
    fence: Fence


class ReadEvents(Word, frozen=True, kw_only=True):
    """What happened to the orders of a shard's grants, after the event numbered `since`."""

    shard: Shard
    fence: Fence
    since: Annotated[int, Meta(ge=0, le=2**62)]
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500


class AnnounceKey(Word, frozen=True, kw_only=True):
    """An exchange key is about to be connected: make room for it and say how to seal it."""

    owner: UUID
    exchange: Annotated[str, Meta(pattern=r"^[a-z0-9]{2,30}\Z")]
    label: Label


class ConnectKey(Word, frozen=True, kw_only=True):
    """The sealed form: HPKE ciphertext of key and secret, base64url."""

    owner: UUID
    credential: UUID
    sealed: Sealed


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one bot may ever do. Money is in the one quote currency of all its markets.

    A limit that is None was not written; `vault.grants.terms` says what that means on which kind of host.
    """

    markets: Annotated[tuple[Symbol, ...], Meta(min_length=1, max_length=200)]
    sides: Annotated[tuple[Side, ...], Meta(min_length=1, max_length=2)]
    types: Annotated[tuple[OrderType, ...], Meta(min_length=1, max_length=2)]
    order_notional: Money  # for one order
    time_in_force: Annotated[tuple[TimeInForce, ...], Meta(min_length=1, max_length=2)] | None = None
    turnover: Money | None = None  # traded in 24 hours, both sides, with what rests
    slippage: Money | None = None  # given away against the signer's own reference in 24 hours, with what may be
    loss: Money | None = None  # realised and marked, in a day of UTC
    open_orders: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    orders_a_minute: Annotated[int, Meta(ge=1, le=10_000)] | None = None  # that open
    exits_a_minute: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    reads_a_minute: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    collar: Money | None = None  # a fraction: 0.05 is 5 % from the reference
    exit_collar: Money | None = None  # the same for exits, at least as wide
    market_volume: Money | None = None  # the least that the market has to have traded in 24 hours
    inventory: dict[Asset, Money] | None = None  # coins that were there before, and may be sold
    expires: Annotated[int, Meta(ge=1, le=2**40)] | None = None  # seconds since 1970; exits only from then on


class GrantText(Word, frozen=True, kw_only=True):
    """One version of a grant: its canonical bytes are what is stored, hashed and approved."""

    grant: UUID
    owner: UUID
    credential: UUID
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    label: Label
    limits: Limits


class WriteGrant(GrantText, frozen=True, kw_only=True):
    """Create a grant (`version` 1) or replace its newest version by the next one.

    `reauthenticated_at` says when the owner has last shown who he is, in seconds since 1970: on a paper host a wider
    version counts with it. On any other host it counts for nothing: there a passkey has to approve.
    """

    reauthenticated_at: Annotated[int, Meta(ge=1, le=2**40)] | None = None

    @property
    def text(self) -> GrantText:
        """The version itself, without the circumstances in which it was written."""
        return GrantText(
            grant=self.grant,
            owner=self.owner,
            credential=self.credential,
            version=self.version,
            label=self.label,
            limits=self.limits,
        )


class RevokeGrant(Word, frozen=True, kw_only=True):
    owner: UUID
    grant: UUID


class RemoveKey(Word, frozen=True, kw_only=True):
    owner: UUID
    credential: UUID


class RotateKey(ConnectKey, frozen=True, kw_only=True):
    """A newer key of the same account takes a connected one's place; bots go on with it."""


class RenameKey(Word, frozen=True, kw_only=True):
    owner: UUID
    credential: UUID
    label: Label


class StopLevel(StrEnum):
    """What the kill switch leaves."""

    OPENING = "opening"  # nothing is opened; exits, cancels and look-ups go on
    EVERYTHING = "everything"  # look-ups and cancels only


class Kill(Word, frozen=True, kw_only=True):
    """Stop everything, a user, an account or a bot. `owner` is who asks; None: the operator."""

    owner: UUID | None = None
    scope: KillScope
    level: StopLevel


class LiftKill(Word, frozen=True, kw_only=True):
    """Lift what was stopped, by a person who has just proved once more who they are."""

    owner: UUID | None = None
    scope: KillScope
    reauthenticated_at: Annotated[int, Meta(ge=0, le=2**62)]  # seconds since 1970


class Overview(Word, frozen=True, kw_only=True):
    """What the vault shows of one owner, or of everybody when `owner` is None."""

    owner: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
