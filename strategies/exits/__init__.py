"""How a position is left, for every bot that has one: take profits, trailing, stop loss.

exits = Exits(steps=(Step(profit=D("0.03"), share=D("0.5")), Step(price=D(110), share=D("0.5"))),
              trailing=D("0.02"), stop_loss=StopLoss(loss=D("0.05"), break_even_after=1))
position = Position.of(deal)                        # None while nothing is held
exits.orders(deal, position, seen)                  # take profits that should exist
exits.watches(deal, position, seen)                 # prices and times to wait for
seen, ending = exits.told(deal, position, seen, tick)
exits.close(deal, seen)                             # once `deal.ending` is set
"""

from strategies.exits.checks import doubtful, impossible, unfit
from strategies.exits.exits import CLOSE, Exits, take_profit
from strategies.exits.funds import NO_FUNDS, REDUCED, Funds, Wished
from strategies.exits.position import ADDED, Position
from strategies.exits.seen import NOTHING_SEEN, Seen
from strategies.exits.step import MOST_STEPS, Step
from strategies.exits.stop_loss import MeasuredFrom, StopLoss

__all__ = [
    "ADDED",
    "CLOSE",
    "MOST_STEPS",
    "NOTHING_SEEN",
    "NO_FUNDS",
    "REDUCED",
    "Exits",
    "Funds",
    "MeasuredFrom",
    "Position",
    "Seen",
    "Step",
    "StopLoss",
    "Wished",
    "doubtful",
    "impossible",
    "take_profit",
    "unfit",
]
