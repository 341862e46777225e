"""What a process gives up before it does anything: core dumps, public files and, if asked, being read by others."""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38


def give_up_core_dumps() -> None:
    """No core dump, files that only this user can read, and no way to more rights by running another program."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def refuse_to_be_read() -> None:
    """No other process of this user may read this one's memory or attach to it (root still can)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
