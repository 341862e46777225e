"""The signer's parts, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from vault import clock
from vault.custody.session import Keystore
from vault.grants.models import Credential
from vault.messages import sealing
from vault.messages.refusals import Code, Refused, Retry
from vault.prices.board import Board
from vault.service.database import Database, opened
from vault.service.pace import Pace
from vault.service.standing import Standing
from vault.signing.venue import Venue
from vault.tokens.tokens import Mint


@dataclass(slots=True, kw_only=True)
class Signer:
    """One signer process. `venues` by the exchange's name; there is no other way to an exchange."""

    keystore: Keystore
    mint: Mint
    venues: dict[str, Venue]
    database: Database = field(default_factory=opened)
    started_at: datetime = field(default_factory=clock.now)
    wake: asyncio.Event = field(default_factory=asyncio.Event)  # set when some account should be read at once
    standing: Standing = field(default_factory=Standing)
    witnessed: asyncio.Event = field(default_factory=asyncio.Event)  # set when the heads should be kept at once
    stirred: set[tuple[UUID, str]] = field(default_factory=set)  # which: credential and market
    # by key and market: the number of the first trade that was never listed, so far
    next_trades: dict[tuple[UUID, str], int] = field(default_factory=dict)
    # keys whose private stream is healthy: since when, monotonic
    followed: dict[UUID, float] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)  # what the markets of each venue stand at
    pace: Pace = field(default_factory=Pace)
    _api_keys: dict[tuple[UUID, int], str] = field(default_factory=dict, repr=False)
    _busy: set[UUID] = field(default_factory=set, repr=False)

    def venue(self, exchange: str) -> Venue:
        """Raises Refused(EXCHANGE_NOT_ALLOWED)."""
        if exchange not in self.venues:
            raise Refused(Code.EXCHANGE_NOT_ALLOWED, f"It talks to: {', '.join(self.venues)}.")
        return self.venues[exchange]

    def board(self, exchange: str) -> Board:
        """The prices of an exchange, as the signer has read them itself."""
        return self.boards.setdefault(exchange, Board())

    async def api_key(self, credential: Credential) -> str:
        """The public half of an exchange key, as the exchange names it. Raises Retry."""
        named = (credential.id, credential.turn)
        if named not in self._api_keys:
            bound_to = sealing.info(str(credential.owner), str(credential.id))
            opened = await self.keystore.open_envelope(credential.api_key_sealed, bound_to)
            self._api_keys[named] = opened.decode()
        return self._api_keys[named]

    @contextmanager
    def alone_with(self, credential: UUID) -> Iterator[None]:
        """Connecting, rotating or removing a key is one thing at a time. Raises Retry(CREDENTIAL_NOT_READY)."""
        if credential in self._busy:
            raise Retry(Code.CREDENTIAL_NOT_READY, "It is being connected or removed.")
        self._busy.add(credential)
        try:
            yield
        finally:
            self._busy.discard(credential)

    def stir(self, credential: UUID, market: str) -> None:
        """Have an account's market read soon: something was sent there."""
        self.stirred.add((credential, market))
        self.wake.set()

    def forget(self, credential: Credential) -> None:
        self._api_keys.pop((credential.id, credential.turn), None)
