"""The fire drill: running deals through a crash, on the cash that they share."""

from strategies.backtest.drill.drill import drill
from strategies.backtest.drill.outcome import DealAfter, Outcome, Starved
from strategies.backtest.drill.running import Running
from strategies.backtest.drill.scenario import Scenario
from strategies.backtest.drill.scenarios import SCENARIOS

__all__ = ["SCENARIOS", "DealAfter", "Outcome", "Running", "Scenario", "Starved", "drill"]
