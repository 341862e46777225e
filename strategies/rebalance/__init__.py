"""Portfolios that are brought back to their weights."""

from strategies.rebalance.bot import Part, Rebalance, Step
from strategies.rebalance.portfolio import Standing, valued
from strategies.rebalance.settings import Coin, Drift

__all__ = ["Coin", "Drift", "Part", "Rebalance", "Standing", "Step", "valued"]
