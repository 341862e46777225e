"""What a deal has open: coins to sell or, for a spot short, coins to buy back; and the prices that follow from it.

A short is the mirror of a long. Its profit lies below, its stop loss above, and what it buys back is enough that
after the fee nothing is owed any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from strategies.deal import Deal, Tally
from strategies.events import Crossing
from strategies.market import ONE, ZERO, Market
from strategies.orders import Side

ADDED = "add-"  # how the orders begin with which the user puts more into a deal


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One deal's coins and what they came at. Prices are quote a coin.

    `amount` is what an exit may trade now, on lots. `price` is the average before fees, and `entry_price` that of the
    entry alone, without funds added later: stop losses are measured from these. `cost` is the average after fees:
    what was paid for each coin that arrived, or for a short what was got for each coin sold.
    """

    market: Market
    opens: Side
    amount: Decimal
    price: Decimal
    entry_price: Decimal
    cost: Decimal

    @classmethod
    def of(cls, deal: Deal, *, without: Iterable[Tally] = (), reserved: Decimal = ZERO) -> Position | None:
        """What these fills have opened, whatever their orders are called; None while there is nothing.

        Orders `without` which it is reckoned are those that still fill in parts; `reserved` coins are to be sold (or
        bought back) by somebody else.
        """
        apart = tuple(without)
        short = deal.opens is Side.SELL
        own = _sold(deal, apart) if short else _bought(deal, apart)
        if own is None:
            return None
        added = [each for name, each in deal.by_order.items() if name.startswith(ADDED) and each not in apart]
        coins, price, cost = own
        market = deal.market
        entry = (_sold if short else _bought)(deal, (*apart, *added))
        if entry is None or not market.accepts(entry[0] + deal.reduced, price):
            entry = own  # dust of the deal before is no entry
        amount = market.amount_up(coins / _share_that_arrives(deal)) if short else market.amount_down(coins)
        return cls(
            market=market,
            opens=deal.opens,
            amount=max(amount - reserved, ZERO),
            price=price,
            entry_price=entry[1],
            cost=cost,
        )

    @property
    def long(self) -> bool:
        return self.opens is Side.BUY

    @property
    def exits_with(self) -> Side:
        return self.opens.other

    @property
    def ahead(self) -> Crossing:
        """The way in which the price crosses a take profit."""
        return Crossing.ABOVE if self.long else Crossing.BELOW

    @property
    def behind(self) -> Crossing:
        """The way in which it crosses a stop loss."""
        return Crossing.BELOW if self.long else Crossing.ABOVE

    def better(self, one: Decimal, other: Decimal) -> Decimal:
        """Whichever of two prices is worth more to this position."""
        return max(one, other) if self.long else min(one, other)

    def past(self, price: Decimal, level: Decimal) -> bool:
        """Whether the price has come as far as a level that lies ahead."""
        return price >= level if self.long else price <= level

    def target(self, profit: Decimal, fee: Decimal) -> Decimal:
        """The price at which `profit` is left of the cost after the fee, on a tick that does not give less.

        Long: `ceil to tick of cost x (1 + profit) / (1 - fee)`; short: `floor to tick of cost x (1 - profit) x
        (1 - fee)`.
        """
        if self.long:
            return self.market.price_up(self.cost * (ONE + profit) / (ONE - fee))
        return self.market.price_down(self.cost * (ONE - profit) * (ONE - fee))

    def back(self, price: Decimal, share: Decimal) -> Decimal:
        """The level that lies this share of a price behind it, on a tick: below for a long, above for a short."""
        if self.long:
            return self.market.price_down(price * (ONE - share))
        return self.market.price_up(price * (ONE + share))

    def on_tick(self, price: Decimal) -> Decimal:
        """A take profit's price on a tick that does not give less."""
        return self.market.price_up(price) if self.long else self.market.price_down(price)


def _bought(deal: Deal, apart: Iterable[Tally]) -> tuple[Decimal, Decimal, Decimal] | None:
    """Coins that are held, their average price and their average cost; None before any were bought."""
    tally, carried = deal.tally, deal.carried
    held, received, cost = deal.held, deal.received, deal.cost
    bought, spent = tally.bought + carried.amount, tally.spent + carried.cost
    for each in apart:
        held, received, cost = held - each.held, received - each.received, cost - each.cost
        bought, spent = bought - each.bought, spent - each.spent
    return (held, spent / bought, cost / received) if received > 0 and bought > 0 else None


def _sold(deal: Deal, apart: Iterable[Tally]) -> tuple[Decimal, Decimal, Decimal] | None:
    """Coins that are owed, the average price that they were sold at and what came of each; None before any were."""
    tally = deal.tally
    owed, sold = deal.owed, tally.sold
    earned, proceeds = tally.earned, tally.proceeds
    for each in apart:
        owed, sold = owed - each.sold, sold - each.sold
        earned, proceeds = earned - each.earned, proceeds - each.proceeds
    return (max(owed, ZERO), earned / sold, proceeds / sold) if sold > 0 else None


def _share_that_arrives(deal: Deal) -> Decimal:
    """What is left of each coin bought. A deal whose fees were taken in a third asset so far gets them whole."""
    tally, market = deal.tally, deal.market
    elsewhere = not tally.base_fees and not tally.quote_fees_selling and not tally.quote_fees_buying
    return ONE if elsewhere else ONE - max(market.maker_fee, market.taker_fee)
