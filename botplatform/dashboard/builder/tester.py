"""Asking the process that backtests while the hand moves (`botplatform.bots.backtests.hand`).

One process for runs and one for bands over many starts, so that a band that fills in never keeps a drag waiting. Each
is started when it is first asked, answers one question at a time, and ends with the web: its input ends then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
import weakref

import msgspec
from django.conf import settings

from botplatform.bots.backtests.hand import Answer, Question

_LENGTH = struct.Struct("<I")
_PATIENCE = 20.0  # seconds; a run that takes longer is given up with its process


class Tester:
    """One such process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: Question) -> Answer:
        """Its answer; one with a `problem` if it cannot be had."""
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await self._ask(msgspec.msgpack.encode(question))
            except TimeoutError:
                return Answer(problem=f"The backtest took longer than {_PATIENCE:g} s. Choose fewer lines or candles.")
            except (OSError, asyncio.IncompleteReadError, msgspec.DecodeError):
                return Answer(problem="The backtest ended unexpectedly. The next change tries again.")
            except asyncio.CancelledError:
                raise
            finally:
                if self._process is not None and self._process.returncode is not None:
                    self._process = None

    async def _ask(self, question: bytes) -> Answer:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise OSError("the process has no pipes")
        answered = False
        try:
            process.stdin.write(_LENGTH.pack(len(question)) + question)
            await process.stdin.drain()
            (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            answer = msgspec.msgpack.decode(await process.stdout.readexactly(length), type=Answer)
            answered = True
            return answer
        finally:
            if not answered:  # what it says next would answer a question that nobody asks any more
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                self._process = None

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "botplatform.bots.backtests.hand",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=settings.BASE_DIR,
                env={name: os.environ[name] for name in ("PATH", "LANG", "BOTPLATFORM_VAR") if name in os.environ},
            )
        return self._process


class Testers:
    """The two of one event loop."""

    def __init__(self) -> None:
        self.runs, self.bands = Tester(), Tester()


_TESTERS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Testers] = weakref.WeakKeyDictionary()


def testers() -> Testers:
    """The running loop's."""
    return _TESTERS.setdefault(asyncio.get_running_loop(), Testers())
