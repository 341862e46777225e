"""`python -m benchmarks [PART ...] [--write]`: measure, and say what was reached. Parts: see `_PARTS`.

`--write` puts the figures into docs/benchmarks.md. Ends with 1 when a target was missed.
"""

import argparse
import os
import platform
import sys

import numpy as np

from benchmarks import backtest, command, hand, signer, streams, sweep, web
from benchmarks.document import keep, markdown
from benchmarks.peers import comparison

_PARTS = {
    "backtest": backtest,
    "peers": comparison,
    "sweep": sweep,
    "command": command,
    "signer": signer,
    "web": web,
    "streams": streams,
    "hand": hand,
}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures backtests, the signer and the pages."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(_PARTS)}; all without any")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(_PARTS)}")
    machine = f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"
    print(f"{machine}\n", flush=True)
    missed = []
    for name in options.parts or _PARTS:
        part = _PARTS[name].measure()
        part.notes.append(f"Measured on {machine}.")
        print(f"{markdown(part)}\n", flush=True)
        missed += [claim for claim in part.claims if not claim.reached]
        if options.write:
            keep(part)
    for claim in missed:
        print(f"missed: {claim.what}: {claim.found}, {claim.target}", file=sys.stderr)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
