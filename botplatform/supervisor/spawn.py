"""Starts a child in a session of its own and passes on what it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from .children import ROOT, environment, on_leash
from .layout import Layout

CHUNK = 1 << 16
POLL_SECONDS = 0.02


async def spawn(
    layout: Layout, argv: Sequence[str], env: Mapping[str, str], *, stdin: str | None = None
) -> asyncio.subprocess.Process:
    """A child whose output is one pipe; `stdin` is the line that it is given. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        *on_leash(argv),
        cwd=ROOT,
        env=environment(layout, env),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    if stdin is not None and process.stdin is not None:
        process.stdin.write(stdin.encode() + b"\n")
        process.stdin.close()
    return process


async def pump(process: asyncio.subprocess.Process, take: Callable[[bytes], object]) -> None:
    """Hand on the child's output until nobody holds the other end any more."""
    if process.stdout is not None:
        while chunk := await process.stdout.read(CHUNK):
            take(chunk)


async def exited(process: asyncio.subprocess.Process) -> int:
    """The exit code, once the process itself has ended.

    asyncio's own `wait` also waits for the pipe, which a grandchild may hold for as long as it likes.
    """
    while process.returncode is None:  # noqa: ASYNC110 (there is no event for just this)
        await asyncio.sleep(POLL_SECONDS)
    return process.returncode
