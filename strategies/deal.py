"""A deal is its fills. Whatever else we say of it is worked out from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from strategies.market import ZERO, Market
from strategies.orders import Fill, Side


class Ending(StrEnum):
    """Why a deal is on its way out before its take profit."""

    STOP_LOSS = "stop loss"
    AT_MARKET = "closed at market"
    CANCELLED = "cancelled, coins kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Dust of the deal before: coins too few to sell, at what they cost."""

    amount: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Totals of some fills. Fees in a third asset are counted apart: paying them disposes of something else."""

    bought: Decimal = ZERO  # base, before fees
    sold: Decimal = ZERO  # base, before fees
    spent: Decimal = ZERO  # quote, before fees
    earned: Decimal = ZERO  # quote, before fees
    base_fees: Decimal = ZERO
    quote_fees_buying: Decimal = ZERO
    quote_fees_selling: Decimal = ZERO

    def plus(self, fill: Fill, market: Market) -> Tally:
        notional = fill.amount * fill.price
        buying = fill.side is Side.BUY
        quote_fee = fill.fee if fill.fee_asset == market.quote else ZERO
        return Tally(
            bought=self.bought + (fill.amount if buying else ZERO),
            sold=self.sold + (ZERO if buying else fill.amount),
            spent=self.spent + (notional if buying else ZERO),
            earned=self.earned + (ZERO if buying else notional),
            base_fees=self.base_fees + (fill.fee if fill.fee_asset == market.base else ZERO),
            quote_fees_buying=self.quote_fees_buying + (quote_fee if buying else ZERO),
            quote_fees_selling=self.quote_fees_selling + (ZERO if buying else quote_fee),
        )

    @property
    def received(self) -> Decimal:
        """Coins that arrived: bought less the commission taken out of them."""
        return self.bought - self.base_fees

    @property
    def held(self) -> Decimal:
        return self.received - self.sold

    @property
    def cost(self) -> Decimal:
        """Quote that left for the coins, commission included."""
        return self.spent + self.quote_fees_buying

    @property
    def proceeds(self) -> Decimal:
        """Quote that came back, less commission."""
        return self.earned - self.quote_fees_selling

    @property
    def average_price(self) -> Decimal:
        """Average of the prices paid, before fees. Raises ZeroDivisionError when nothing was bought."""
        return self.spent / self.bought

    @property
    def average_cost(self) -> Decimal:
        """Quote paid for each coin that arrived, fees included in whatever asset they were taken."""
        return self.cost / self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One round trip, from the first order until nothing is held that can be sold.

    `price` is what the market stood at when the deal opened. `fills` are in the order in which they became
    known, each trade once.
    """

    market: Market
    price: Decimal
    carried: Carried = Carried()
    ending: Ending | None = None
    fills: tuple[Fill, ...] = ()
    tally: Tally = field(default=Tally())
    by_order: dict[str, Tally] = field(default_factory=dict, hash=False)

    @classmethod
    def of(
        cls,
        fills: Iterable[Fill],
        *,
        market: Market,
        price: Decimal,
        carried: Carried = Carried(),
        ending: Ending | None = None,
    ) -> Deal:
        """The deal that these fills make; the same as adding them one by one."""
        deal = cls(market=market, price=price, carried=carried, ending=ending)
        for fill in fills:
            deal = deal.with_fill(fill)
        return deal

    def with_fill(self, fill: Fill) -> Deal:
        """The deal with one more trade. A trade that is already in it changes nothing."""
        if any(known.trade_id == fill.trade_id for known in self.fills):
            return self
        before = self.by_order.get(fill.order, Tally())
        return replace(
            self,
            fills=(*self.fills, fill),
            tally=self.tally.plus(fill, self.market),
            by_order={**self.by_order, fill.order: before.plus(fill, self.market)},
        )

    def end(self, ending: Ending) -> Deal:
        """The deal on its way out. The first reason stands."""
        return self if self.ending else replace(self, ending=ending)

    def filled(self, name: str) -> Decimal:
        """Base currency traded of the order called `name`, before fees."""
        tally = self.by_order.get(name)
        return ZERO if tally is None else tally.bought + tally.sold

    @property
    def filled_amounts(self) -> dict[str, Decimal]:
        return {name: tally.bought + tally.sold for name, tally in self.by_order.items()}

    @property
    def held(self) -> Decimal:
        """Coins that can be sold: what arrived, less what was sold, with the dust of the deal before."""
        return self.tally.held + self.carried.amount

    @property
    def cost(self) -> Decimal:
        """Quote paid in this deal, fees and carried dust included."""
        return self.tally.cost + self.carried.cost

    @property
    def average_cost(self) -> Decimal:
        """Quote paid for each coin that arrived or was carried in, fees included."""
        return self.cost / (self.tally.received + self.carried.amount)

    @property
    def cost_of_held(self) -> Decimal:
        """What the coins still held have cost, at the average."""
        return self.average_cost * self.held if self.held > 0 else ZERO

    @property
    def realised(self) -> Decimal:
        """Profit in quote of what was sold, at average cost, after fees."""
        if not self.tally.sold:
            return ZERO
        return self.tally.proceeds - self.average_cost * self.tally.sold

    def open_profit(self, price: Decimal) -> Decimal:
        """Profit in quote of what is held if it went at `price`, after the taker's fee."""
        return self.held * price * (1 - self.market.taker_fee) - self.cost_of_held

    @property
    def dust(self) -> Carried:
        """What the deal leaves to the next one."""
        held = self.held
        return Carried(amount=held, cost=self.cost_of_held) if held > 0 else Carried()
