"""Dollar-cost averaging."""

from strategies.dca.averaging_orders import averaging
from strategies.dca.bot import DCA
from strategies.dca.choices import Direction, From, Reckoned, VolumeIn
from strategies.dca.ladder import Rung, rungs
from strategies.dca.settings import RungSetting, StepSetting
from strategies.dca.state import DCAState

__all__ = [
    "DCA",
    "DCAState",
    "Direction",
    "From",
    "Reckoned",
    "Rung",
    "RungSetting",
    "StepSetting",
    "VolumeIn",
    "averaging",
    "rungs",
]
