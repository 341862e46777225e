"""The words that a DCA bot's settings are chosen from."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from strategies.market import ONE, Market
from strategies.orders import Side


class Direction(StrEnum):
    """Long buys and sells higher; short sells coins that are held and buys them back lower, mirrored in every formula.

    The mirror is specified by us: no short deal was among the recordings.
    """

    LONG = "long"
    SHORT = "short"

    @property
    def opens(self) -> Side:
        """The side of the orders that add to a deal."""
        return Side.BUY if self is _LONG else Side.SELL

    def against(self, anchor: Decimal, deviation: Decimal, market: Market) -> Decimal:
        """The price that lies this fraction of `anchor` on the losing side, rounded away from it to a tick."""
        if self is _LONG:
            return market.price_down(anchor * (ONE - deviation))
        return market.price_up(anchor * (ONE + deviation))

    def target(self, average: Decimal, profit: Decimal, market: Market, fee: Decimal) -> Decimal:
        """The price at which what was traded at `average`, after fees, makes this profit after `fee`.

        Long: `ceil to tick of (average x (1 + profit) / (1 - fee))`; short: `floor to tick of (average x (1 - profit) x
        (1 - fee))`, because the fee is taken out of the coins that are bought back.
        """
        if self is _LONG:
            return market.price_up(average * (ONE + profit) / (ONE - fee))
        return market.price_down(average * (ONE - profit) * (ONE - fee))

    def worse(self, price: Decimal, than: Decimal) -> bool:
        """Whether `price` is as bad for the deal as `than`, or worse."""
        return price <= than if self is _LONG else price >= than

    def better(self, price: Decimal, than: Decimal) -> bool:
        """Whether `price` is better for the deal than `than`."""
        return price > than if self is _LONG else price < than


_LONG = Direction.LONG  # asked for at every price: an enum's class is slow to look into


class VolumeIn(StrEnum):
    QUOTE = "quote"
    BASE = "base"
    PERCENT = "percent"


class From(StrEnum):
    """What a step of the ladder is measured from."""

    BASE = "base order"
    LAST = "last executed"


class Reckoned(StrEnum):
    """What a profit or a loss is measured from."""

    TOTAL = "total"
    BASE = "base order"
