"""Where on the page each setting of each kind of bot stands: five sections, the usual settings first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`usual` settings are always in sight; `more` are folded away until somebody wants them."""

    key: str
    title: str
    usual: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        return self.usual + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of bot as a person chooses it."""

    name: str
    title: str
    what: str
    sections: tuple[Section, ...]
    one_market: bool = True  # False: it may trade on several


_DCA = Kind(
    name="dca",
    title="DCA bot",
    what="Buys once; each time the price falls a further step, buys again; sells everything when the price stands a"
    " fixed percentage above the average paid.",
    one_market=False,
    sections=(
        Section(
            key="market", title="Market", usual=("direction",), more=("deals_at_once", "blacklist", "least_volume")
        ),
        Section(
            key="entry",
            title="Entry",
            usual=("base_order", "base_order_type", "start_conditions"),
            more=("volume_in", "most_balance", "cooldown", "stop_after", "lowest_price", "highest_price"),
        ),
        Section(
            key="averaging",
            title="Averaging",
            usual=("averaging_order", "averaging_orders", "step", "step_scale", "volume_scale"),
            more=("own_ladder", "step_from", "active_orders", "averaging_conditions"),
        ),
        Section(
            key="exit",
            title="Exit",
            usual=("take_profit", "trailing"),
            more=("take_profit_from", "take_profit_steps", "close_conditions", "close_profit"),
        ),
        Section(
            key="protection",
            title="Protection",
            usual=("stop_loss", "trailing_stop"),
            more=(
                "stop_loss_from",
                "stop_loss_timeout",
                "break_even_after",
                "deal_timeout",
                "reinvest",
                "risk_reduction",
            ),
        ),
    ),
)

_GRID = Kind(
    name="grid",
    title="Grid bot",
    what="Draws lines across a range of prices. What is bought at one line is sold at the next one up, again and again,"
    " as the price swings.",
    sections=(
        Section(key="market", title="Market", usual=("coins_held",)),
        Section(key="entry", title="Range", usual=("lower", "upper", "lines"), more=("spacing", "step")),
        Section(
            key="averaging",
            title="Each line",
            usual=("quote_a_line",),
            more=("base_a_line", "profit_in", "active_lines"),
        ),
        Section(key="exit", title="Exit", usual=("take_profit",), more=("take_profit_price",)),
        Section(
            key="protection",
            title="Protection",
            usual=("stop_below", "stop_below_action"),
            more=("stop_above", "stop_above_action", "above", "highest", "below", "lowest"),
        ),
    ),
)

_SMART = Kind(
    name="smart",
    title="Smart trade",
    what="One trade by hand, with its take profits and its stop loss set from the beginning.",
    sections=(
        Section(key="market", title="Market", usual=("side",)),
        Section(
            key="entry",
            title="Entry",
            usual=("entry", "quote_amount", "price"),
            more=("base_amount", "trigger", "crossing", "entry_trailing"),
        ),
        Section(key="averaging", title="Time", more=("timeout",)),
        Section(key="exit", title="Exit", usual=("take_profit",), more=("trailing",)),
        Section(key="protection", title="Protection", usual=("stop_loss",)),
    ),
)

_SIGNAL = Kind(
    name="signal",
    title="Signal bot",
    what="Somebody else says when, by a webhook; the bot does it and looks after the position.",
    sections=(
        Section(key="market", title="Market", usual=("side",), more=("coins",)),
        Section(key="entry", title="Entry", usual=("order_amount", "max_lag")),
        Section(key="averaging", title="More entries", usual=("max_position", "entries")),
        Section(key="exit", title="Exit", usual=("take_profit",), more=("trailing", "exits_from")),
        Section(key="protection", title="Protection", usual=("stop_loss",)),
    ),
)

_RECURRING = Kind(
    name="recurring",
    title="Recurring buys",
    what="Buys the same amount at fixed times, more in a dip if you like, and keeps the coins or sells at a profit.",
    sections=(
        Section(key="market", title="Market", usual=("quote",), more=("base",)),
        Section(key="entry", title="When", usual=("every", "hour", "minute"), more=("weekday", "day", "late")),
        Section(key="averaging", title="Dips", usual=("below", "dip"), more=("dip_factor",)),
        Section(key="exit", title="Exit", usual=("take_profit",), more=("purchases",)),
        Section(key="protection", title="Protection", usual=("budget", "highest_price")),
    ),
)

_REBALANCE = Kind(
    name="rebalance",
    title="Portfolio",
    what="Keeps several coins at fixed shares of the whole: sells what has grown beyond its share, buys what has fallen"
    " below it.",
    one_market=False,
    sections=(
        Section(key="market", title="Coins", usual=("coins",)),
        Section(key="entry", title="Money", usual=("cash",), more=("spare",)),
        Section(key="averaging", title="When", usual=("every", "drift")),
        Section(key="exit", title="How far", more=("measured",)),
        Section(key="protection", title="Protection", usual=("smallest_trade",)),
    ),
)

_TWAP = Kind(
    name="twap",
    title="Large order in slices",
    what="Buys or sells a large amount in equal slices over a time, for about the average price of that time.",
    sections=(
        Section(key="market", title="Market", usual=("side",)),
        Section(key="entry", title="Amount", usual=("quote",), more=("base",)),
        Section(key="averaging", title="Slices", usual=("slices", "duration")),
        Section(key="exit", title="Missed slices", more=("missed",)),
        Section(key="protection", title="Protection", usual=("worst_price",)),
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (_DCA, _GRID, _SMART, _SIGNAL, _RECURRING, _REBALANCE, _TWAP)}
# Worked out by the bot itself for each deal; nobody types it.
NOT_ASKED: Mapping[str, frozenset[str]] = {"dca": frozenset({"more_each"})}
