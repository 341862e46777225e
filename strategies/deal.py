"""A deal is its fills. Whatever else we say of it is worked out from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from strategies.market import ONE, ZERO, Market
from strategies.orders import Fill, Order, Side

_BUY, _SELL = Side.BUY, Side.SELL  # asked for at every fill: an enum's class is slow to look into


class Ending(StrEnum):
    """Why a deal is on its way out before its take profit."""

    STOP_LOSS = "stop loss"
    TAKE_PROFIT = "take profit"  # one that does not rest on the book, such as a trailing one
    CONDITIONS = "close conditions"
    TIMED_OUT = "timed out"
    DONE = "done"  # it did what it was to do
    SIGNAL = "signal"
    AT_MARKET = "closed at market"
    CANCELLED = "cancelled, coins kept"


_WISHES = (Ending.CANCELLED, Ending.AT_MARKET)  # the user's own, the stronger first


class Carried(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Coins that a deal begins with: dust of the one before, or given by the owner. `cost` in quote for all of them."""

    amount: Decimal = ZERO
    cost: Decimal = ZERO


NOTHING_CARRIED = Carried()


class Tally:
    """Totals of some fills. Fees in a third asset are counted nowhere: paying them disposes of something else."""

    __slots__ = ("base_fees", "bought", "earned", "quote_fees_buying", "quote_fees_selling", "sold", "spent")

    def __init__(self) -> None:
        self.bought = ZERO  # base, before fees
        self.sold = ZERO  # base, before fees
        self.spent = ZERO  # quote, before fees
        self.earned = ZERO  # quote, before fees
        self.base_fees = ZERO
        self.quote_fees_buying = ZERO
        self.quote_fees_selling = ZERO

    def add(self, fill: Fill, notional: Decimal, market: Market) -> None:
        """Count one more trade; `notional` is its price x amount."""
        if fill.fee_asset == market.base:
            self.base_fees += fill.fee
        if fill.side is _BUY:
            self.bought += fill.amount
            self.spent += notional
            if fill.fee_asset == market.quote:
                self.quote_fees_buying += fill.fee
        else:
            self.sold += fill.amount
            self.earned += notional
            if fill.fee_asset == market.quote:
                self.quote_fees_selling += fill.fee

    @property
    def traded(self) -> Decimal:
        """Base currency that changed hands, in either direction."""
        return self.bought + self.sold

    @property
    def received(self) -> Decimal:
        """Coins that arrived: bought less the commission taken out of them."""
        return self.bought - self.base_fees

    @property
    def held(self) -> Decimal:
        return self.bought - self.base_fees - self.sold

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
        """Average of the prices paid or got, before fees. Raises DivisionByZero when nothing traded."""
        return (self.spent + self.earned) / (self.bought + self.sold)

    @property
    def average_cost(self) -> Decimal:
        """Quote paid for each coin that arrived, fees included in whatever asset they were taken."""
        return self.cost / self.received


class Deal:
    """One round trip, from the first order until nothing is held that can be sold.

    `price` is what the market stood at when the deal opened, at `opened_at` (milliseconds since 1970). It changes only
    by `record`, `end` and `state`: the same fills, ending and state make the same deal, in whatever order the fills
    became known. `state` is what its strategy has to remember that no fill tells (the highest price seen, what the
    user added), a frozen struct of the strategy's own type or None. `kept` is where the strategy may keep orders that
    it has worked out, so that an unchanged order is the same object, and `plan` what they were worked out from;
    neither holds facts.

    A deal that `opens` with a sell is a spot short: it sells coins that it was given, and buys them back.
    """

    __slots__ = (
        "_trades",
        "by_order",
        "carried",
        "ending",
        "kept",
        "market",
        "opened_at",
        "opens",
        "plan",
        "price",
        "state",
        "tally",
    )

    def __init__(
        self,
        *,
        market: Market,
        price: Decimal,
        opened_at: int = 0,
        carried: Carried = NOTHING_CARRIED,
        ending: Ending | None = None,
        opens: Side = Side.BUY,
        state: Any = None,
    ) -> None:
        self.market = market
        self.price = price
        self.opened_at = opened_at
        self.carried = carried
        self.ending = ending
        self.opens = opens
        self.state = state
        self.tally = Tally()
        self.by_order: dict[str, Tally] = {}
        self.kept: dict[str, Order] = {}
        self.plan: Any = None
        self._trades: set[str] = set()

    @classmethod
    def of(
        cls,
        fills: Iterable[Fill],
        *,
        market: Market,
        price: Decimal,
        opened_at: int = 0,
        carried: Carried = NOTHING_CARRIED,
        ending: Ending | None = None,
        opens: Side = Side.BUY,
        state: Any = None,
    ) -> Deal:
        """The deal that these fills make."""
        deal = cls(
            market=market,
            price=price,
            opened_at=opened_at,
            carried=carried,
            ending=ending,
            opens=opens,
            state=state,
        )
        for fill in fills:
            deal.record(fill)
        return deal

    def record(self, fill: Fill) -> bool:
        """Count a trade. False when it was counted before: the same trade twice is one trade."""
        if fill.trade_id in self._trades:
            return False
        self._trades.add(fill.trade_id)
        notional = fill.amount * fill.price
        self.tally.add(fill, notional, self.market)
        tally = self.by_order.get(fill.order)
        if tally is None:
            tally = self.by_order[fill.order] = Tally()
        tally.add(fill, notional, self.market)
        return True

    def record_alike(self, fill: Fill, trade_ids: Collection[str]) -> None:
        """Count trades of the terms of `fill`, one for each id. None of them may have been counted before."""
        times = len(trade_ids)
        whole = msgspec.structs.replace(fill, amount=fill.amount * times, fee=fill.fee * times)
        notional = whole.amount * whole.price
        for tally in (self.tally, self.by_order.setdefault(fill.order, Tally())):
            tally.add(whole, notional, self.market)
        self._trades.update(trade_ids)

    def end(self, ending: Ending) -> None:
        """Send the deal on its way out. The first reason stands, save that the user's own wish goes before it.

        A limit order of a stop loss that nobody takes can be sold at market, and any close be called off.
        """
        if self.ending is None or (ending in _WISHES and self.ending not in _WISHES[: _WISHES.index(ending) + 1]):
            self.ending = ending

    def keep(self, name: str, side: Side, amount: Decimal, price: Decimal | None = None) -> Order:
        """The order of these terms: the same object as before unless they have changed."""
        kept = self.kept.get(name)
        if kept is None or kept.amount != amount or kept.price != price or kept.side is not side:
            kept = self.kept[name] = Order(name=name, side=side, amount=amount, price=price)
        return kept

    def filled(self, name: str) -> Decimal:
        """Base currency traded of the order called `name`, before fees."""
        tally = self.by_order.get(name)
        return ZERO if tally is None else tally.bought + tally.sold

    @property
    def trades(self) -> int:
        """How many trades were counted."""
        return len(self._trades)

    @property
    def started(self) -> bool:
        """Whether anything has traded."""
        return bool(self._trades)

    @property
    def filled_amounts(self) -> dict[str, Decimal]:
        return {name: tally.traded for name, tally in self.by_order.items()}

    @property
    def held(self) -> Decimal:
        """Coins that can be sold: what arrived, less what was sold, with the dust of the deal before."""
        tally = self.tally
        return tally.bought - tally.base_fees - tally.sold + self.carried.amount

    @property
    def received(self) -> Decimal:
        """Coins that arrived or were carried in."""
        tally = self.tally
        return tally.bought - tally.base_fees + self.carried.amount

    @property
    def cost(self) -> Decimal:
        """Quote paid in this deal, fees and carried dust included."""
        tally = self.tally
        return tally.spent + tally.quote_fees_buying + self.carried.cost

    @property
    def average_cost(self) -> Decimal:
        """Quote paid for each coin that arrived or was carried in, fees included."""
        tally, carried = self.tally, self.carried
        paid = tally.spent + tally.quote_fees_buying + carried.cost
        return paid / (tally.bought - tally.base_fees + carried.amount)

    @property
    def cost_of_held(self) -> Decimal:
        """What the coins still held have cost, at the average."""
        return self.dust.cost

    @property
    def position(self) -> Decimal:
        """Coins that this deal has added to what it began with: below zero for a short."""
        tally = self.tally
        return tally.bought - tally.base_fees - tally.sold

    @property
    def owed(self) -> Decimal:
        """Coins that a short still has to buy back, before fees."""
        return max(-self.position, ZERO)

    @property
    def average_proceeds(self) -> Decimal:
        """Quote got for each coin that was sold, after fees. Raises DivisionByZero when nothing was sold."""
        return self.tally.proceeds / self.tally.sold

    @property
    def entry_average(self) -> Decimal:
        """Quote for each coin of the position, after fees: paid when long, got when short."""
        return self.average_proceeds if self.opens is _SELL else self.average_cost

    @property
    def to_exit(self) -> Decimal:
        """What has to trade to be out, on lots; zero when nothing is left.

        All coins that can be sold, or, of a short, those owed and the fee that buying them takes.
        """
        if self.opens is _BUY:
            return self.market.amount_down(self.held)
        return self.market.amount_up(self.owed / (ONE - self.market.maker_fee))

    @property
    def most_bought_back(self) -> Decimal | None:
        """What the buys of a short may ask for in all: what it owes and the larger fee. None for any other deal."""
        if self.opens is _BUY:
            return None
        market = self.market
        return market.amount_up(self.owed / (ONE - max(market.maker_fee, market.taker_fee)))

    @property
    def reduced(self) -> Decimal:
        """Base currency that was sold of a long deal, or bought back of a short one, before fees."""
        return self.tally.sold if self.opens is _BUY else self.tally.bought

    @property
    def realised(self) -> Decimal:
        """Profit in quote after fees: of what was sold, at average cost; of a short, of what was bought back."""
        tally = self.tally
        if self.opens is _SELL:
            return tally.received * tally.proceeds / tally.sold - tally.cost if tally.bought else ZERO
        if not tally.sold:
            return ZERO
        return tally.proceeds - self.average_cost * tally.sold

    def open_profit(self, price: Decimal) -> Decimal:
        """Profit in quote if what is held went at `price`, or what is owed were bought back, after the taker's fee."""
        if self.opens is _SELL:
            owed = self.owed
            if not owed:
                return ZERO
            fair = self.tally.proceeds / self.tally.sold * owed
            return fair - owed * price / (1 - self.market.taker_fee)
        return self.held * price * (1 - self.market.taker_fee) - self.cost_of_held

    def left_to_the_next(self, price: Decimal) -> Carried:
        """What the next deal begins with when this one has ended at `price`: dust.

        The coins of a cancelled deal are their owner's, and so are those that a deal was done with buying.
        """
        bought = self.ending is Ending.DONE and self.market.accepts(self.market.amount_down(self.held), price)
        return NOTHING_CARRIED if bought or self.ending is Ending.CANCELLED else self.dust

    @property
    def dust(self) -> Carried:
        """What is held, at what it cost."""
        held = self.held
        return Carried(amount=held, cost=self.average_cost * held) if held > 0 else NOTHING_CARRIED
