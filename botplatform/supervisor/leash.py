"""Becomes another program, one that ends when the supervisor does: `leash.py SUPERVISOR PROGRAM [ARGUMENT ...]`.

A program of its own, because code between fork and exec is unsafe beside threads. It imports nothing of ours.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    supervisor, program = int(sys.argv[1]), sys.argv[2:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold secrets
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it ended before we asked
        sys.exit("the supervisor is gone")
    try:
        os.execvp(program[0], program)  # noqa: S606 (a list of ours, no shell)
    except OSError as error:
        sys.exit(f"{program[0]} can't be run: {error.strerror}")
