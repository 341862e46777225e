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
from strategies.orders import Fill, Order, Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.strategy import Strategy

BASE, TAKE_PROFIT, CLOSE = "base", "take-profit", "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class DCA(Strategy):
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

    def orders(self, deal: Deal) -> Iterator[Order]:
        """Every order that the deal should have by now, filled or not."""
        if deal.ending:
            if deal.ending is not Ending.CANCELLED and deal.started:
                yield self._close(deal)
            return
        if deal.tally.sold and self._sold_out(deal):
            return
        base = self._base_order(deal)
        yield base
        if not self._awaited(deal, base):
            yield from self._ladder(deal)
            yield self._take_profit(deal)

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""
        if name == TAKE_PROFIT and not deal.ending and BASE in deal.by_order:
            return self._take_profit(deal)
        return next((order for order in self.orders(deal) if order.name == name), None)

    def touched(self, deal: Deal, fill: Fill) -> tuple[str, ...] | None:
        """An averaging order that filled moves the take profit and nothing else."""
        if fill.order == BASE:
            return None
        if fill.order == CLOSE:
            return (CLOSE,)
        if fill.order == TAKE_PROFIT and self._sold_out(deal):
            return None
        return (TAKE_PROFIT,)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do: the coins are sold down to dust, or are to be kept."""
        if deal.ending is None:
            return bool(deal.tally.sold) and self._sold_out(deal)
        if deal.ending is Ending.CANCELLED or not deal.started:
            return True
        return not deal.market.accepts(deal.market.amount_down(deal.held), last_price)

    def _sold_out(self, deal: Deal) -> bool:
        """Whether what is held is too little to be sold at the take profit: dust."""
        return not deal.market.accepts(deal.market.amount_down(deal.held), self.target(deal))

    def _base_order(self, deal: Deal) -> Order:
        kept = deal.kept.get(BASE)
        if kept is None:
            amount = deal.market.amount_up(self.base_order / deal.price)
            kept = deal.kept[BASE] = Order(name=BASE, side=Side.BUY, amount=amount)
        return kept

    def _ladder(self, deal: Deal) -> Iterator[Order]:
        """The averaging orders, worked out once: nothing but the base order's own cost moves them."""
        anchor = deal.by_order[BASE].average_cost
        if deal.plan != anchor:
            deal.plan = anchor
            for rung in self.ladder(anchor, deal.market):
                name = averaging(rung.number)
                deal.kept[name] = Order(name=name, side=Side.BUY, amount=rung.amount, price=rung.price)
        for name, order in deal.kept.items():
            if name not in (BASE, TAKE_PROFIT):
                yield order

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

    def _take_profit(self, deal: Deal) -> Order:
        """One sell of all that is held.

        While an averaging order fills in parts the take profit stays as it was, because a take profit that is
        replaced at every part is off the book for most of that time. If it fills meanwhile, the parts get one
        of their own.
        """
        market = deal.market
        held, price = deal.held, self.target(deal)
        if parts := self._parts(deal):
            whole = held - sum((part.held for part in parts), ZERO)
            received = deal.received - sum((part.received for part in parts), ZERO)
            if whole > 0:
                aim = self._target(deal.cost - sum((part.cost for part in parts), ZERO), received, market)
                if market.accepts(market.amount_down(whole), aim):
                    held, price = whole, aim
        amount = deal.filled(TAKE_PROFIT) + market.amount_down(held)
        kept = deal.kept.get(TAKE_PROFIT)
        if kept is None or kept.amount != amount or kept.price != price:
            kept = Order(name=TAKE_PROFIT, side=Side.SELL, amount=amount, price=price)
            deal.kept[TAKE_PROFIT] = kept
        return kept

    def _parts(self, deal: Deal) -> list[Tally]:
        """What has filled of averaging orders of which more is to come."""
        return [
            tally
            for name, tally in deal.by_order.items()
            if (order := deal.kept.get(name)) is not None
            and order.side is Side.BUY
            and tally.bought < order.amount
            and deal.market.accepts(order.amount - tally.bought, order.price or deal.price)
        ]

    def target(self, deal: Deal) -> Decimal:
        """The take profit's price: `ceil to tick of (average cost x (1 + take_profit) / (1 - fee))`."""
        return self._target(deal.cost, deal.received, deal.market)

    def _target(self, cost: Decimal, received: Decimal, market: Market) -> Decimal:
        return market.price_up(cost / received * (ONE + self.take_profit) / (ONE - market.maker_fee))

    def _close(self, deal: Deal) -> Order:
        amount = deal.filled(CLOSE) + deal.market.amount_down(deal.held)
        return Order(name=CLOSE, side=Side.SELL, amount=amount)

    def _awaited(self, deal: Deal, base: Order) -> bool:
        """Whether more of the base order can still trade: a rest too small for the exchange will not come."""
        return deal.market.accepts(base.amount - deal.filled(BASE), deal.price)

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Watch]:
        """The prices at which the wanted orders change."""
        stop = self.stop_price(deal)
        if stop is not None and not deal.ending and not (deal.tally.sold and self._sold_out(deal)):
            yield Watch(crossing=Crossing.BELOW, price=stop, then="stop loss: everything is sold at market")

    def stop_price(self, deal: Deal) -> Decimal | None:
        """`floor to tick of (base average price x (1 - stop_loss))`; None without one or before the base order."""
        if self.stop_loss is None or BASE not in deal.by_order:
            return None
        return deal.market.price_down(deal.by_order[BASE].average_price * (ONE - self.stop_loss))

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick(price=price):
                if any(watch.reached_by(price) for watch in self.watches(deal)):
                    deal.end(Ending.STOP_LOSS)

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


def averaging(number: int) -> str:
    """The name of the averaging order with this number, from 1."""
    return f"averaging-{number}"


def _smallest(market: Market, price: Decimal) -> Decimal:
    return max(market.min_notional, market.min_amount * price, market.lot_size * price)
