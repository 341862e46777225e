"""Signed texts: EdDSA by this key, of this type, whole; whatever else a JWT may be is none."""

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.messages.canonical import b64, unb64
from vault.tokens import jws

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
TYPE = "test+jwt"


class Claims(msgspec.Struct, frozen=True):
    a: int


DECODER = msgspec.json.Decoder(Claims)


def signed(payload=None, key=KEY, algorithm="EdDSA", **header):
    return jwt.encode({"a": 1} if payload is None else payload, key, algorithm, headers={"typ": TYPE} | header)


def read(text):
    return jws.claims(text, PUBLIC, TYPE, DECODER)


def test_what_another_library_signs_is_read():
    assert read(signed()) == Claims(1)


def test_the_key_in_a_header_is_told():
    shown = jws.header(signed(jwk={"kty": "OKP", "crv": "Ed25519", "x": b64(PUBLIC)})).jwk
    assert jws.public_key(shown.x) == PUBLIC


def unsigned(part):
    """A text of which one part is another's."""
    pieces, others = signed().split("."), signed({"a": 2}).split(".")
    pieces[part] = others[part]
    return ".".join(pieces)


def moved(by):
    """A text whose border between what is signed and its signature is moved by so many bytes."""
    told, _, signature = signed().rpartition(".")
    whole = unb64(signature) + told.encode()
    border = 64 + by
    return f"{whole[border:].decode('latin-1')}.{b64(whole[:border])}"


@pytest.mark.parametrize(
    "text",
    [
        signed(key=Ed25519PrivateKey.generate()),
        signed(key="a secret that is long enough for HMAC", algorithm="HS256"),
        signed(key=None, algorithm="none"),
        signed(typ="JWT"),
        signed(crit=["exp"]),
        signed(crit=None),
        signed({"b": 1}),
        signed({"a": "1"}),
        unsigned(1),
        unsigned(2),
        signed() + ".x",
        signed() + "x",
        "." + signed(),
        signed().rpartition(".")[0],
        signed().rpartition(".")[0] + ".",
        moved(1),
        moved(-1),
        signed() + b64(b"more"),
        "",
        "..",
        "é.é.é",
    ],
)
def test_anything_else_is_none(text):
    with pytest.raises(jws.Unsigned):
        read(text)


@pytest.mark.parametrize(
    "jwk", [{"kty": "OKP", "crv": "Ed448", "x": "x"}, {"kty": "EC", "crv": "Ed25519", "x": "x"}, {"x": "x"}, 7]
)
def test_a_key_of_another_kind_is_none(jwk):
    with pytest.raises(jws.Unsigned):
        jws.header(signed(jwk=jwk))


@pytest.mark.parametrize("x", ["", "AAAA", "é", "A" * 44])
def test_a_key_of_another_length_is_none(x):
    with pytest.raises(jws.Unsigned):
        jws.public_key(x)
