"""Runs an installation: starts its parts in order, keeps them running, and ends them in reverse.

1. Take the state folder, and end what a killed supervisor may have left in it.
2. Start each part as soon as those that it names are ready or done; what does not depend waits for nobody.
3. Tell the person where to go.
4. On Ctrl-C or SIGTERM: end the parts, those first on which no other depends; kill what is left; a second one kills.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine

from .board import Board
from .children import OWN_MARK, ROOT
from .keeper import Keeper
from .layout import Layout, lock, private_folder
from .oneshot import run_task
from .sessions import kill, marked
from .specs import Installation, Pace, Process, Task
from .terminal import Terminal

LEFTOVER_SECONDS = 5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One run of an installation."""

    def __init__(self, layout: Layout, installation: Installation, terminal: Terminal, pace: Pace) -> None:
        self._layout, self._installation, self._terminal, self._pace = layout, installation, terminal, pace
        private_folder(layout.logs)
        self._board = Board(layout.processes)
        self._keepers = {
            part.name: Keeper(part, layout, self._board, terminal, pace)
            for part in installation.parts
            if isinstance(part, Process)
        }
        self._done = {
            part.name: self._keepers[part.name].ready if part.name in self._keepers else asyncio.Event()
            for part in installation.parts
        }
        self._asked_to_stop = asyncio.Event()
        self._reaper: subprocess.Popen[bytes] | None = None

    async def run(self) -> int:
        """Until a signal comes. Raises Problem if a fatal task fails."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        self._reaper = self._start_reaper()
        try:
            await self._until_stopped()
        finally:
            await self._end()
        return 0

    def _on_signal(self) -> None:
        if self._asked_to_stop.is_set():
            for keeper in self._keepers.values():
                keeper.kill()
            kill(marked(self._layout.var, only=OWN_MARK))
        else:
            self._terminal.say("supervisor", "stopping; Ctrl-C again kills at once")
        self._asked_to_stop.set()

    async def _until_stopped(self) -> None:
        work: list[Coroutine[object, object, None]] = [self._begin(part) for part in self._installation.parts]
        tasks = [asyncio.create_task(each) for each in [*work, self._announce(), self._keep_state()]]
        stopping = asyncio.create_task(self._asked_to_stop.wait())
        try:
            pending: set[asyncio.Task[object]] = {*tasks, stopping}
            while not stopping.done():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # a Problem comes out here
        finally:
            for task in [*tasks, stopping]:
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _begin(self, part: Process | Task) -> None:
        for name in part.after:
            await self._done[name].wait()
        if isinstance(part, Task):
            await run_task(part, self._layout, self._terminal)
            self._done[part.name].set()
        else:
            self._keepers[part.name].start()

    async def _announce(self) -> None:
        for name in self._installation.announce_after:
            await self._done[name].wait()
        if self._installation.announce is not None:
            self._terminal.plain(self._installation.announce())

    async def _keep_state(self) -> None:
        while True:
            self._board.write()
            await asyncio.sleep(self._pace.state_every)

    async def _end(self) -> None:
        """End each part once those that came after it have ended, all within `stop_all` seconds."""
        ended = {part.name: asyncio.Event() for part in self._installation.parts}

        async def end(part: Process | Task) -> None:
            for other in self._installation.parts:
                if part.name in other.after:
                    await ended[other.name].wait()
            if part.name in self._keepers:
                await self._keepers[part.name].stop()
            ended[part.name].set()

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pace.stop_all):
                await asyncio.gather(*(end(part) for part in self._installation.parts))
        for keeper in self._keepers.values():
            keeper.kill()
        for _ in range(20):
            left = marked(self._layout.var, only=OWN_MARK)
            if not left:
                break
            kill(left)
            await asyncio.sleep(self._pace.poll)
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait()
        self._terminal.say("supervisor", "everything is stopped")

    def _start_reaper(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "botplatform.supervisor.reaper", str(self._layout.var), OWN_MARK],
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


def run(
    layout: Layout,
    make: Callable[[Layout], Installation],
    *,
    check: Callable[[Layout], None] | None = None,
    pace: Pace | None = None,
) -> int:
    """Run an installation to its end; the exit code. Raises Problem.

    `check` runs once nothing of an earlier, killed supervisor is left.
    """

    async def main() -> int:
        supervisor = Supervisor(layout, make(layout), Terminal(), pace or Pace())
        return await supervisor.run()

    with lock(layout.var):
        _end_leftovers(layout)
        if check is not None:
            check(layout)
        return asyncio.run(main())


def _end_leftovers(layout: Layout) -> None:
    """What a killed supervisor's reaper has not ended yet."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while (left := marked(layout.var, but=OWN_MARK)) and time.monotonic() < deadline:
        kill(left)
        time.sleep(0.02)
