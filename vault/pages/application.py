"""The pages as an ASGI application: some files, and a table of what is passed on to the signer.

The page's script holds the visit, in its tab alone: a cookie would be sent to every other port of the same host too,
the web's among them. So nothing here is done by a browser that was only lured to some address.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from vault.client import PagesClient
from vault.messages.answers import ErrorAnswer
from vault.messages.bodies import Receive, body_of
from vault.messages.passkeys import EnterByTicket
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry
from vault.pages.files import INDEX, read_files

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_THREADS = 4
_LOOK = "Nobody knows whether that was done. Look before you try again."
# What a page's script may ask for; the signer decides whether this visit may.
PASSED_ON = frozenset(
    {
        "/v1/keys/announce",
        "/v1/keys/connect",
        "/v1/keys/remove",
        "/v1/keys/rename",
        "/v1/keys/rotate",
        "/v1/grants/revoke",
        "/v1/kills/put",
        "/v1/visits/look",
        "/v1/visits/leave",
        "/v1/passkeys/begin-sign-in",
        "/v1/passkeys/sign-in",
        "/v1/passkeys/redeem",
        "/v1/passkeys/add",
        "/v1/passkeys/begin",
        "/v1/passkeys/confirm",
    }
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_ALWAYS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    kind: str
    body: bytes
    more: dict[str, str] = field(default_factory=dict)  # further headers


class Application:
    """Serves `origin`; lets people in from `web`."""

    def __init__(self, client: PagesClient, *, origin: str, web: str) -> None:
        self._client = client
        self._origin = origin
        self._web = web
        self._host = urlsplit(origin).netloc
        self._files = read_files()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="signer")
        self._always = dict(_ALWAYS)
        if origin.startswith("https:"):
            self._always["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = await self._answer(scope["method"], scope["path"], headers, receive)
        told = {**self._always, "content-type": answer.kind, "content-length": str(len(answer.body)), **answer.more}
        lines = [(name.encode(), value.encode()) for name, value in told.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, method: str, path: str, headers: dict[str, str], receive: Receive) -> Answer:
        try:
            return await self._served(method, path, headers, receive)
        except Refused as why:
            error = ErrorAnswer(kind="refused", code=why.code, sentence=why.sentence, detail=why.detail)
            status = {Code.NOT_FOUND: 404, Code.VISIT_OVER: 401}.get(why.code, 403)
        except Retry as why:
            status = 503
            error = ErrorAnswer(kind="retry", code=why.code, sentence=why.sentence, detail=why.detail, after=why.after)
        except OutcomeUnknown as why:
            status = 500
            error = ErrorAnswer(
                kind="unknown",
                code="outcome_unknown",
                sentence="Nobody knows whether that was done. Look.",
                detail=str(why),
            )
        return _json(status, error)

    async def _served(self, method: str, path: str, headers: dict[str, str], receive: Receive) -> Answer:
        if method in ("GET", "HEAD"):
            return self._get(path, headers)
        if method != "POST":
            raise Refused(Code.NOT_FOUND)
        origin = headers.get("origin")
        if path == "/enter":
            return await self._enter(origin, await body_of(receive))
        if path not in PASSED_ON or origin != self._origin:
            raise Refused(Code.NOT_FOUND)
        body = await body_of(receive)
        return _json(200, await self._signer(path, body, headers.get("visit", "")))

    def _get(self, path: str, headers: dict[str, str]) -> Answer:
        if path == "/":
            return self._index(headers)
        found = self._files.get(path)
        if found is None:
            raise Refused(Code.NOT_FOUND)
        more = {"cache-control": found.kept, "vary": "accept-encoding"}
        if "gzip" in headers.get("accept-encoding", ""):
            return Answer(200, found.kind, found.packed, {**more, "content-encoding": "gzip"})
        return Answer(200, found.kind, found.content, more)

    def _index(self, headers: dict[str, str], *, visit: str = "", trouble: str = "") -> Answer:
        # Passkeys are bound to one address: a page reached by another one says so instead of failing at the end.
        elsewhere = "" if headers.get("host") == self._host else self._origin
        page = INDEX.replace("{{visit}}", html.escape(visit)).replace("{{elsewhere}}", html.escape(elsewhere))
        page = page.replace("{{web}}", html.escape(self._web)).replace("{{trouble}}", html.escape(trouble))
        return Answer(200, "text/html; charset=utf-8", page.encode())

    async def _enter(self, origin: str | None, body: bytes) -> Answer:
        """The web sends somebody on, with a form. From anywhere else it would be a way to lure people in as another."""
        if origin != self._web:
            raise Refused(Code.NOT_FOUND)
        given = parse_qs(body.decode("latin-1")).get("ticket", [""])[0]
        here = {"host": self._host}
        try:
            word = msgspec.convert({"ticket": given}, EnterByTicket)
            begun = await self._signer("/v1/visits/enter", msgspec.json.encode(word), "")
        except msgspec.ValidationError:
            return self._index(here, trouble=str(Refused(Code.VISIT_OVER)))
        except (Refused, Retry, OutcomeUnknown) as why:
            return self._index(here, trouble=str(why))  # a person waits for a page
        return self._index(here, visit=begun["visit"])

    async def _signer(self, path: str, body: bytes, visit: str) -> dict[str, Any]:
        if visit and not visit.replace("-", "").replace("_", "").isalnum():
            raise Refused(Code.VISIT_OVER)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._client.relay, path, body, visit)


def _json(status: int, value: Any) -> Answer:
    return Answer(status, "application/json", msgspec.json.encode(value))
