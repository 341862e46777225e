"""Start and close conditions as data.

A condition says when a deal may start or close: `RSI(7) on 15 min must be under 30`. It is looked at when a candle
of its own interval closes, never before, and its answer is valid until the next one should close. Of a list, all
must hold at the same moment. Until an indicator has warmed up it is unknown, and the unknown does not hold.

`holds_after` answers over a history, `Stream` as candles close; both run the same formulas and agree bit for bit.
"""

from strategies.conditions.batch import answers, holds_after
from strategies.conditions.bollinger import Bollinger
from strategies.conditions.cci import CCI
from strategies.conditions.condition import Fact, Indicator
from strategies.conditions.conditions import KINDS, Conditions, from_json, to_json
from strategies.conditions.facts import ASAP, Manual, Signal
from strategies.conditions.heikin_ashi import Colour, HeikinAshi
from strategies.conditions.intervals import INTERVALS
from strategies.conditions.macd import MACD, MACDRule
from strategies.conditions.mfi import MFI
from strategies.conditions.moving_average import Average, AverageCross, PriceAverage
from strategies.conditions.price import Price
from strategies.conditions.qfl import QFL
from strategies.conditions.relation import Relation
from strategies.conditions.rsi import RSI
from strategies.conditions.sar import ParabolicSAR
from strategies.conditions.stream import Reading, Stream
from strategies.conditions.ult import ULT
from strategies.conditions.words import next_words

__all__ = [
    "ASAP",
    "CCI",
    "INTERVALS",
    "KINDS",
    "MACD",
    "MFI",
    "QFL",
    "RSI",
    "ULT",
    "Average",
    "AverageCross",
    "Bollinger",
    "Colour",
    "Conditions",
    "Fact",
    "HeikinAshi",
    "Indicator",
    "MACDRule",
    "Manual",
    "ParabolicSAR",
    "Price",
    "PriceAverage",
    "Reading",
    "Relation",
    "Signal",
    "Stream",
    "answers",
    "from_json",
    "holds_after",
    "next_words",
    "to_json",
]
