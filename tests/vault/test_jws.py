"""Signed texts: EdDSA by this key, of this type, whole; whatever else a JWT may be is none."""

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.messages.canonical import b64
from vault.tokens import jws

KEY = Ed25519PrivateKey.generate()
TYPE = "test+jwt"


class Claims(msgspec.Struct, frozen=True):
    a: int


DECODER = msgspec.json.Decoder(Claims)


def signed(payload=None, key=KEY, algorithm="EdDSA", **header):
    return jwt.encode({"a": 1} if payload is None else payload, key, algorithm, headers={"typ": TYPE} | header)


def read(text):
    return jws.claims(text, KEY.public_key(), TYPE, DECODER)


def test_what_another_library_signs_is_read():
    assert read(signed()) == Claims(1)


def test_the_key_in_a_header_is_told():
    x = b64(KEY.public_key().public_bytes_raw())
    shown = jws.header(signed(jwk={"kty": "OKP", "crv": "Ed25519", "x": x})).jwk
    assert jws.public_key(shown.x).public_bytes_raw() == KEY.public_key().public_bytes_raw()


def unsigned(part):
    """A text of which one part is another's."""
    pieces, others = signed().split("."), signed({"a": 2}).split(".")
    pieces[part] = others[part]
    return ".".join(pieces)


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
