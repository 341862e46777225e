"""Private files: made once, readable by this user alone, refused when anybody else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vault import clock
from vault.hazmat.secret import Secret


class Exposed(PermissionError):
    """A key file that others can read. It is not used: nobody knows who has a copy."""


def create(path: Path, content: bytes) -> None:
    """Write a new 0600 file. Raises FileExistsError rather than replace a key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """New content for a private file. What was there stays as `previous(path)`; its time is that of the change.

    Raises FileNotFoundError where there was none.
    """
    path.stat()
    fresh = path.with_suffix(".next")
    fresh.unlink(missing_ok=True)
    create(fresh, content)
    before = previous(path)
    before.unlink(missing_ok=True)
    os.link(path, before)
    os.utime(before)
    fresh.replace(path)


def previous(path: Path) -> Path:
    """Where the content before the last `replace` is."""
    return path.with_suffix(".previous")


def replaced_since(path: Path, seconds: float) -> bool:
    """Whether the content was replaced less than so long ago, and what it was before is still there."""
    try:
        return clock.now().timestamp() - previous(path).stat().st_mtime < seconds
    except FileNotFoundError:
        return False


def read(path: Path) -> Secret:
    """The content of a private file. Raises Exposed, FileNotFoundError."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Exposed(f"{path.name} has mode {mode:04o}. Make a new key, or `chmod 600` it if you know it is safe.")
    return Secret(path.read_bytes())
