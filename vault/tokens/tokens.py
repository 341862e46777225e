"""Tokens: EdDSA JWTs of at most two minutes, for one grant version, one lease and the key of that lease."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import msgspec

from vault.hazmat.token_key import TokenKey
from vault.messages.refusals import Code, Refused

TYPE = "botplatform-token+jwt"
_REMEMBERED = 4096  # tokens whose signature was checked


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 7800: the thumbprint of the key that has to prove itself."""

    jkt: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says. Times are seconds since 1970."""

    v: int
    grant: UUID
    version: int
    epoch: int
    shard: str
    fence: int
    runner: str
    cnf: Confirmation
    iat: int
    exp: int


class Mint:
    """Makes tokens, and knows its own again."""

    def __init__(self, key: TokenKey) -> None:
        self._key = key
        self._read: dict[bytes, Claims] = {}  # by the token's hash: it comes with every request of two minutes

    @classmethod
    def load(cls, path: Path) -> Mint:
        """Raises FileNotFoundError, Exposed."""
        return cls(TokenKey.load(path))

    @staticmethod
    def make_key(path: Path) -> None:
        """Make the key file where there is none."""
        TokenKey.make(path)

    def token(self, claims: Claims) -> str:
        payload: dict[str, Any] = msgspec.to_builtins(claims)
        return jwt.encode(payload, self._key.expose(), algorithm="EdDSA", headers={"typ": TYPE})

    def read(self, token: str, *, at: int) -> Claims:
        """The claims of a token that this signer minted and that has not expired.

        Raises Refused(BAD_TOKEN), Refused(TOKEN_EXPIRED).
        """
        hashed = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        claims = self._read.get(hashed) or self._verified(token)
        if claims.exp <= at:
            self._read.pop(hashed, None)
            raise Refused(Code.TOKEN_EXPIRED)
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[hashed] = claims
        return claims

    def _verified(self, token: str) -> Claims:
        try:
            decoded = jwt.decode_complete(
                token, self._key.public, algorithms=["EdDSA"], options={"verify_exp": False, "verify_iat": False}
            )
            if decoded["header"].get("typ") != TYPE:
                raise Refused(Code.BAD_TOKEN)
            return msgspec.convert(decoded["payload"], Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError) as why:
            raise Refused(Code.BAD_TOKEN) from why
