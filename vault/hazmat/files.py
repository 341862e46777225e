"""Private files: made once, readable by this user alone, refused when anybody else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

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


def read(path: Path) -> Secret:
    """The content of a private file. Raises Exposed, FileNotFoundError."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Exposed(f"{path.name} has mode {mode:04o}. Make a new key, or `chmod 600` it if you know it is safe.")
    return Secret(path.read_bytes())
