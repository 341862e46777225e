"""A request between being built and being signed, and what it has to say to be signed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NoReturn
from urllib.parse import parse_qsl, urlsplit

import msgspec

from vault.messages.refusals import Code, Refused

_HEADERS = frozenset({"X-MBX-APIKEY", "Content-Type"})
_BY_ALL_SIGNED = frozenset({"timestamp", "recvWindow", "signature"})


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A request with a placeholder where its signature goes; `payload` is what the signature is computed over."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    payload: bytes | None  # None: a public request
    placeholder: str

    def signed(self, mac: str) -> Built:
        """The request with its signature in place."""
        body = None if self.body is None else self.body.replace(self.placeholder, mac)
        return Built(
            method=self.method,
            url=self.url.replace(self.placeholder, mac),
            headers=self.headers,
            body=body,
            payload=None,
            placeholder="",
        )

    def __repr__(self) -> str:
        return f"<{self.method} {urlsplit(self.url).path}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a built request is not pickled")


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a built request must say, whole: every parameter with its value and not one more.

    A Decimal is compared as a number, text to the letter.
    """

    method: str
    url: str  # scheme, host and path
    values: Mapping[str, str | Decimal]

    def check(self, built: Built) -> None:
        """Raises Refused(REQUEST_NOT_AS_INTENDED) naming the first difference."""
        split = urlsplit(built.url)
        if (built.method, f"{split.scheme}://{split.netloc}{split.path}") != (self.method, self.url):
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "method or address")
        if (built.body is None) is (self.method == "POST") or (built.body is not None and split.query):
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "place of the parameters")
        written = _parameters(split.query if built.body is None else built.body)
        sent = dict(written)
        meant = self.values.keys() | _BY_ALL_SIGNED
        if len(sent) != len(written) or sent.keys() != meant:
            odd = sorted(sent.keys() ^ meant)
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, f"parameters {', '.join(odd)}")
        for name, value in self.values.items():
            if not _same(sent[name], value):
                raise Refused(Code.REQUEST_NOT_AS_INTENDED, f"value of {name}")
        signed = (built.payload or b"").decode(errors="replace")
        if (split.query if built.body is None else built.body) != f"{signed}&signature={built.placeholder}":
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "what is signed")
        if set(built.headers) - _HEADERS:
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, "headers")


def _parameters(text: str) -> list[tuple[str, str]]:
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    pairs = [pair.partition("=") for pair in text.split("&")]  # nothing is encoded
    return [(name, value) for name, _, value in pairs]


def _same(sent: str, value: str | Decimal) -> bool:
    if isinstance(value, str):
        return sent == value
    try:
        return Decimal(sent) == value
    except InvalidOperation:
        return False
