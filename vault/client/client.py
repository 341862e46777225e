"""What the web and the runner can ask of the signer."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vault import clock
from vault.client.channel import Channel
from vault.client.lease import LeaseHandle
from vault.messages import proofs, sealing, words
from vault.messages.answers import (
    GrantAnswer,
    KillAnswer,
    LeaseAnswer,
    OverviewAnswer,
    RightsAnswer,
    SealingAnswer,
)
from vault.messages.canonical import b64, unb64
from vault.messages.passkeys import OpenTicket, TicketAnswer
from vault.messages.refusals import Code, OutcomeUnknown, Retry

T = TypeVar("T")
_PATIENCE = 5.0  # seconds that a page waits for what it shows


class _KeyHolder:
    """A process with an enrolled key."""

    def __init__(self, socket: Path, key: Ed25519PrivateKey) -> None:
        self._channel = Channel(socket)
        self._key = key
        self._kid = proofs.thumbprint(b64(key.public_key().public_bytes_raw()))

    def _ask(self, path: str, word: words.Word, form: type[T], *, within: float | None = None) -> T:
        return self._post(path, msgspec.json.encode(word), form, {}, within=within)

    def _post(
        self, path: str, body: bytes, form: type[T], headers: dict[str, str], *, within: float | None = None
    ) -> T:
        claims = {**proofs.claims(path, body, clock.seconds()), "jti": secrets.token_urlsafe(16)}
        proof = jwt.encode(claims, self._key, algorithm="EdDSA", headers={"typ": proofs.TYPE})
        headers = {"Authorization": f"Key {self._kid}", "Proof": proof} | headers
        return self._channel.post(path, body, headers, form, within=within)

    def close(self) -> None:
        """Hang up; the next call opens the connection again."""
        self._channel.close()

    def overview(self, owner: UUID | None, limit: int = 100) -> OverviewAnswer:
        """The vault's tables, read-only: of one owner, or of everybody. Raises Refused, Retry.

        A page waits for it, and nothing can have happened: no answer for a while is a reason to ask again, no more.
        """
        word = words.Overview(owner=owner, limit=limit)
        try:
            return self._ask("/v1/overview", word, OverviewAnswer, within=_PATIENCE)
        except OutcomeUnknown as why:
            raise Retry(Code.NOT_READY, str(why)) from why


class WebClient(_KeyHolder):
    """Keys and grants."""

    def announce_key(self, owner: UUID, exchange: str, label: str) -> SealingAnswer:
        return self._ask(
            "/v1/keys/announce", words.AnnounceKey(owner=owner, exchange=exchange, label=label), SealingAnswer
        )

    def connect_key(self, owner: UUID, credential: UUID, sealed: str) -> RightsAnswer:
        word = words.ConnectKey(owner=owner, credential=credential, sealed=sealed)
        return self._ask("/v1/keys/connect", word, RightsAnswer)

    def remove_key(self, owner: UUID, credential: UUID) -> None:
        self._ask("/v1/keys/remove", words.RemoveKey(owner=owner, credential=credential), dict)

    def write_grant(self, word: words.WriteGrant) -> GrantAnswer:
        return self._ask("/v1/grants/write", word, GrantAnswer)

    def revoke_grant(self, owner: UUID, grant: UUID) -> GrantAnswer:
        return self._ask("/v1/grants/revoke", words.RevokeGrant(owner=owner, grant=grant), GrantAnswer)

    def kill(self, owner: UUID | None, scope: str, level: words.StopLevel) -> KillAnswer:
        """Stop a scope: `everything`, `user:ID`, `account:ID` or `bot:ID`. `owner` None: the operator asks."""
        return self._ask("/v1/kills/put", words.Kill(owner=owner, scope=scope, level=level), KillAnswer)

    def lift_kill(self, owner: UUID | None, scope: str, reauthenticated_at: int) -> KillAnswer:
        """Lift what this owner, or the operator, has stopped. The time says when they last proved who they are."""
        word = words.LiftKill(owner=owner, scope=scope, reauthenticated_at=reauthenticated_at)
        return self._ask("/v1/kills/lift", word, KillAnswer)

    def open_ticket(self, owner: UUID) -> TicketAnswer:
        """What lets this owner's browser into the vault's pages, once and soon. Post it there; never in an address."""
        return self._ask("/v1/visits/ticket", OpenTicket(owner=owner), TicketAnswer)


class PagesClient(_KeyHolder):
    """The vault's pages: they pass on what the browser sends, and read none of it."""

    def relay(self, path: str, body: bytes, visit: str) -> dict[str, Any]:
        """The signer's answer to these bytes on behalf of a visit; empty: of nobody."""
        return self._post(path, body, dict[str, Any], {"Visit": visit} if visit else {})


class RunnerClient(_KeyHolder):
    """Leases; everything else is asked under one."""

    def take_lease(self, shard: str) -> LeaseHandle:
        """The shard's next lease, with a proof key made for it. Raises Refused(LEASE_HELD)."""
        proof_key = Ed25519PrivateKey.generate()
        public = b64(proof_key.public_key().public_bytes_raw())
        answer = self._ask("/v1/leases/take", words.TakeLease(shard=shard, proof_key=public), LeaseAnswer)
        return LeaseHandle(self._channel, self._ask, proof_key, answer)


def seal(key: str, secret: str, *, owner: UUID, answer: SealingAnswer) -> str:
    """A sealed form: key and secret to the intake's public key, bound to owner and credential (HPKE, RFC 9180)."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(answer.public_key))
    plain = json.dumps({"v": 1, "key": key, "secret": secret}).encode()
    info = sealing.info(str(owner), answer.credential)
    return b64(Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM).encrypt(plain, public, info))
