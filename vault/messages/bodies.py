"""The body of an ASGI request, and no more of it than anybody needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from vault.messages.refusals import Code, Refused

LARGEST = 64 * 1024

Receive = Callable[[], Awaitable[dict[str, Any]]]


async def body_of(receive: Receive) -> bytes:
    """All of it. Raises Refused(TOO_LARGE), Refused(MALFORMED)."""
    body = b""
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise Refused(Code.MALFORMED, "The request ended early.")
        piece: bytes = part.get("body", b"")
        body += piece
        if len(body) > LARGEST:
            raise Refused(Code.TOO_LARGE, f"At most {LARGEST} bytes.")
        if not part.get("more_body"):
            return body
