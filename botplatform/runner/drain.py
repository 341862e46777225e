"""The drain flag: a file whose name the cluster hands down. Slices look at it and return within two seconds."""

from __future__ import annotations

import os
from pathlib import Path

_VARIABLE = "BOTPLATFORM_DRAIN"


def prepare(path: Path) -> None:
    """Before the cluster starts: no flag, and every worker knows where it would stand."""
    path.unlink(missing_ok=True)
    os.environ[_VARIABLE] = str(path)


def raise_flag() -> None:
    if path := os.environ.get(_VARIABLE):
        Path(path).touch(mode=0o600)


def flagged() -> bool:
    path = os.environ.get(_VARIABLE)
    return path is not None and os.path.exists(path)  # noqa: PTH110 - asked four times a second
