"""What a drill found."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from strategies.backtest.result import Filled


class Starved(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that the price had reached, for which there was not enough cash."""

    deal: str
    order: str
    at: int  # milliseconds since the scenario began
    price: Decimal
    cost: Decimal  # quote
    missing: Decimal  # of that, beyond the free cash


class DealAfter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One deal when the scenario is over."""

    deal: str
    market: str
    ending: str  # "take profit", "stop loss", ...; empty while open
    held: Decimal  # base; of a deal that has ended, what it left
    profit: Decimal  # quote, after fees: what it realised, with what its coins would bring now
    low: Decimal  # quote: the lowest that this profit was
    fills: tuple[Filled, ...]

    @property
    def stuck(self) -> bool:
        """Whether it is still open, with a loss."""
        return not self.ending and self.profit < 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A drill of several deals. Equity is the shared cash with all coins of the deals at the price of then."""

    scenario: str
    balance: Decimal  # quote, before
    equity: Decimal  # before
    lowest_equity: Decimal
    lowest_at: int  # milliseconds since the scenario began
    final_equity: Decimal
    final_balance: Decimal
    cash_needed: Decimal  # with as much as this, each order is placed and none starves
    starved: tuple[Starved, ...]  # in the order in which it happened, each order once
    deals: tuple[DealAfter, ...]

    @property
    def lowest_share(self) -> Decimal:
        """The lowest equity as a fraction of the equity before."""
        return self.lowest_equity / self.equity if self.equity else Decimal(1)

    @property
    def stopped(self) -> tuple[str, ...]:
        """The deals that ended at their stop loss."""
        return tuple(deal.deal for deal in self.deals if deal.ending == "stop loss")

    @property
    def stuck(self) -> tuple[str, ...]:
        """The deals that are still open, with a loss."""
        return tuple(deal.deal for deal in self.deals if deal.stuck)
