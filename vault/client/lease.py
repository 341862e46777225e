"""A lease in the hands of a runner: its proof key, its tokens, its sequence. In memory, and gone with the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault import clock
from vault.client.channel import Channel
from vault.messages import proofs, words
from vault.messages.answers import BalancesAnswer, Events, LeaseAnswer, OrderAnswer, TokenAnswer
from vault.messages.canonical import b64
from vault.messages.refusals import Code, Refused

T = TypeVar("T")

_EARLY = 20  # seconds before its end at which a token is replaced
_STALE_TOKEN = (Code.TOKEN_EXPIRED, Code.GRANT_CHANGED, Code.BAD_TOKEN)


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    token: str
    until: float  # on the monotonic clock


class LeaseHandle:
    """Everything that a runner may do for one shard. Not for two threads at once."""

    def __init__(
        self, channel: Channel, ask: Callable[..., Any], proof_key: Ed25519PrivateKey, answer: LeaseAnswer
    ) -> None:
        self._channel = channel
        self._ask = ask
        self._proof_key = proof_key
        self._public = b64(proof_key.public_key().public_bytes_raw())
        self._sequence = 0
        self._tokens: dict[UUID, _Held] = {}
        self.shard = answer.shard
        self.fence = answer.fence
        self.until = clock.monotonic() + answer.seconds

    def __repr__(self) -> str:
        return f"<lease on {self.shard}, fence {self.fence}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a lease is not pickled")

    def renew(self) -> None:
        """Raises Refused(STALE_FENCE) or Refused(LEASE_EXPIRED) when it is lost."""
        asked = clock.monotonic()
        answer = self._ask("/v1/leases/renew", words.RenewLease(shard=self.shard, fence=self.fence), LeaseAnswer)
        self.until = asked + answer.seconds

    def release(self) -> None:
        self._ask("/v1/leases/release", words.ReleaseLease(shard=self.shard, fence=self.fence), LeaseAnswer)
        self.until = 0

    @property
    def live(self) -> bool:
        return clock.monotonic() < self.until

    def events(self, since: int, limit: int = 500) -> Events:
        """What happened to the orders of this shard's grants after the event numbered `since`."""
        word = words.ReadEvents(shard=self.shard, fence=self.fence, since=since, limit=limit)
        answer: Events = self._ask("/v1/events", word, Events)
        return answer

    def open_grant(self, grant: UUID) -> None:
        """Get a token for a grant now, which also makes this shard the one that runs it. Raises Refused."""
        self._token(grant)

    def place(self, word: words.Place) -> OrderAnswer:
        return self._act("/v1/orders/place", word, word.grant, OrderAnswer)

    def cancel(self, word: words.Cancel) -> OrderAnswer:
        return self._act("/v1/orders/cancel", word, word.grant, OrderAnswer)

    def look_up(self, word: words.Lookup) -> OrderAnswer:
        return self._act("/v1/orders/look-up", word, word.grant, OrderAnswer)

    def balances(self, grant: UUID) -> BalancesAnswer:
        return self._act("/v1/balances", words.Balances(grant=grant), grant, BalancesAnswer)

    def _act(self, path: str, word: words.Word, grant: UUID, form: type[T]) -> T:
        body = msgspec.json.encode(word)
        try:
            return self._post(path, body, self._token(grant), form)
        except Refused as why:
            if why.code not in _STALE_TOKEN:
                raise
            del self._tokens[grant]
        return self._post(path, body, self._token(grant), form)

    def _post(self, path: str, body: bytes, token: str, form: type[T]) -> T:
        self._sequence += 1
        claims = {
            **proofs.claims(path, body, clock.seconds()),
            "seq": self._sequence,
            "ath": proofs.token_hash(token),
        }
        headers = {"typ": proofs.TYPE, "jwk": proofs.jwk(self._public)}
        proof = jwt.encode(claims, self._proof_key, algorithm="EdDSA", headers=headers)
        return self._channel.post(path, body, {"Authorization": f"Token {token}", "Proof": proof}, form)

    def _token(self, grant: UUID) -> str:
        held = self._tokens.get(grant)
        if held is None or held.until <= clock.monotonic():
            word = words.MintToken(grant=grant, shard=self.shard, fence=self.fence)
            answer: TokenAnswer = self._ask("/v1/tokens", word, TokenAnswer)
            held = _Held(answer.token, clock.monotonic() + answer.seconds - _EARLY)
            self._tokens[grant] = held
        return held.token
