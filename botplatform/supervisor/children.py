"""How a child is started: with an environment of our making, and an end when ours comes."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .layout import Layout
from .sessions import MARK

KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).parents[2]

OWN_MARK = f"{os.getpid()}-{time.time_ns()}"  # tells this supervisor's children from an earlier one's
# Bound now: between fork and exec nothing may be loaded.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


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
        **(own or {}),
    }


def die_with(parent: int) -> None:
    """Run in a fresh child, before exec: no core dumps, and an end when `parent` ends, however that happens."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended between the fork and the call
            os._exit(1)
