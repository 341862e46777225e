"""`python -m botplatform.supervisor [--var DIR] [--port N]`: run everything. `make run` ends here.

`... openbao --var DIR`      only OpenBao: prints `ready`, ends on SIGTERM or when its standard input closes.
`... wrap-signer --var DIR`  prints a wrapping token (60 s, one use) for the signer, to a pipe only.
`... warm-up --var DIR`      has OpenBao make its wrapping key, which takes seconds once.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from pathlib import Path

from .installation import refuse_taken_ports, whole
from .layout import lock, open_layout
from .openbao import setup
from .openbao.embedded import EmbeddedBao
from .openbao.files import BaoFiles
from .problems import Problem
from .supervisor import run


def _port(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no port; choose one from 1024 to 65535.")
    return int(text)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m botplatform.supervisor")
    parser.add_argument("command", nargs="?", choices=["run", "openbao", "wrap-signer", "warm-up"], default="run")
    parser.add_argument("--var", type=Path, default=os.environ.get("BOTPLATFORM_VAR") or "var")
    parser.add_argument("--port", type=_port, default=None)
    return parser.parse_args(argv)


def openbao(var: Path) -> int:
    """Run OpenBao alone until SIGTERM, SIGINT or the end of standard input."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    layout = open_layout(var)
    with lock(layout.var), EmbeddedBao(var) as bao:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while bao.poll() is None:
            readable, _, _ = select.select([sys.stdin], [], [], 1)
            if readable and not os.read(sys.stdin.fileno(), 4096):
                return 0
    raise Problem(f"OpenBao ended by itself; {layout.logs / 'openbao.log'} says why.")


def wrap_signer(var: Path) -> int:
    """Print a wrapping token for the signer, if nobody is looking."""
    if sys.stdout.isatty():
        raise Problem("A wrapping token is not for a screen; pipe it into `python -m vault serve`.")
    sys.stdout.write(setup.wrap_signer_secret_id(BaoFiles(open_layout(var))) + "\n")
    return 0


def main(argv: list[str]) -> int:
    os.umask(0o077)
    arguments = _arguments(argv)
    try:
        if arguments.command == "openbao":
            return openbao(arguments.var)
        if arguments.command == "wrap-signer":
            return wrap_signer(arguments.var)
        if arguments.command == "warm-up":
            setup.warm_up(BaoFiles(open_layout(arguments.var)))
            return 0
        return run(open_layout(arguments.var, arguments.port), whole, check=refuse_taken_ports)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
