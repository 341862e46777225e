"""Recurring buys."""

from strategies.recurring.bot import Purchase, Recurring
from strategies.recurring.schedule import Every, Schedule

__all__ = ["Every", "Purchase", "Recurring", "Schedule"]
