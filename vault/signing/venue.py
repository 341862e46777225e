"""One exchange as the signer reaches it: its workshop, its address, its connection."""

from __future__ import annotations

from urllib.parse import urlsplit

from vault.peer import Address, NoAnswer, NotConnected, Peer
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
        self._peer: Peer | None = None

    @property
    def on_this_machine(self) -> bool:
        """Whether it sees this machine's requests come from the machine itself."""
        return urlsplit(self.origin).hostname in ("127.0.0.1", "localhost", "::1")

    async def open(self) -> None:
        if self.lines is not None:
            await self.lines.open()
        split = urlsplit(self.origin)
        tls = split.scheme == "https"
        address = Address(host=split.hostname or "", port=split.port or (443 if tls else 80), tls=tls)
        self._peer = Peer(address, timeout=self._timeout, most=32, headers={"User-Agent": "botplatform"})

    async def close(self) -> None:
        if self.lines is not None:
            await self.lines.close()
        if self._peer is not None:
            self._peer.close()

    async def send(self, request: Built) -> Response:
        """The exchange's answer, whatever its status. Raises NotSent before the first byte, Unsure after it."""
        if self._peer is None:
            raise NotSent("the signer is starting")
        split = urlsplit(request.url)
        # What was signed is sent to the letter.
        target = f"{split.path}?{split.query}" if split.query else split.path
        headers = dict(request.headers)
        if request.method == "GET":  # lists may be long
            headers["Accept-Encoding"] = "gzip"
        body = None if request.body is None else request.body.encode()
        try:
            answer = await self._peer.ask(request.method, target, headers, body)
        except NotConnected as why:
            raise NotSent(str(why)) from why
        except NoAnswer as why:
            raise Unsure(f"no answer ({why})") from why
        self.budget.hear(answer.status, answer.headers)
        return Response(status=answer.status, reason=answer.reason, text=answer.body.decode("utf-8", "replace"))
