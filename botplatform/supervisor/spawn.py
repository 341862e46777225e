"""Starts a child in a session of its own and passes on what it prints."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Mapping, Sequence

from .children import ROOT, die_with, environment
from .layout import Layout

CHUNK = 1 << 16


async def spawn(
    layout: Layout, argv: Sequence[str], env: Mapping[str, str], *, stdin: str | None = None
) -> asyncio.subprocess.Process:
    """A child whose output is one pipe; `stdin` is the line that it is given. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=ROOT,
        env=environment(layout, env),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=functools.partial(die_with, os.getpid()),  # calls the kernel, nothing else
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
