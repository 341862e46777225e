"""`python -m botplatform.paper serve`: runs the paper exchange until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from botplatform.paper.exchange import Options
from botplatform.paper.server import Server, serve
from botplatform.paper.store import FolderInUse


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m botplatform.paper", description=__doc__)
    command = whole.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="listen on 127.0.0.1 and on the control socket"
    )
    command.add_argument("--folder", type=Path, required=True, help="where the state is kept")
    command.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    command.add_argument("--control", type=Path, required=True, help="path of the control socket")
    command.add_argument("--speed", type=float, default=60.0, help="how much faster the market moves (60)")
    command.add_argument("--seed", type=int, default=7, help="of the price paths (7)")
    command.add_argument("--step", action="store_true", help="the market moves only when the control API says so")
    command.add_argument(
        "--candles",
        action="append",
        default=[],
        metavar="[SYMBOL=]FILE",
        help="walk along the candles of a file (a CSV of Binance's dumps); may be given for several markets",
    )
    command.add_argument(
        "--fill",
        choices=("touch", "through"),
        default="through",
        help="with --candles: whether a resting order fills when the price reaches it or only beyond (through)",
    )
    command.add_argument("--past-days", type=int, default=0, help="days before the first start that klines tell of (0)")
    command.add_argument("--history-minutes", type=int, default=1440, help="klines made up at the first start (1440)")
    return whole


def main() -> int:
    given = parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    if given.speed <= 0 or given.history_minutes < 0 or given.past_days < 0:
        sys.stderr.write("--speed must be above 0, --history-minutes and --past-days not below 0.\n")
        return 2
    options = Options(
        folder=given.folder,
        port=given.port,
        control=given.control,
        speed=given.speed,
        seed=given.seed,
        step=given.step,
        candles=tuple(given.candles),
        fill=given.fill,
        history_minutes=given.history_minutes,
        past_days=given.past_days,
    )
    try:
        return 0 if asyncio.run(serve(options, _ready)) else 1
    except (FolderInUse, OSError, ValueError) as problem:
        sys.stderr.write(f"The paper exchange cannot start: {problem}\n")
        return 2


def _ready(server: Server) -> None:
    sys.stdout.write(f"paper exchange on http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
