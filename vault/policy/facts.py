"""What a decision rests on. Service gathers it; policy only reads it.

Structs as the messages are: each order makes seven, and a frozen dataclass takes twelve times as long.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import force_setattr

from vault.messages.money import EXACT
from vault.messages.terms import Terms
from vault.messages.words import Place

_NOTHING = Decimal(0)
# Buying back what a short owes takes a little more than it: the exchange keeps its fee in the coin.
FEE_ROOM = Decimal("0.01")


class Reference(Struct, frozen=True, kw_only=True):
    """The signer's own price of a market: present bid and ask, slow median, volume of 24 hours in quote."""

    bid: Decimal
    ask: Decimal
    median: Decimal
    fresh: bool
    warm: bool  # or of a host where nobody has to wait for it
    volume: Decimal | None

    def price(self, side: str) -> Decimal:
        """What a fair price is measured from: the worse of the present price and the median, for whoever asks."""
        return min(self.ask, self.median) if side == "buy" else max(self.bid, self.median)


class Coins(Struct, frozen=True, kw_only=True):
    """What the grant has of the market's base currency, by its own trades, net of fees, and what rests."""

    net: Decimal = _NOTHING  # bought less sold: below 0 when given coins were sold
    selling: Decimal = _NOTHING
    buying: Decimal = _NOTHING


class Spent(Struct, frozen=True, kw_only=True):
    """What of the grant's budgets is used up, in quote: by trades of 24 hours, and by what rests."""

    traded: Decimal = _NOTHING
    slipped: Decimal = _NOTHING
    lost: Decimal = _NOTHING  # today, realised and marked
    open_orders: int = 0
    orders_this_minute: int = 0  # that open
    exits_this_minute: int = 0


class Present(Struct, frozen=True, kw_only=True):
    """What the token says beside what is so now."""

    fence: int
    present_fence: int
    epoch: int
    present_epoch: int


class Facts(Struct, frozen=True, kw_only=True):
    """An intent to place an order, its numbers, what the grant says and where it stands."""

    intent: Place
    amount: Decimal
    price: Decimal
    terms: Terms
    at: int  # seconds since 1970
    present: Present
    coins: Coins
    spent: Spent
    reference: Reference | None
    opposite: Decimal | None  # the best price on the other side among all orders of this installation
    exits: bool = False  # all of it only reduces the grant's position; follows from the others, whatever is given

    def __post_init__(self) -> None:
        force_setattr(self, "exits", self._exits())

    @property
    def notional(self) -> Decimal:
        """The most quote that can change hands."""
        return EXACT.multiply(self.amount, self.price)

    def _exits(self) -> bool:
        """Whether all of it only reduces what the grant's own trades have made its position."""
        if self.intent.side == "sell":
            return EXACT.add(self.amount, self.coins.selling) <= self.coins.net
        owed = -self.coins.net
        if owed <= 0:
            return False
        return EXACT.add(self.amount, self.coins.buying) <= EXACT.multiply(owed, 1 + FEE_ROOM)

    @property
    def may_slip(self) -> Decimal:
        """How much can be given away against the reference, in quote, if it trades at its worst price."""
        if self.reference is None:
            return _NOTHING
        fair = self.reference.price(self.intent.side)
        away = EXACT.subtract(self.price, fair) if self.intent.side == "buy" else EXACT.subtract(fair, self.price)
        return EXACT.multiply(self.amount, max(away, _NOTHING))
