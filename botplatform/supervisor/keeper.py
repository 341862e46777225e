"""Keeps one process running.

1. Prepare, start, and ask until it is ready.
2. Watch: it ends, or its heartbeat stops, or we are told to stop.
3. Kill what is left of its session.
4. Wait a little, twice as long each time, and begin again; a healthy life starts the waits anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time

from .board import Board, State
from .layout import Layout
from .logs import Log
from .problems import Problem
from .sessions import kill_session
from .spawn import exited, pump, spawn
from .specs import Pace, Process
from .terminal import Terminal

SHOWN_ERRORS = 5  # lines of one process on the terminal in ERROR_WINDOW seconds; the log has them all
ERROR_WINDOW = 10


class Keeper:
    """One process and its restarts."""

    def __init__(self, spec: Process, layout: Layout, board: Board, terminal: Terminal, pace: Pace) -> None:
        self.spec = spec
        self.ready = asyncio.Event()  # it has been ready once
        self._layout, self._board, self._terminal, self._pace = layout, board, terminal, pace
        self._log = Log(layout.logs / f"{spec.name}.log")
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_ready = False
        self._failures = 0  # since it was last healthy
        self._restarts = 0
        self._shown: list[float] = []

    def start(self) -> None:
        """Begin; `ready` says when it can be used."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """SIGTERM to the process alone, SIGKILL to its session after the grace."""
        running = self._running
        if running is None:
            return
        self._put("stopping")
        running.cancel()
        await asyncio.wait([running])
        if (process := self._process) is not None:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.spec.grace):
                        await exited(process)
            await self._clear(process)
            self._terminal.say(self.spec.name, "stopped")
        self._put("exited")
        self._log.close()

    def kill(self) -> None:
        """At once, with its session."""
        if self._process is not None:
            kill_session(self._process.pid)

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            ended = await self._live()
            if time.monotonic() - began >= self._pace.healthy_after:
                self._failures = 0
            delay = min(self._pace.first_delay * 2**self._failures, self._pace.longest_delay)
            self._failures += 1
            self._restarts += 1
            self._put("backoff")
            self._terminal.say(self.spec.name, f"{ended}; next try in {delay:g} s", bad=True)
            await asyncio.sleep(delay)

    async def _live(self) -> str:
        """One life, from start to end: in words, how it ended."""
        began = time.monotonic()
        self._is_ready = False
        self._put("starting")
        self._log.begin()
        try:
            process = await self._start()
        except (Problem, OSError) as error:
            return f"can't be started: {error}"
        self._put("starting")
        pumping = asyncio.create_task(pump(process, self._take))
        try:
            ended = await self._until_ready(process)
            if ended is None:
                self._terminal.say(self.spec.name, f"ready in {time.monotonic() - began:.1f} s")
                self._is_ready = True
                self._put("ready")
                self.ready.set()
                return await self._watch(process, began)
            if self._failures == 0:
                self._explain()
            return f"{ended} ({(self._log.last_lines().splitlines() or ['it said nothing'])[-1]})"
        finally:
            # When we are told to stop, `stop` ends the process and the rest of the output still counts.
            if not self._stopping:
                await self._clear(process)
                pumping.cancel()

    @property
    def _stopping(self) -> bool:
        return self._running is not None and self._running.cancelling() > 0

    async def _start(self) -> asyncio.subprocess.Process:
        spec = self.spec
        if spec.prepare is not None:
            await asyncio.to_thread(spec.prepare, self._failures)
        if spec.heartbeat is not None:
            spec.heartbeat.unlink(missing_ok=True)
        line = await asyncio.to_thread(spec.stdin) if spec.stdin is not None else None
        self._process = await spawn(self._layout, spec.argv, spec.env, stdin=line)
        return self._process

    async def _until_ready(self, process: asyncio.subprocess.Process) -> str | None:
        """None once it is ready; otherwise how it ended."""
        deadline = time.monotonic() + self.spec.ready_within
        ready = self.spec.ready
        while True:
            if process.returncode is not None:
                return _in_words(process.returncode)
            try:
                if ready is None or await ready():
                    return None
            except Problem as problem:
                return str(problem)
            if time.monotonic() > deadline:
                return f"was not ready within {self.spec.ready_within:g} s"
            await asyncio.sleep(self._pace.poll)

    async def _watch(self, process: asyncio.subprocess.Process, began: float) -> str:
        ending = asyncio.create_task(exited(process))
        tended = began
        try:
            while True:
                await asyncio.wait([ending], timeout=self._pace.heartbeat_limit / 10)
                if ending.done():
                    return _in_words(ending.result())
                if self.spec.tend is not None and time.monotonic() - tended > self._pace.tend_every:
                    tended = time.monotonic()
                    self.spec.tend(process.pid)
                if time.monotonic() - began > self._pace.heartbeat_from and self._is_silent(began):
                    return f"gave no sign of life for {self._pace.heartbeat_limit:g} s and was killed"
        finally:
            ending.cancel()

    def _is_silent(self, began: float) -> bool:
        if self.spec.heartbeat is None:
            return False
        try:
            age = time.time() - self.spec.heartbeat.stat().st_mtime
        except FileNotFoundError:
            age = time.monotonic() - began
        return age > self._pace.heartbeat_limit

    async def _clear(self, process: asyncio.subprocess.Process) -> None:
        kill_session(process.pid)
        await exited(process)
        if self._process is process:
            self._process = None

    def _explain(self) -> None:
        name, log = self.spec.name, self._log
        self._terminal.say(name, f"did not start. The last lines of {log.path}:", bad=True)
        self._terminal.say(name, log.last_lines() or "(it said nothing)")
        self._terminal.say(name, "It is tried again by itself; correct what the lines say, or stop with Ctrl-C.")

    def _take(self, chunk: bytes) -> None:
        now = time.monotonic()
        errors = self._log.take(chunk)
        # While it starts its last lines are shown if it fails; what it says while it is ended is no news.
        for line in errors if self._is_ready and not self._stopping else []:
            self._shown = [then for then in self._shown if now - then < ERROR_WINDOW]
            if len(self._shown) < SHOWN_ERRORS:
                self._shown.append(now)
                self._terminal.say(self.spec.name, line, bad=True)

    def _put(self, state: State) -> None:
        self._board.put(self.spec.name, state, self._process.pid if self._process else None, self._restarts)


def _in_words(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended by itself with code {code}"
