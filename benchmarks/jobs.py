"""The two jobs that everybody runs: a DCA with five averaging orders and a grid of fifty lines, touch fills."""

import json
from decimal import Decimal as D

from benchmarks import yardstick
from benchmarks.series import KEPT
from strategies.backtest.options import FillRule, Options
from strategies.dca import DCA
from strategies.grid import Grid
from strategies.kinds import to_json
from strategies.market import Market

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
TOUCH = Options(fill=FillRule.TOUCH)
FLOATS = {"dca": yardstick.FloatDca, "grid": yardstick.FloatGrid}


def bot(kind, start):
    """The live strategy of this job on a market that stands at `start`."""
    if kind == "grid":
        price = D(repr(float(start)))
        return Grid(lower=price * D("0.8"), upper=price * D("1.2"), lines=50, quote_a_line=D(100))
    return DCA(
        base_order=D(100),
        averaging_order=D(100),
        averaging_orders=5,
        step=D("0.015"),
        step_scale=D("1.2"),
        volume_scale=D("1.4"),
        take_profit=D("0.015"),
    )


def file(kind, start):
    """The job as a file for the commands."""
    market = {name: str(getattr(MARKET, name)) for name in ("symbol", "tick_size", "lot_size", "min_notional")}
    words = {"kind": kind, "market": market, "settings": to_json(bot(kind, start)), "options": {"fill": "touch"}}
    path = KEPT / f"{kind}.json"
    path.write_text(json.dumps(words))
    return path
