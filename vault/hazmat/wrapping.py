"""Wrapping a key for import into Transit: an ephemeral AES key under RSA-OAEP, the secret under AES-KWP."""

from __future__ import annotations

import base64
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from vault.hazmat.secret import Secret

SHORTEST_HMAC_KEY = 32  # Transit takes 32 to 512 bytes; zero bytes on the right leave an HMAC as it is


def wrap(secret: Secret, wrapping_key_pem: str) -> str:
    """The import ciphertext, base64. The secret is used as an HMAC key."""
    public = load_pem_public_key(wrapping_key_pem.encode())
    if not isinstance(public, RSAPublicKey):
        raise TypeError("the wrapping key is not an RSA key")
    ephemeral = secrets.token_bytes(32)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    padded = secret.expose().ljust(SHORTEST_HMAC_KEY, b"\0")
    wrapped = public.encrypt(ephemeral, oaep) + aes_key_wrap_with_padding(ephemeral, padded)
    return base64.b64encode(wrapped).decode()
