"""Two checkouts in turns: `python -m benchmarks.turns OTHER [--pairs N] [--clients N]`.

The machine's speed changes by the minute, so that two runs one after the other say nothing of a tenth. Here both
signers run at once and are asked in bursts of three seconds, in turns; what is said is the median of the pairs' ratios,
by the kernel's count of nanoseconds. A negative figure: this checkout takes less than OTHER.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

_HERE = Path(__file__).resolve().parent.parent
_WARMING = 2  # bursts that are not counted


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description="Two signers in turns.")
    parser.add_argument("other", type=Path, help="another checkout of this repository")
    parser.add_argument("--pairs", type=int, default=12, help="bursts of each (%(default)s)")
    parser.add_argument("--clients", type=int, default=0, help="so many as fast as they can, not 100 orders a second")
    options = parser.parse_args()
    checkouts = (_start(_HERE, options.clients), _start(options.other.resolve(), options.clients))
    try:
        for checkout in checkouts:
            checkout.stdout.readline()
        pairs = []
        for turn in range(options.pairs + _WARMING):
            first, second = checkouts if turn % 2 else checkouts[::-1]
            spent = {first: _burst(first), second: _burst(second)}
            if turn >= _WARMING:
                pairs.append(tuple(spent[checkout] for checkout in checkouts))
                ours, theirs = pairs[-1]
                print(f"{ours:.3f} ms here, {theirs:.3f} there: {ours / theirs - 1:+.1%}", flush=True)
        ours, theirs = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(ours / theirs for ours, theirs in pairs)
        print(f"medians: {ours:.3f} ms an order here, {theirs:.3f} there; of the pairs: {ratio - 1:+.1%}")
    finally:
        for checkout in checkouts:
            checkout.stdin.close()
        for checkout in checkouts:
            checkout.wait()


def _start(checkout, clients):
    return subprocess.Popen(
        [sys.executable, __file__, "work", str(clients)],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _burst(checkout):
    checkout.stdin.write("burst\n")
    checkout.stdin.flush()
    return float(checkout.stdout.readline())


def _work(clients):
    """A line a burst: milliseconds of the signer's processor an order. In the checkout that PYTHONPATH names."""
    from benchmarks import signer
    from benchmarks.bots import Bench, Bot
    from tests.support.machine import Machine

    signer._SECONDS = 3  # noqa: SLF001 - a burst
    with Machine(**signer._USUAL) as machine:  # noqa: SLF001 - as the benchmark has it
        machine.paper.call("POST", "/limits", signer._UNLIMITED)  # noqa: SLF001 - as above
        bench = Bench(machine)
        bench.some(clients or 16)
        print("ready", flush=True)
        for _ in sys.stdin:
            bots = bench.some(clients or 16)
            if clients:
                print(signer.at_once(bench, clients).processor, flush=True)
                continue
            for bot in bots:
                bot.place()
            time.sleep(0.5)
            before = processor(machine.signer.pid)
            orders = len(signer.paced(bots))
            print((processor(machine.signer.pid) - before) * 1000 / orders, flush=True)
            signer._together(Bot.tidy, bots)  # noqa: SLF001 - as above


def processor(pid):
    """Seconds of the processor that it has taken so far, all its threads together."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        _work(int(sys.argv[2]))
    else:
        main()
