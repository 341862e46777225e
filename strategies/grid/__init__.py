"""Grid trading."""

from strategies.grid.balances import Balances
from strategies.grid.bot import Grid
from strategies.grid.choices import Beyond, ProfitIn, Spacing, StopAction
from strategies.grid.state import GridState

__all__ = ["Balances", "Beyond", "Grid", "GridState", "ProfitIn", "Spacing", "StopAction"]
