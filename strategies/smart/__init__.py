"""SmartTrade."""

from strategies.smart.bot import SmartTrade
from strategies.smart.conversion import converted
from strategies.smart.entry import ENTRY
from strategies.smart.settings import Entry
from strategies.smart.state import SmartState

__all__ = ["ENTRY", "Entry", "SmartState", "SmartTrade", "converted"]
