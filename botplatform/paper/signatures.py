"""Who asks, and whether they may: key, timestamp, signature, rights, in the order in which Binance looks."""

from __future__ import annotations

import hashlib
import hmac
import re

from botplatform.paper import clock, errors
from botplatform.paper.accounts import Key
from botplatform.paper.params import Params

AHEAD = 1_000
WINDOW = 5_000
LONGEST_WINDOW = 60_000
_KEY = re.compile(r"[A-Za-z0-9]{64}\Z")


def authenticate(
    keys: dict[str, Key], sent_key: str | None, *, address: str, query: str, body: str, params: Params
) -> Key:
    """The key of a signed request. Raises a Refusal."""
    if not sent_key or not _KEY.match(sent_key):
        raise errors.key_format()
    key = keys.get(sent_key)
    if key is None or (key.ips and address not in key.ips):
        raise errors.key_or_permissions()
    signature = params.need("signature")
    _check_time(params)
    if not hmac.compare_digest(sign(key.secret, unsigned(query) + unsigned(body)).encode(), signature.lower().encode()):
        raise errors.bad_signature()
    return key


def _check_time(params: Params) -> None:
    timestamp = params.need_integer("timestamp")
    window = params.integer("recvWindow", WINDOW)
    if window > LONGEST_WINDOW:
        raise errors.Refusal(-1131, f"recvWindow must be less than {LONGEST_WINDOW}.")
    now = clock.now()
    if timestamp >= now + AHEAD:
        raise errors.timestamp_ahead()
    if now - timestamp > window:
        raise errors.timestamp_late()


def unsigned(part: str) -> str:
    """A query string or a body exactly as sent, without the signature itself."""
    return "&".join(piece for piece in part.split("&") if not piece.startswith("signature="))


def sign(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
