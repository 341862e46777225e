"""A request's parameters, read one by one, with Binance's refusals for what is missing, malformed or too much."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from urllib.parse import parse_qsl

from botplatform.paper import errors
from botplatform.paper.money import ZERO

_NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_LARGEST = 2**63 - 1
_INTEGER = r"^[0-9]{1,20}$"
_SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"


class Params:
    """Query string and body together. `finish` refuses what no one read."""

    def __init__(self, query: str, body: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
        self._sent = dict(pairs)
        if len(self._sent) != len(pairs):
            raise errors.duplicate_parameter()
        self._read: set[str] = set()

    def peek(self, *names: str) -> str:
        """The first of the parameters that was sent, else an empty string; does not count as reading it."""
        return next((self._sent[name] for name in names if name in self._sent), "")

    def text(self, name: str, default: str = "") -> str:
        self._read.add(name)
        value = self._sent.get(name)
        if value is None:
            return default
        if not value:
            raise errors.empty(name)
        return value

    def need(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise errors.missing(name)
        return value

    def legal(self, name: str, pattern: str) -> str:
        """A text that matches a pattern, or an empty one where it was not sent."""
        value = self.text(name)
        # `$` alone would let a newline through at the end
        if value and not re.fullmatch(pattern, value):
            raise errors.illegal_characters(name, pattern)
        return value

    def integer(self, name: str, default: int) -> int:
        value = self.maybe_integer(name)
        return default if value is None else value

    def maybe_integer(self, name: str) -> int | None:
        value = self.legal(name, _INTEGER)
        if not value:
            return None
        if int(value) > _LARGEST:
            raise errors.not_valid(name)
        return int(value)

    def need_integer(self, name: str) -> int:
        value = self.maybe_integer(name)
        if value is None:
            raise errors.missing(name)
        return value

    def limit(self, default: int, most: int) -> int:
        """`limit`, at least 1; more than the most is the most."""
        value = self.integer("limit", default)
        if value < 1:
            raise errors.not_valid("limit")
        return min(value, most)

    def amount(self, name: str) -> Decimal:
        """A decimal, or zero where it was not sent."""
        value = self.legal(name, _NUMBER)
        return Decimal(value) if value else ZERO

    def need_amount(self, name: str) -> Decimal:
        if not self.text(name):
            raise errors.missing(name)
        return self.amount(name)

    def boolean(self, name: str) -> bool:
        value = self.text(name, "false").lower()
        if value not in {"true", "false"}:
            raise errors.not_valid(name)
        return value == "true"

    def symbol(self) -> str:
        """A market's name as it was sent, not checked against the markets."""
        value = self.legal("symbol", _SYMBOL)
        if not value:
            raise errors.missing("symbol")
        return value

    def has(self, name: str) -> bool:
        return name in self._sent

    def symbols(self) -> list[str] | None:
        """`symbols=["BTCUSDT","ETHUSDT"]`, or None."""
        value = self.text("symbols")
        if not value:
            return None
        try:
            names = json.loads(value)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise errors.illegal_characters("symbols", '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$')
        return names

    def finish(self) -> None:
        """Refuses a request with parameters that the endpoint does not know."""
        unread = self._sent.keys() - self._read
        if unread:
            raise errors.unread(len(self._sent) - len(unread), len(self._sent))
