"""Tokens: EdDSA JWTs of at most two minutes, for one grant version, one lease and the key of that lease."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import msgspec

from vault.hazmat import files
from vault.hazmat.token_key import TokenKey
from vault.messages.refusals import Code, Refused
from vault.tokens import jws

TYPE = "botplatform-token+jwt"
LONGEST = 120  # seconds that a token lives, and so that the key before the present one counts
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


_CLAIMS = msgspec.json.Decoder(Claims)


class Mint:
    """Makes tokens, and knows its own again: also those of the key before the present one, for as long as they live."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[bytes, Claims] = {}  # by the token's hash: it comes with every request of two minutes
        self._stamp = (0, 0)
        self._load()

    @classmethod
    def load(cls, path: Path) -> Mint:
        """Raises FileNotFoundError, Exposed."""
        return cls(path)

    @staticmethod
    def make_key(path: Path) -> None:
        """Make the key file where there is none."""
        TokenKey.make(path)

    @staticmethod
    def replace_key(path: Path, *, at_once: bool) -> None:
        """A new key; tokens of the one before end with their two minutes, or `at_once`. Raises FileNotFoundError."""
        TokenKey.replace(path)
        if at_once:
            files.previous(path).unlink()

    def _load(self) -> None:
        """Look whether the key was replaced. Raises FileNotFoundError, Exposed."""
        status = self._path.stat()
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp == self._stamp:
            return
        self._key = TokenKey.load(self._path)
        before = files.previous(self._path)
        self._before = TokenKey.load(before) if files.replaced_since(self._path, LONGEST) else None
        self._read.clear()
        self._stamp = stamp

    def token(self, claims: Claims) -> str:
        self._load()
        payload: dict[str, Any] = msgspec.to_builtins(claims)
        return jwt.encode(payload, self._key.expose(), algorithm="EdDSA", headers={"typ": TYPE})

    def read(self, token: str, *, at: int) -> Claims:
        """The claims of a token that this signer minted and that has not expired.

        Raises Refused(BAD_TOKEN), Refused(TOKEN_EXPIRED).
        """
        self._load()
        claims = self._verified(token)
        if claims.exp <= at:
            raise Refused(Code.TOKEN_EXPIRED)
        return claims

    def _verified(self, token: str) -> Claims:
        hashed = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._read.get(hashed)
        if known is not None:
            return known
        try:
            claims = _claims(token, self._key)
        except Refused:
            # Looked at anew each time: the key before may be taken away at any moment.
            if self._before is None or not files.replaced_since(self._path, LONGEST):
                raise
            return _claims(token, self._before)
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[hashed] = claims
        return claims


def _claims(token: str, key: TokenKey) -> Claims:
    """What a token says that this key signed. Raises Refused(BAD_TOKEN)."""
    try:
        return jws.claims(token, key.public, TYPE, _CLAIMS)
    except jws.Unsigned as why:
        raise Refused(Code.BAD_TOKEN) from why
