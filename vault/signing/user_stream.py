"""Binance's private stream: the one request that subscribes to an account's events, and what may be read from them.

Spot WebSocket API, `userDataStream.subscribe.signature`: the signature is the HMAC of the parameters in the order of
their names. Nothing else is ever built here, so nothing else is ever signed for a stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from vault.messages.refusals import Code, Refused
from vault.signing.outcomes import Rejected

_ID = "subscribe"
_METHOD = "userDataStream.subscribe.signature"
_LONGEST_WINDOW = 60_000
_API_KEY = re.compile(r"[A-Za-z0-9]{1,128}")
_PAYLOAD = re.compile(rb"apiKey=([A-Za-z0-9]{1,128})&recvWindow=([1-9][0-9]{0,4})&timestamp=([1-9][0-9]{0,15})")
_MAC = re.compile(r"[0-9a-f]{64}")
# What has changed something that the ledger wants to know. That an order is new its own answer says.
_NEWS = frozenset({"TRADE", "CANCELED", "EXPIRED", "TRADE_PREVENTION", "REJECTED"})
_OVER = frozenset({"eventStreamTerminated", "serverShutdown"})
_OK, _FAILED, _BUSY = 200, 500, (418, 429)
_LATE = -1021  # the request took too long, or one of the clocks is off


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription to one account's events; `timestamp` and `recv_window` in milliseconds."""

    api_key: str = field(repr=False)
    timestamp: int
    recv_window: int

    def payload(self) -> bytes:
        """What is signed, checked whole. Raises Refused(REQUEST_NOT_AS_INTENDED)."""
        if not _API_KEY.fullmatch(self.api_key):
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "an API key of other than letters and digits")
        if not 0 < self.recv_window <= _LONGEST_WINDOW:
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "value of recvWindow")
        payload = f"apiKey={self.api_key}&recvWindow={self.recv_window}&timestamp={self.timestamp}".encode()
        said = _PAYLOAD.fullmatch(payload)
        meant = (self.api_key, str(self.recv_window), str(self.timestamp))
        if said is None or tuple(part.decode() for part in said.groups()) != meant:
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "what is signed")
        return payload

    def request(self, mac: str) -> str:
        """The text frame that subscribes. Raises Refused(REQUEST_NOT_AS_INTENDED) for what is no MAC."""
        if not _MAC.fullmatch(mac):
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "the signature")
        params = {
            "apiKey": self.api_key,
            "recvWindow": self.recv_window,
            "timestamp": self.timestamp,
            "signature": mac,
        }
        return msgspec.json.encode({"id": _ID, "method": _METHOD, "params": params}).decode()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a subscription is not pickled")


class _Event(msgspec.Struct, frozen=True):
    e: str
    s: str = ""
    x: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int
    msg: str = ""


class _Result(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: int


class _Frame(msgspec.Struct, frozen=True, rename="camel"):
    id: Any = None
    status: int = 0
    result: _Result | None = None
    error: _Error | None = None
    subscription_id: int | None = None
    event: _Event | None = None


def subscribed(text: str) -> int | None:
    """The number of the subscription, if this frame is the answer to it. Raises Rejected when it says no."""
    frame = _read(text)
    if frame is None or frame.id != _ID:
        return None
    if frame.status != _OK or frame.result is None:
        code, why = (0, "no result") if frame.error is None else (frame.error.code, frame.error.msg[:200])
        raise Rejected(f"{code} {why}", busy=frame.status >= _FAILED or frame.status in _BUSY or code == _LATE)
    return frame.result.subscription_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All that is believed of an event: that there may be news in a market, by the exchange's name of it."""

    market_id: str = ""
    over: bool = False  # the stream says that it ends


def heard(text: str, subscription: int) -> Heard | None:
    """What a frame is worth; None when it is nothing to us. No amount, price or state is taken from it."""
    frame = _read(text)
    if frame is None or frame.event is None:
        return None
    if frame.event.e in _OVER:
        return Heard(over=True)
    if frame.subscription_id != subscription or frame.event.e != "executionReport" or frame.event.x not in _NEWS:
        return None
    return Heard(market_id=frame.event.s)


def _read(text: str) -> _Frame | None:
    try:
        return msgspec.json.decode(text, type=_Frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
