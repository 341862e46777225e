"""Brings the exchange up on its port and its control socket, and takes it down again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

# The endpoints register themselves.
from botplatform.paper import rest_private as _rest_private  # noqa: F401
from botplatform.paper import rest_public as _rest_public  # noqa: F401
from botplatform.paper.control import Control
from botplatform.paper.exchange import Exchange, Options
from botplatform.paper.faults import Faults
from botplatform.paper.limits import Limits
from botplatform.paper.private_streams import PATH, PrivateHub
from botplatform.paper.rest import LONGEST_BODY, Rest
from botplatform.paper.streams import Hub

LONGEST_SOCKET_PATH = 107
GRACE = 0.5

log = logging.getLogger(__name__)


class Server:
    """One running exchange. `port` is the port it listens on, also where 0 was asked for."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.exchange = Exchange(options)
        self.faults = Faults()
        self.exchange.engine.cut = self.faults.cut
        self.hub = Hub(self.exchange)
        limits = Limits()
        self.private = PrivateHub(self.exchange, self.faults, limits)
        self._rest = Rest(self.exchange, self.faults, limits)
        self._control = Control(self.exchange, self.faults, limits, self.hub, self.private)
        self._runners: list[web.AppRunner] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.port = options.port

    async def start(self) -> None:
        """Listens. Raises OSError when the port or the socket's path cannot be had."""
        app = web.Application(client_max_size=LONGEST_BODY)
        app.router.add_get("/ws", self.hub.handle)
        app.router.add_get("/ws/{streams:.*}", self.hub.handle)
        app.router.add_get("/stream", self.hub.handle)
        app.router.add_get(PATH, self.private.handle)
        app.router.add_route("*", "/{path:.*}", self._rest.handle)
        public = await self._runner(app)
        site = web.TCPSite(public, "127.0.0.1", self.options.port)
        await site.start()
        self.port = public.addresses[0][1]
        control = await self._runner(self._control.application())
        listening = listen_privately(self.options.control)
        await web.SockSite(control, listening).start()
        self._start(self.hub.run)
        if not self.options.step:
            self._start(self.exchange.run)

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception:
                log.exception("Stopping.")
                self.exchange.broken.set()

        self._tasks.append(asyncio.create_task(guarded()))

    async def _runner(self, app: web.Application) -> web.AppRunner:
        # Cancelling handlers whose client has gone ends the ones that a fault lets hang.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=GRACE)
        await runner.setup()
        self._runners.append(runner)
        return runner

    async def stop(self) -> None:
        """Ends every connection, writes what is left, and gives the port and the socket back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.hub.drop_all()
        self.private.drop()
        for runner in self._runners:
            await runner.cleanup()
        self.options.control.unlink(missing_ok=True)
        self.exchange.close()


def listen_privately(path: Path) -> socket.socket:
    """A listening unix socket that only this user can reach. Raises OSError with a sentence."""
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise OSError(f"The control socket's path {path} is longer than {LONGEST_SOCKET_PATH} bytes.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(f"{path} exists and is no socket.")
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise OSError(f"Another process listens on {path}.")
        path.unlink()
    listening = socket.socket(socket.AF_UNIX)
    # Nobody can connect between bind and chmod: it does not listen yet.
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen()
    listening.setblocking(False)
    return listening


async def serve(options: Options, ready: Callable[[Server], None]) -> bool:
    """Runs until SIGTERM or SIGINT; answers whether it ended well and not because it broke."""
    server = Server(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.start()
        ready(server)
        waiting = [asyncio.create_task(event.wait()) for event in (stop, server.exchange.broken)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
    finally:
        await server.stop()
    return not server.exchange.broken.is_set()
