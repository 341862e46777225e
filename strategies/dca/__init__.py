"""Dollar-cost averaging."""

from strategies.dca.bot import DCA
from strategies.dca.ladder import Rung, rungs

__all__ = ["DCA", "Rung", "rungs"]
