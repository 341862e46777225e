"""One exchange as the signer reaches it: its workshop, its address, its connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from vault.signing import binance
from vault.signing.budget import Budget
from vault.signing.built import Built
from vault.signing.line import Lines
from vault.signing.outcomes import NotSent, Unsure
from vault.signing.workshop import Response, Workshop


class Venue:
    """Sends what was built to `origin` (scheme, host and port), whatever host the exchange's own library names.

    `origin` comes from the signer's configuration alone, so a paper account can never reach a real exchange; so do
    `lines`, the way to its private streams. Without them everything is learned by asking.
    """

    def __init__(
        self, origin: str, *, recv_window: float, timeout: float, paper: bool = False, lines: Lines | None = None
    ) -> None:
        self.origin = origin
        self.paper = paper  # by the signer's configuration alone: what is there to lose is made up
        self.workshop = Workshop(recv_window)
        self.budget = Budget(binance.WEIGHT_A_MINUTE)
        self.lines = lines
        self._timeout = timeout
        self._http: aiohttp.ClientSession | None = None

    @property
    def on_this_machine(self) -> bool:
        """Whether it sees this machine's requests come from the machine itself."""
        return urlsplit(self.origin).hostname in ("127.0.0.1", "localhost", "::1")

    async def open(self) -> None:
        if self.lines is not None:
            await self.lines.open()
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout, connect=3),
            connector=aiohttp.TCPConnector(limit=32, keepalive_timeout=15),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        if self.lines is not None:
            await self.lines.close()
        if self._http is not None:
            await self._http.close()

    async def send(self, request: Built) -> Response:
        """The exchange's answer, whatever its status. Raises NotSent before the first byte, Unsure after it."""
        if self._http is None:
            raise NotSent("the signer is starting")
        split = urlsplit(request.url)
        # `encoded`: what was signed is sent to the letter.
        address = f"{self.origin}{split.path}" + (f"?{split.query}" if split.query else "")
        try:
            async with self._http.request(
                request.method,
                URL(address, encoded=True),
                data=None if request.body is None else request.body.encode(),
                headers=dict(request.headers),
                allow_redirects=False,
            ) as response:
                self.budget.hear(response.status, response.headers)
                body = await response.read()
                return Response(
                    status=response.status, reason=response.reason or "", text=body.decode("utf-8", "replace")
                )
        except aiohttp.ClientConnectorError as why:
            raise NotSent(type(why).__name__) from why
        except (aiohttp.ClientError, TimeoutError, OSError) as why:
            raise Unsure(f"no answer ({type(why).__name__})") from why
