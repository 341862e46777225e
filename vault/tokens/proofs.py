"""Checking proofs: that the holder of a key made this very request, now."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vault.messages import proofs
from vault.messages.canonical import body_hash, unb64
from vault.messages.refusals import Code, Refused


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


def check_key_proof(proof: str, public: str, path: str, body: bytes, *, at: int) -> ByKey:
    """The claims of a proof by this enrolled key over this request. Raises Refused."""
    claims = _decode(proof, public, ByKey)
    _same_request(claims, path, body, at)
    return claims


def check_token_proof(proof: str, token: str, thumbprint: str, path: str, body: bytes, *, at: int) -> ByToken:
    """The claims of a proof by the key with this thumbprint over this request. Raises Refused.

    Whether its sequence number is fresh is the lease's to say.
    """
    try:
        key = str(jwt.get_unverified_header(proof)["jwk"]["x"])
        proved_by = proofs.thumbprint(key)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError) as why:
        raise Refused(Code.BAD_PROOF) from why
    if not _equal(proved_by, thumbprint):
        raise Refused(Code.WRONG_HOLDER)
    claims = _decode(proof, key, ByToken)
    _same_request(claims, path, body, at)
    if not _equal(claims.ath, proofs.token_hash(token)):
        raise Refused(Code.BAD_PROOF)
    return claims


def _decode(proof: str, public: str, form: type[Form]) -> Form:
    try:
        key = Ed25519PublicKey.from_public_bytes(unb64(public))
        decoded: dict[str, Any] = jwt.decode_complete(
            proof, key, algorithms=["EdDSA"], options={"verify_exp": False, "verify_iat": False}
        )
        if decoded["header"].get("typ") != proofs.TYPE:
            raise Refused(Code.BAD_PROOF)
        return msgspec.convert(decoded["payload"], form)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError) as why:
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
