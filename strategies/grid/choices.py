"""What a trader chooses between in a grid's settings."""

from __future__ import annotations

from enum import StrEnum


class Spacing(StrEnum):
    """How the lines lie: at equal distances, or at equal ratios."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


class ProfitIn(StrEnum):
    """What a full turn, a buy and its sell, leaves as profit."""

    QUOTE = "quote"  # all coins are sold again
    BASE = "base"  # only as many coins are sold as bring back the quote that they cost


class Beyond(StrEnum):
    """What the grid does when the price goes one step beyond its outermost line."""

    STAY = "stay"
    TRAIL = "trail"  # the whole grid moves by one line
    EXPAND = "expand"  # a line is added


class StopAction(StrEnum):
    """What happens at a stop, once all orders are cancelled."""

    STOP = "stop"  # nothing more: coins and quote stay as they are
    SELL = "sell"  # all coins are sold at market, those that the owner gave among them
    BUY = "buy"  # all quote that the grid works with is turned into coins at market
    CLOSE = "close"  # what the grid bought is sold, what it sold of its owner's coins is bought back
