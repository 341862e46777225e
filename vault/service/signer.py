"""The signer's parts, put together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from vault import clock
from vault.custody.session import Keystore
from vault.grants.models import Credential
from vault.messages import sealing
from vault.messages.refusals import Code, Refused
from vault.service.database import Database
from vault.signing.venue import Venue
from vault.tokens.tokens import Mint


@dataclass(slots=True, kw_only=True)
class Signer:
    """One signer process. `venues` by the exchange's name; there is no other way to an exchange."""

    keystore: Keystore
    mint: Mint
    venues: dict[str, Venue]
    database: Database = field(default_factory=Database)
    started_at: datetime = field(default_factory=clock.now)
    wake: asyncio.Event = field(default_factory=asyncio.Event)  # set when an account should be read at once
    _api_keys: dict[UUID, str] = field(default_factory=dict, repr=False)

    def venue(self, exchange: str) -> Venue:
        """Raises Refused(EXCHANGE_NOT_ALLOWED)."""
        if exchange not in self.venues:
            raise Refused(Code.EXCHANGE_NOT_ALLOWED, f"It talks to: {', '.join(self.venues)}.")
        return self.venues[exchange]

    async def api_key(self, credential: Credential) -> str:
        """The public half of an exchange key, as the exchange names it. Raises Retry."""
        if credential.id not in self._api_keys:
            bound_to = sealing.info(str(credential.owner), str(credential.id))
            opened = await self.keystore.open_envelope(credential.api_key_sealed, bound_to)
            self._api_keys[credential.id] = opened.decode()
        return self._api_keys[credential.id]

    def forget(self, credential: UUID) -> None:
        self._api_keys.pop(credential, None)
