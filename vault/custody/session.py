"""The signer's session with the key store: a periodic token, kept in memory and renewed."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import hvac.exceptions
import msgspec
import requests

from vault.custody.unix import client
from vault.messages.refusals import Code, Retry
from vault.peer import Address, NoAnswer, NotConnected, Peer

log = logging.getLogger(__name__)

ROLE = "signer"
_CREATION_PATH = f"auth/approle/role/{ROLE}/secret-id"
_CHECKPOINT_KEY = "audit-checkpoint"
_HEAD = "heads/data/signer"
_OK, _BAD_REQUEST, _NOT_FOUND = 200, 400, 404
_RENEW_EVERY = 300  # seconds; the token's period is 20 minutes


class BadBootstrap(Exception):
    """The wrapping token is not the one-time token that the supervisor hands to a signer."""


class Overtaken(Exception):
    """Somebody else has written the head since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHead:
    """The head as the key store keeps it. `version` is 0 and `words` empty before the first."""

    version: int
    words: dict[str, Any]


class Keystore:
    """Computes MACs and opens envelopes. Raises Retry(KEYSTORE_UNAVAILABLE) when the store does not answer."""

    def __init__(self, socket: Path, token: str) -> None:
        self._socket = socket
        self._token = token
        self._peer: Peer | None = None

    @classmethod
    def unwrap(cls, socket: Path, wrapping_token: str) -> Keystore:
        """Log in with a wrapped, single-use secret-id. Raises BadBootstrap.

        Where the wrapped secret came from is checked before it is unwrapped: a token that was wrapped by
        somebody else, or opened on the way, does not pass.
        """
        try:
            bao = client(socket)
            looked_up = bao.adapter.post("/v1/sys/wrapping/lookup", json={"token": wrapping_token})
            if looked_up["data"]["creation_path"] != _CREATION_PATH:
                raise BadBootstrap("the wrapping token was not made for the signer's role")
            bao.token = wrapping_token
            secret_id = bao.sys.unwrap()["data"]["secret_id"]
            bao.token = None
            login = bao.auth.approle.login(role_id=ROLE, secret_id=secret_id, use_token=False)
        except (hvac.exceptions.VaultError, requests.RequestException) as why:
            raise BadBootstrap(type(why).__name__) from why
        return cls(socket, login["auth"]["client_token"])

    async def open(self) -> None:
        headers = {"X-Vault-Token": self._token, "X-Vault-Request": "true", "Content-Type": "application/json"}
        address = Address(host="localhost", socket=str(self._socket))
        self._peer = Peer(address, timeout=5, most=16, headers=headers)

    async def close(self) -> None:
        if self._peer is not None:
            self._peer.close()

    async def mac(self, key_name: str, payload: bytes) -> str:
        """Hex HMAC-SHA256 of `payload` under the named key."""
        body = {"input": base64.b64encode(payload).decode()}
        answer = await self._request("POST", f"transit/hmac/{key_name}/sha2-256", body)
        return base64.b64decode(answer["hmac"].rpartition(":")[2]).hex()

    async def open_envelope(self, ciphertext: str, bound_to: bytes) -> bytes:
        """The plaintext of an envelope that was sealed for exactly this owner and credential."""
        body = {"ciphertext": ciphertext, "associated_data": base64.b64encode(bound_to).decode()}
        answer = await self._request("POST", "envelope/decrypt/accounts", body)
        return base64.b64decode(answer["plaintext"])

    async def sign_checkpoint(self, payload: bytes) -> tuple[int, bytes]:
        """The version of the checkpoints' key and its Ed25519 signature."""
        body = {"input": base64.b64encode(payload).decode()}
        answer = await self._request("POST", f"transit/sign/{_CHECKPOINT_KEY}", body)
        _, version, signature = answer["signature"].split(":")
        return int(version.removeprefix("v")), base64.b64decode(signature)

    async def checkpoint_keys(self) -> dict[int, bytes]:
        """The public half of every version of the checkpoints' key."""
        answer = await self._request("GET", f"transit/keys/{_CHECKPOINT_KEY}", None)
        return {int(version): base64.b64decode(key["public_key"]) for version, key in answer["keys"].items()}

    async def read_head(self) -> KeptHead:
        status, answer = await self._exchange("GET", _HEAD, None)
        if status not in (_OK, _NOT_FOUND):
            raise Retry(Code.KEYSTORE_UNAVAILABLE, f"It answered {status}.")
        data = answer.get("data") or {}
        version = (data.get("metadata") or {}).get("version", 0)
        return KeptHead(version=int(version), words=data.get("data") or {})

    async def write_head(self, words: dict[str, Any], after: int) -> int:
        """The new version. Raises Overtaken unless version `after` is still the newest."""
        status, answer = await self._exchange("POST", _HEAD, {"data": words, "options": {"cas": after}})
        if status == _BAD_REQUEST:
            raise Overtaken
        if status != _OK:
            raise Retry(Code.KEYSTORE_UNAVAILABLE, f"It answered {status}.")
        return int(answer["data"]["version"])

    async def healthy(self) -> bool:
        try:
            await self._request("GET", "auth/token/lookup-self", None)
        except Retry:
            return False
        return True

    async def keep_renewed(self) -> NoReturn:
        """Renew the token for ever; a store that is away is asked again."""
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            try:
                await self._request("POST", "auth/token/renew-self", {})
            except Retry as why:
                log.warning("the key store did not renew the signer's token: %s", why.detail)

    async def _request(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        status, answer = await self._exchange(method, path, body)
        if status != _OK:
            raise Retry(Code.KEYSTORE_UNAVAILABLE, f"It answered {status}.")
        return answer.get("data") or {}

    async def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON. Raises Retry when nobody answers, or not in JSON."""
        if self._peer is None:
            raise Retry(Code.NOT_READY)
        try:
            told = await self._peer.ask(method, f"/v1/{path}", {}, None if body is None else msgspec.json.encode(body))
            answer: dict[str, Any] = msgspec.json.decode(told.body or b"{}")
        except (NotConnected, NoAnswer, ValueError) as why:
            raise Retry(Code.KEYSTORE_UNAVAILABLE, type(why).__name__) from why
        return told.status, answer

    def __repr__(self) -> str:
        return "<keystore>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key store's session is not pickled")
