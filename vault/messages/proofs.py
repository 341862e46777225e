"""What a proof says, in the manner of DPoP (RFC 9449): this key, this method, path and body, now, once.

A proof is a JWT signed with EdDSA. Requests made with a token carry the lease's key in the header (`jwk`) and a
sequence number (`seq`) and the token's hash (`ath`) in the claims; requests made with an enrolled key carry a
one-time `jti` instead.
"""

from __future__ import annotations

import hashlib
from typing import Any

from vault.messages.canonical import b64, body_hash, canonical

TYPE = "botplatform-proof+jwt"
WINDOW = 30  # seconds that a proof's time may differ from the signer's


def claims(path: str, body: bytes, at: int) -> dict[str, Any]:
    """The claims common to all proofs; `at` in seconds since 1970. Every call is a POST."""
    return {"v": 1, "htm": "POST", "htu": path, "bh": body_hash(body), "iat": at}


def token_hash(token: str) -> str:
    return b64(hashlib.sha256(token.encode()).digest())


def jwk(public: str) -> dict[str, str]:
    """The JWK of an Ed25519 public key, `public` being base64url of its 32 bytes."""
    return {"crv": "Ed25519", "kty": "OKP", "x": public}


def thumbprint(public: str) -> str:
    """RFC 7638 thumbprint of an Ed25519 public key; also the id of an enrolled key."""
    return b64(hashlib.sha256(canonical(jwk(public))).digest())
