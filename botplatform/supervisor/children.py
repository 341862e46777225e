"""What every child is given: an environment of our making, and an end when ours comes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .layout import Layout
from .sessions import MARK

KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
ROOT = Path(__file__).parents[2]
OWN_MARK = f"{os.getpid()}-{time.time_ns()}"  # tells this supervisor's children from an earlier one's


def environment(layout: Layout, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child gets: the layout's folder, the locale, the person's own settings, and `own`. Nothing secret."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    settings = {name: value for name, value in os.environ.items() if name.startswith("BOTPLATFORM_")}
    return {
        **kept,
        **settings,
        "BOTPLATFORM_VAR": str(layout.var),
        MARK: OWN_MARK,
        "PYTHONUNBUFFERED": "1",
        "UV_USE_IO_URING": "0",  # libuv would have a thread of the kernel poll all the time, for files
        **(own or {}),
    }


def on_leash(argv: Sequence[str]) -> list[str]:
    """The same program, but killed when this process ends, however that happens. Keeps its process id."""
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py")), str(os.getpid()), *argv]
