"""Log lines in which nothing that looks like a secret is left, whether it came in a message, a value or a traceback."""

from __future__ import annotations

import logging
import re

_MASK = "[redacted]"
_SECRETS = re.compile(
    r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"  # a JWT: token or proof
    r"|\b(?:hvs|hvb|hvr|s|b|r)\.[A-Za-z0-9_-]{20,}"  # a token of the key store
    r"|(?<=signature=)[0-9A-Fa-f]{16,}"
    r"|vault:v\d+:[A-Za-z0-9+/=]+"  # what the key store sealed or signed
    r"|\b[A-Za-z0-9]{64}\b"  # a key or a secret of an exchange
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
)


def redacted(text: str) -> str:
    """The text with a mask in place of everything that looks like a secret."""
    return _SECRETS.sub(_MASK, text)


class Redacted(logging.Formatter):
    """A formatter whose lines are redacted, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole line."""
        return redacted(super().format(record))
