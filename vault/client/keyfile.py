"""A process's own Ed25519 key, 32 bytes in a 0600 file."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class BadKeyFile(Exception):
    """The key file is missing, readable by others, or no key. The message says what to do."""


class KeyFile:
    """Reads it; `python -m vault enroll-runner` and `enroll-web` make it."""

    @staticmethod
    def read(path: Path) -> Ed25519PrivateKey:
        """Raises BadKeyFile."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = path.read_bytes()
        except OSError as why:
            raise BadKeyFile(
                f"{path} cannot be read ({why.strerror}). Make it: `python -m vault enroll-runner --key-file FILE`"
                " (for the web: enroll-web)."
            ) from why
        if mode & 0o077:
            raise BadKeyFile(f"{path} has mode {mode:04o}: others can read it. Remove it and enrol a new key.")
        try:
            return Ed25519PrivateKey.from_private_bytes(content)
        except ValueError as why:
            raise BadKeyFile(f"{path} is not a key. Remove it and enrol a new one.") from why
