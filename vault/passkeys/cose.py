"""Public keys as authenticators write them: a COSE map (RFC 9053) in CBOR (RFC 8949), and what they verify.

Only the little of CBOR that such a map needs is read: integers, byte and text strings. Anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS = (ES256, EDDSA, RS256)

_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_MAP = 5
_N, _E = -1, -2  # RSA uses the same labels for other things
_P256, _ED25519 = 1, 6
_SMALLEST_RSA = 2048

Value = int | bytes | str


class BadKey(Exception):
    """Not a public key that this vault verifies with."""


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raises InvalidSignature, BadKey."""
    fields, _ = read_map(public)
    match fields.get(_KTY), fields.get(_ALG):
        case (2, -7):
            _p256(fields).verify(signature, message, ec.ECDSA(SHA256()))
        case (1, -8):
            _ed25519(fields).verify(signature, message)
        case (3, -257):
            _rsa(fields).verify(signature, message, padding.PKCS1v15(), SHA256())
        case _:
            raise BadKey("its kind or algorithm is not one of ES256, EdDSA and RS256")


def check(public: bytes) -> None:
    """Raises BadKey when nothing could ever be verified with it."""
    try:
        verify(public, b"\0" * 64, b"")
    except InvalidSignature:
        return


def _p256(fields: dict[Value, Value]) -> ec.EllipticCurvePublicKey:
    if fields.get(_CRV) != _P256:
        raise BadKey("its curve is not P-256")
    try:
        numbers = ec.EllipticCurvePublicNumbers(_integer(fields, _X), _integer(fields, _Y), ec.SECP256R1())
        return numbers.public_key()
    except ValueError as why:
        raise BadKey("its point is not on the curve") from why


def _ed25519(fields: dict[Value, Value]) -> Ed25519PublicKey:
    x = fields.get(_X)
    if fields.get(_CRV) != _ED25519 or not isinstance(x, bytes):
        raise BadKey("its curve is not Ed25519")
    try:
        return Ed25519PublicKey.from_public_bytes(x)
    except ValueError as why:
        raise BadKey("its point is not on the curve") from why


def _rsa(fields: dict[Value, Value]) -> rsa.RSAPublicKey:
    try:
        key = rsa.RSAPublicNumbers(_integer(fields, _E), _integer(fields, _N)).public_key()
    except ValueError as why:
        raise BadKey("it is no RSA key") from why
    if key.key_size < _SMALLEST_RSA:
        raise BadKey("it is too short")
    return key


def _integer(fields: dict[Value, Value], label: int) -> int:
    value = fields.get(label)
    if not isinstance(value, bytes):
        raise BadKey(f"field {label} is missing")
    return int.from_bytes(value, "big")


def read_map(data: bytes) -> tuple[dict[Value, Value], int]:
    """The map at the beginning of `data`, and its length. Raises BadKey."""
    reader = _Reader(data)
    kind, pairs = reader.head()
    if kind != _MAP:
        raise BadKey("it is no map")
    found: dict[Value, Value] = {}
    for _ in range(pairs):
        label = reader.value()
        if label in found:
            raise BadKey("a field is there twice")
        found[label] = reader.value()
    return found, reader.at


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int = 0

    def value(self) -> Value:
        kind, argument = self.head()
        match kind:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self.take(argument)
            case 3:
                try:
                    return self.take(argument).decode()
                except UnicodeDecodeError as why:
                    raise BadKey("a text is no UTF-8") from why
        raise BadKey("it holds more than numbers and strings")

    def head(self) -> tuple[int, int]:
        """Major type and argument."""
        first = self.take(1)[0]
        kind, short = first >> 5, first & 0x1F
        if short < 24:  # noqa: PLR2004 - RFC 8949, 3: the argument itself below 24, else in 1, 2, 4 or 8 bytes
            return kind, short
        if short > 27:  # noqa: PLR2004
            raise BadKey("a length is not written out")
        return kind, int.from_bytes(self.take(1 << (short - 24)), "big")

    def take(self, length: int) -> bytes:
        piece = self.data[self.at : self.at + length]
        if len(piece) != length:
            raise BadKey("it ends early")
        self.at += length
        return piece
