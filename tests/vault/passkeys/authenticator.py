"""An authenticator in software, which can also lie."""

import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.messages.canonical import b64

UP, UV, KEY = 0x01, 0x04, 0x40


def cbor(value):
    """CBOR of what COSE keys need."""
    match value:
        case dict():
            return _head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
    raise TypeError(value)


def _head(kind, number):
    if number < 24:
        return bytes([kind << 5 | number])
    if number < 256:
        return bytes([kind << 5 | 24, number])
    return bytes([kind << 5 | 25]) + number.to_bytes(2, "big")


class Authenticator:
    def __init__(self, algorithm="ES256"):
        self.id = secrets.token_bytes(16)
        self.count = 0
        match algorithm:
            case "ES256":
                self.key = ec.generate_private_key(ec.SECP256R1())
                point = self.key.public_key().public_numbers()
                self.public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
            case "EdDSA":
                self.key = Ed25519PrivateKey.generate()
                self.public = {1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()}
            case "RS256":
                self.key = rsa.generate_private_key(65537, 2048)
                self.public = {
                    1: 3,
                    3: -257,
                    -1: self.key.public_key().public_numbers().n.to_bytes(256, "big"),
                    -2: b"\1\0\1",
                }

    def make(self, challenge, origin, rp_id, *, flags=UP | UV | KEY, client=None, more=b"", public=None):
        """(client data, authenticator data) of a new passkey."""
        key = cbor(public or self.public)
        tail = b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + key + more
        return client_data("webauthn.create", challenge, origin, client), self._data(rp_id, flags) + tail

    def use(self, challenge, origin, rp_id, *, flags=UP | UV, client=None, kind="webauthn.get"):
        """(client data, authenticator data, signature)."""
        said, data = client_data(kind, challenge, origin, client), self._data(rp_id, flags)
        message = data + hashlib.sha256(said).digest()
        match self.key:
            case Ed25519PrivateKey():
                return said, data, self.key.sign(message)
            case rsa.RSAPrivateKey():
                return said, data, self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return said, data, self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def _data(self, rp_id, flags):
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")


def client_data(kind, challenge, origin, changes=None):
    honest = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(honest | (changes or {})).encode()


def b64s(*parts):
    return [b64(part) for part in parts]
