"""An order in slices over a time: TWAP."""

from strategies.twap.bot import TWAP, Missed, Slice

__all__ = ["TWAP", "Missed", "Slice"]
