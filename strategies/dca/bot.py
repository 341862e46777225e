"""Dollar-cost averaging.

Buy once. Each time the price falls a further step, buy again. Sell everything when the price stands a fixed
percentage above the average paid.

    100.00  base order
     98.00  averaging order 1      2 % below the base order
     95.00  averaging order 2      another 2 % x 1.5 below
     90.50  averaging order 3      another 3 % x 1.5 below

The take profit is reckoned from the whole cost, fees included, so that the percentage is what is left after
them. The stop loss is measured from the base order's price, not from the average.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from strategies.dca.ladder import Rung, deviations, rungs
from strategies.deal import Deal, Ending, Tally
from strategies.events import CancelDeal, CloseAtMarket, Crossing, Event, Tick, Watch
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order, Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting

BASE, TAKE_PROFIT, CLOSE = "base", "take-profit", "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class DCA:
    """The settings, as the trader fills them in. Percentages are fractions of one."""

    base_order: Decimal = setting("What the first buy of a deal spends.", unit="quote", low="0", above_low=True)
    averaging_order: Decimal = setting("What the first averaging order spends.", unit="quote", low="0", above_low=True)
    averaging_orders: int = setting(
        "How many times the bot may buy more as the price falls.", unit="count", low="0", high="200"
    )
    step: Decimal = setting(
        "How far below the base order the first averaging order waits.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
    )
    step_scale: Decimal = setting(
        "Each further step is the one before times this.", unit="factor", low="0.1", high="10", default=ONE
    )
    volume_scale: Decimal = setting(
        "Each further averaging order spends what the one before did, times this.",
        unit="factor",
        low="0.1",
        high="10",
        default=ONE,
    )
    take_profit: Decimal = setting(
        "Profit on the whole cost, after fees, at which everything is sold.",
        unit="fraction",
        low="0",
        above_low=True,
        high="100",
    )
    stop_loss: Decimal | None = setting(
        "Fall from the base order's price at which everything is sold at a loss. Empty: never.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if not problems and self._deepest >= ONE:
            problems.append(
                Problem(
                    "averaging_orders",
                    f"the last averaging order would stand {self._deepest:.1%} below the base order.",
                    "Use fewer averaging orders, or a smaller step or step scale.",
                )
            )
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def _deepest(self) -> Decimal:
        return max(deviations(self.step, self.step_scale, self.averaging_orders), default=ZERO)

    # What the deal should have on the book

    def orders(self, deal: Deal, last_price: Decimal) -> Iterator[Order]:
        """Every order that the deal should have by now, filled or not."""
        if self.finished(deal, last_price):
            return
        if deal.ending:
            yield self._close(deal)
            return
        base = self._base_order(deal)
        yield base
        if self._awaited(deal, base):
            return
        averaging = [self._averaging_order(rung) for rung in self._ladder(deal)]
        yield from averaging
        yield from self._take_profit(deal, averaging)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do: the coins are sold down to dust, or are to be kept."""
        if deal.ending is Ending.CANCELLED:
            return True
        if not deal.fills:
            return deal.ending is not None
        sellable = deal.market.amount_down(deal.held)
        if deal.ending:
            return not deal.market.accepts(sellable, last_price)
        if deal.tally.sold:
            return not deal.market.accepts(sellable, self.target(deal))
        return False

    def _base_order(self, deal: Deal) -> Order:
        amount = deal.market.amount_up(self.base_order / deal.price)
        return Order(name=BASE, side=Side.BUY, amount=amount)

    def _ladder(self, deal: Deal) -> Iterator[Rung]:
        return self.ladder(deal.by_order[BASE].average_cost, deal.market)

    def ladder(self, anchor: Decimal, market: Market) -> Iterator[Rung]:
        """The averaging orders under a base order that cost `anchor` a coin, fee included."""
        return rungs(
            anchor,
            market,
            volume=self.averaging_order,
            count=self.averaging_orders,
            step=self.step,
            step_scale=self.step_scale,
            volume_scale=self.volume_scale,
        )

    def _averaging_order(self, rung: Rung) -> Order:
        return Order(name=f"averaging-{rung.number}", side=Side.BUY, amount=rung.amount, price=rung.price)

    def _take_profit(self, deal: Deal, averaging: list[Order]) -> Iterator[Order]:
        """One sell of all that is held.

        While an averaging order fills in parts the take profit stays as it was, because a take profit that is
        replaced at every part is off the book for most of that time. If it fills meanwhile, the parts get one
        of their own.
        """
        market = deal.market
        parts = [deal.by_order[o.name] for o in averaging if deal.filled(o.name) and self._awaited(deal, o)]
        held = deal.held - sum((part.held for part in parts), ZERO)
        price = self._target(deal.cost - _cost(parts), deal, parts)
        if not market.accepts(market.amount_down(held), price):
            held, price = deal.held, self.target(deal)
        amount = deal.filled(TAKE_PROFIT) + market.amount_down(held)
        yield Order(name=TAKE_PROFIT, side=Side.SELL, amount=amount, price=price)

    def target(self, deal: Deal) -> Decimal:
        """The take profit's price: `ceil to tick of (average cost x (1 + take_profit) / (1 - fee))`."""
        return self._target(deal.cost, deal, [])

    def _target(self, cost: Decimal, deal: Deal, without: list[Tally]) -> Decimal:
        received = deal.tally.received + deal.carried.amount - sum((part.received for part in without), ZERO)
        average = cost / received
        return deal.market.price_up(average * (ONE + self.take_profit) / (ONE - deal.market.maker_fee))

    def _close(self, deal: Deal) -> Order:
        amount = deal.filled(CLOSE) + deal.market.amount_down(deal.held)
        return Order(name=CLOSE, side=Side.SELL, amount=amount)

    def _awaited(self, deal: Deal, order: Order) -> bool:
        """Whether more of this order can still trade: a rest too small for the exchange will not come."""
        missing = order.amount - deal.filled(order.name)
        return deal.market.accepts(missing, order.price or deal.price)

    # What changes the answer though nothing filled

    def watches(self, deal: Deal, last_price: Decimal) -> Iterator[Watch]:
        """The prices at which the wanted orders change."""
        stop = self.stop_price(deal)
        if stop is not None and not deal.ending and not self.finished(deal, last_price):
            yield Watch(crossing=Crossing.BELOW, price=stop, then="stop loss: everything is sold at market")

    def stop_price(self, deal: Deal) -> Decimal | None:
        """`base average price x (1 - stop_loss)`, or None without a stop loss or before the base order."""
        if self.stop_loss is None or BASE not in deal.by_order:
            return None
        return deal.by_order[BASE].average_price * (ONE - self.stop_loss)

    def on_event(self, deal: Deal, event: Event) -> Deal:
        """The deal after something that is not a fill."""
        match event:
            case CloseAtMarket():
                return deal.end(Ending.AT_MARKET)
            case CancelDeal():
                return deal.end(Ending.CANCELLED)
            case Tick(price=price):
                if any(watch.reached_by(price) for watch in self.watches(deal, price)):
                    return deal.end(Ending.STOP_LOSS)
        return deal

    # What it needs

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for the whole ladder if the base order is bought at `price`, as it is really rounded."""
        base = market.amount_up(self.base_order / price) * price
        anchor = price / (ONE - market.taker_fee)
        return base + sum((rung.notional for rung in self.ladder(anchor, market)), ZERO)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order that the bot can ever send, in quote, if it opens at `price`.

        The exit sells all coins at once, at up to the take profit's price.
        """
        return self.capital(price, market) * (ONE + self.take_profit) / (ONE - market.maker_fee)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        if not market.accepts(market.amount_up(self.base_order / price), price):
            yield Problem(
                "base_order",
                f"{self.base_order} {market.quote} is below the smallest order of {market.symbol}.",
                f"Give at least {_smallest(market, price)} {market.quote}.",
            )
        for rung in self.ladder(price, market):
            if not market.accepts(rung.amount, rung.price):
                yield Problem(
                    "averaging_order",
                    f"averaging order {rung.number} would be {rung.notional:f} {market.quote}, below the smallest"
                    f" order of {market.symbol}.",
                    f"Give at least {_smallest(market, price)} {market.quote}, or a larger volume scale.",
                )
                break
        if self.averaging_orders + 1 > market.max_orders:
            yield Problem(
                "averaging_orders",
                f"{market.symbol} allows {market.max_orders} open orders.",
                f"Give at most {market.max_orders - 1}.",
            )


def _cost(parts: list[Tally]) -> Decimal:
    return sum((part.cost for part in parts), ZERO)


def _smallest(market: Market, price: Decimal) -> Decimal:
    return max(market.min_notional, market.min_amount * price, market.lot_size * price)
