"""Checking proofs: that the holder of a key made this very request, now."""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import Annotated, TypeVar

import msgspec

from vault.messages import proofs
from vault.messages.canonical import body_hash
from vault.messages.refusals import Code, Refused
from vault.tokens import jws


class ByKey(msgspec.Struct, frozen=True, kw_only=True):
    """A proof by an enrolled key."""

    v: int
    htm: str
    htu: str
    bh: str
    iat: int
    jti: str


class ByToken(msgspec.Struct, frozen=True, kw_only=True):
    """A proof by the key that a token is bound to."""

    v: int
    htm: str
    htu: str
    bh: str
    iat: int
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    ath: str


Form = TypeVar("Form", ByKey, ByToken)
_BY_KEY, _BY_TOKEN = msgspec.json.Decoder(ByKey), msgspec.json.Decoder(ByToken)
_thumbprint = lru_cache(maxsize=1024)(proofs.thumbprint)  # a lease's key proves many requests


def check_key_proof(proof: str, public: str, path: str, body: bytes, *, at: int) -> ByKey:
    """The claims of a proof by this enrolled key over this request. Raises Refused."""
    claims = _decode(proof, public, _BY_KEY)
    _same_request(claims, path, body, at)
    return claims


def check_token_proof(proof: str, token: str, thumbprint: str, path: str, body: bytes, *, at: int) -> ByToken:
    """The claims of a proof by the key with this thumbprint over this request. Raises Refused.

    Whether its sequence number is fresh is the lease's to say.
    """
    try:
        shown = jws.header(proof).jwk
        if shown is None:
            raise Refused(Code.BAD_PROOF)
        key = shown.x
        proved_by = _thumbprint(key)
    except (jws.Unsigned, ValueError) as why:
        raise Refused(Code.BAD_PROOF) from why
    if not _equal(proved_by, thumbprint):
        raise Refused(Code.WRONG_HOLDER)
    claims = _decode(proof, key, _BY_TOKEN)
    _same_request(claims, path, body, at)
    if not _equal(claims.ath, proofs.token_hash(token)):
        raise Refused(Code.BAD_PROOF)
    return claims


def _decode(proof: str, public: str, form: msgspec.json.Decoder[Form]) -> Form:
    try:
        return jws.claims(proof, jws.public_key(public), proofs.TYPE, form)
    except jws.Unsigned as why:
        raise Refused(Code.BAD_PROOF) from why


def _same_request(claims: ByKey | ByToken, path: str, body: bytes, at: int) -> None:
    right = claims.htm == "POST" and _equal(claims.htu, path) and _equal(claims.bh, body_hash(body))
    if not right or claims.v != 1:
        raise Refused(Code.BAD_PROOF)
    if abs(claims.iat - at) > proofs.WINDOW:
        raise Refused(Code.PROOF_EXPIRED)


def _equal(one: str, other: str) -> bool:
    # JSON can write half a surrogate pair, which strict UTF-8 cannot.
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))
