"""Requests to the signer by hand, every part of which a test can bend."""

import http.client
import json
import secrets
import socket
import time

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.messages import proofs
from vault.messages.canonical import b64


class _Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class Wire:
    """Posts bytes; answers (status, answer)."""

    def __init__(self, path):
        self.path = path

    def post(self, path, body, headers, method="POST"):
        connection = _Unix(self.path)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def raw(self, content):
        """What the signer says to these bytes, which need not be HTTP."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.path))
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer


def encoded(word):
    """A word, a dict or bytes as a request's body."""
    if isinstance(word, bytes):
        return word
    return msgspec.json.encode(word)


def token_headers(lease, token, path, body, *, key=None, kind=proofs.TYPE, algorithm="EdDSA", **claims):
    """Authorization and Proof of a request with a token. `claims` replace those of an honest proof."""
    lease._sequence += 1
    honest = {
        **proofs.claims(path, body, int(time.time())),
        "seq": lease._sequence,
        "ath": proofs.token_hash(token),
    }
    key = key or lease._proof_key
    public = b64(key.public_key().public_bytes_raw())
    proof = jwt.encode(honest | claims, key, algorithm=algorithm, headers={"typ": kind, "jwk": proofs.jwk(public)})
    return {"Authorization": f"Token {token}", "Proof": proof}


def key_headers(key, path, body, **claims):
    """Authorization and Proof of a request with an enrolled key."""
    kid = proofs.thumbprint(b64(key.public_key().public_bytes_raw()))
    honest = {**proofs.claims(path, body, int(time.time())), "jti": secrets.token_urlsafe(16)}
    proof = jwt.encode(honest | claims, key, algorithm="EdDSA", headers={"typ": proofs.TYPE})
    return {"Authorization": f"Key {kid}", "Proof": proof}


def another_key():
    return Ed25519PrivateKey.generate()
