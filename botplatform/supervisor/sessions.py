"""Finds and ends processes by session or by the mark in their environment, so that no grandchild is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

MARK = "BOTPLATFORM_SUPERVISED"
PROC = Path("/proc")


def _pids() -> Iterator[int]:
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def in_session(session: int) -> list[int]:
    """Processes of a session that are not yet zombies."""
    return [pid for pid in _pids() if _session(pid) == session]


def _session(pid: int) -> int | None:
    try:
        # The name in parentheses may hold anything, spaces and parentheses included.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    return None if fields[0] == "Z" else int(fields[3])


def marked(var: Path, *, but: str | None = None, only: str | None = None) -> list[int]:
    """Processes that a supervisor of `var` started: any one's, not those with mark `but`, or those of `only`."""
    wanted = f"BOTPLATFORM_VAR={var}".encode()
    prefix = f"{MARK}=".encode()
    found = []
    for pid in _pids():
        try:
            variables = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted not in variables or pid == os.getpid():
            continue
        marks = {variable.removeprefix(prefix).decode() for variable in variables if variable.startswith(prefix)}
        if marks and but not in marks and (only is None or only in marks):
            found.append(pid)
    return found


def kill(pids: Iterable[int]) -> None:
    """SIGKILL to each that still exists and is ours."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_session(session: int) -> None:
    """End a whole session, however its members are grouped.

    Twice at most sees those that were forked in between.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)
    for _ in range(3):
        members = in_session(session)
        if not members:
            return
        kill(members)
