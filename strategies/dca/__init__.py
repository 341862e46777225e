"""Dollar-cost averaging."""

from strategies.dca.bot import DCA, averaging
from strategies.dca.ladder import Rung, rungs

__all__ = ["DCA", "Rung", "averaging", "rungs"]
