"""Trading on signals from outside."""

from strategies.signal_bot.bot import SignalBot
from strategies.signal_bot.order import Action, AmountIn, SignalExits, SignalOrder, signalled
from strategies.signal_bot.settings import ExitsFrom
from strategies.signal_bot.state import SignalState, Unheeded

__all__ = [
    "Action",
    "AmountIn",
    "ExitsFrom",
    "SignalBot",
    "SignalExits",
    "SignalOrder",
    "SignalState",
    "Unheeded",
    "signalled",
]
