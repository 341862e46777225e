"""Grid trading.

Draw lines across a range of prices. Below the price wait buys, above it sells; whatever is bought at a line is sold
at the next one up, and bought again when the price comes back. The bot earns the distance between two lines, less two
fees, each time the price swings across it.

    110 ─────── sell what was bought at 105
    105 ─────── sell what was bought at 100      buy it back after it was sold at 110
    100  start                                   (this line stays empty: it is the first at or above the price)
     95 ─────── buy, to sell at 100

The coins that the sells above need are bought at market at the start, less those that the owner gives to the grid.
The commission comes on top of what is bought, exactly as much as the market takes, rounded up to a lot.

Profit is taken in quote, or in base: then only as many coins are sold as bring back the quote, and the rest stays.

When the price leaves the range, the grid stays and waits, trails after the price, or expands. A grid without a highest
line holds coins of the same value wherever the price stands, and sells a little at every step up, for ever. A grid
ends by a stop below or above, by taking its profit, or when its owner says so. It never begins again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import Awaited, CancelDeal, CloseAtMarket, Event, Tick
from strategies.grid import balances, checks, moving, stops
from strategies.grid.balances import Balances, coins_given
from strategies.grid.cells import is_idle, is_whole, order_of
from strategies.grid.choices import Beyond, ProfitIn, Spacing, StopAction
from strategies.grid.plan import START, Plan
from strategies.grid.state import GridState, state_of
from strategies.market import Market
from strategies.opening import ONCE, Opening
from strategies.orders import Fill, Order, Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice
from strategies.strategy import Strategy
from strategies.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Strategy):
    """The settings, as the trader fills them in. Prices in quote, percentages as fractions of one."""

    State = GridState

    lower: Decimal = setting("The lowest line.", unit="quote", low="0", above_low=True)
    upper: Decimal | None = setting(
        "The highest line. Empty: there is none, and step says how far apart the lines are (infinity grid).",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    lines: int | None = setting(
        "How many lines, the lowest and the highest among them.", unit="count", low="2", high="200", default=None
    )
    step: Decimal | None = setting(
        "For a grid without a highest line: how far above the one below each line lies.",
        unit="fraction",
        low="0.0001",
        high="1",
        default=None,
    )
    spacing: Spacing = choice("How the lines lie: at equal distances, or at equal ratios.", Spacing.GEOMETRIC)
    quote_a_line: Decimal | None = setting(
        "What a buy at one line spends. Either this or base_a_line.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    base_a_line: Decimal | None = setting(
        "How many coins a buy at one line buys. Either this or quote_a_line.",
        unit="base",
        low="0",
        above_low=True,
        default=None,
    )
    profit_in: ProfitIn = choice(
        "What the profit of a turn is taken in. In base, only as many coins are sold as bring back the quote.",
        ProfitIn.QUOTE,
    )
    coins_held: Decimal | None = setting(
        "Coins of yours that the grid may sell. It buys only what is missing. Empty: it buys all that it needs.",
        unit="base",
        low="0",
        default=None,
    )
    active_lines: int | None = setting(
        "How many buys and how many sells are on the book at most, those nearest to the price. Empty: all; without"
        " a highest line all buys and ten sells.",
        unit="count",
        low="1",
        high="200",
        default=None,
    )
    above: Beyond = choice(
        "When the price is a step above the highest line: stay; trail, so that the whole grid moves up by a line and"
        " the quote of the lowest one pays for it; or expand by a line, with quote of its own.",
        Beyond.STAY,
    )
    highest: Decimal | None = setting(
        "The price up to which lines are added above. When trailing, empty is without a limit.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    below: Beyond = choice(
        "When the price is a step below the lowest line: stay; trail, so that the highest sell is cancelled and a buy"
        " is added below; or expand by a line. Either needs quote of its own.",
        Beyond.STAY,
    )
    lowest: Decimal | None = setting(
        "The price down to which lines are added below.", unit="quote", low="0", above_low=True, default=None
    )
    stop_below: Decimal | None = setting(
        "A price below the grid at which it ends. Empty: never.", unit="quote", low="0", above_low=True, default=None
    )
    stop_below_action: StopAction = choice(
        "What happens there: stop, and keep the coins; sell all coins; or close, which sells what the grid bought and"
        " keeps your own.",
        StopAction.SELL,
    )
    stop_above: Decimal | None = setting(
        "A price above the grid at which it ends. Empty: never.", unit="quote", low="0", above_low=True, default=None
    )
    stop_above_action: StopAction = choice(
        "What happens there: stop, and keep what is there; sell all coins; buy coins for all quote of the grid; or"
        " close, which buys back those of your coins that it sold, as far as its quote goes.",
        StopAction.STOP,
    )
    take_profit_price: Decimal | None = setting(
        "A price at which everything is sold and the grid ends. Empty: never.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    take_profit: Decimal | None = setting(
        "Profit of the whole grid, after fees, as a fraction of what was put in, at which everything is sold and the"
        " grid ends. Empty: never.",
        unit="fraction",
        low="0",
        above_low=True,
        high="100",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = tuple(out_of_bounds(self)) or tuple(checks.contradictions(self))
        if problems:
            raise SettingsRefused(problems)

    def plan(self, price: Decimal, market: Market) -> Plan:
        """Lines and cells of a grid that starts at this price."""
        return Plan(self, price, market)

    # What the grid should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """The purchase at the start, then one order for each cell, those beyond the active lines left out."""
        plan = self._plan(deal)
        if deal.ending:
            leaving = stops.exit_order(plan, deal)
            if leaving is not None:
                yield leaving
            return
        if not plan.started(deal):
            yield deal.keep(START, Side.BUY, plan.start_amount(deal.carried.amount), None)
            return
        if plan.count is None or self.active_lines is not None:
            yield from self._nearest(plan, deal)
            return
        yield from moving.orders(plan, deal)

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""
        plan = self._plan(deal)
        cell = plan.by_name.get(name)
        quick = cell is not None and plan.single and not deal.ending and plan.started(deal)
        if cell is None or not quick or (not plan.stays and not moving.stands_on(plan, deal, cell.number)):
            return next((order for order in self.orders(deal) if order.name == name), None)
        asked = plan.asked
        if asked is None or asked[0] is not cell or asked[1] != deal.trades:
            # Both names of a cell are asked for after each of its fills, and have one answer.
            asked = plan.asked = (cell, deal.trades, order_of(deal, cell, plan.short))
        order = asked[2]
        return order if order.name == name else None

    def touched(self, deal: Deal, fill: Fill) -> tuple[str, ...] | None:
        """A fill turns its own cell over, and leaves all others as they are unless active lines choose among them."""
        plan = self._plan(deal)
        cell = plan.by_name.get(fill.order)
        if cell is None or not plan.single or deal.ending:
            return None
        if not plan.stays and moving.may_depend_on(plan, deal, cell.number):
            return None
        return (cell.buy_name, cell.sell_name)

    def turns(self, deal: Deal) -> Turns | None:
        """The cells, while every trade of theirs was whole and none depends on another."""
        plan = self._plan(deal)
        if deal.ending or not plan.single or not plan.started(deal):
            return None
        first, end = moving.stretch(plan, deal)
        above = None
        if self.above is Beyond.TRAIL:
            # The lowest line pays for the next one on top: whether the grid may move depends on its coins.
            lowest = plan.cell(first)
            if not is_idle(deal, lowest, plan.short):
                return None
            above = lowest.buy_price
        cells = [plan.cell(number) for number in range(first, end)]
        return Turns(each=cells, above=above) if all(is_whole(deal, cell, plan.short) for cell in cells) else None

    def _plan(self, deal: Deal) -> Plan:
        plan: Plan | None = deal.plan
        if plan is None:
            plan = deal.plan = Plan(self, deal.price, deal.market)
        return plan

    def _nearest(self, plan: Plan, deal: Deal) -> Iterator[Order]:
        """The buys with the highest prices and the sells with the lowest."""
        most = self.active_lines
        buys: list[Order] = []
        sells: list[Order] = []
        if plan.count is not None:
            every = moving.orders(plan, deal)
        else:
            every = (order_of(deal, cell, plan.short) for cell in plan.tradable())
        for order in every:
            (buys if order.side is Side.BUY else sells).append(order)
            if plan.count is None and len(sells) == plan.sells_ahead:
                break
        yield from buys if most is None else buys[-most:]
        yield from sells if most is None else sells[:most]

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """A grid goes on until something ends it, and then until what that asks for is traded, down to dust."""
        if deal.ending is None:
            return False
        leaving = stops.exit_order(self._plan(deal), deal)
        return leaving is None or not deal.market.accepts(leaving.amount - deal.filled(leaving.name), last_price)

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """The prices at which the grid ends or moves."""
        if not deal.ending:
            plan = self._plan(deal)
            yield from stops.stops(plan, deal)
            yield from moving.moves(plan, deal)

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
                if state_of(deal.state).stopped:  # what a stop still meant to trade is cancelled with it
                    deal.state = msgspec.structs.replace(deal.state, stopped=None)
            case Tick(price=price) if not deal.ending:
                plan = self._plan(deal)
                stops.stop_or_take_profit(plan, deal, price)
                if not deal.ending:
                    moving.moved(plan, deal, price)

    @property
    def opening(self) -> Opening:
        """A grid does not begin again by itself: it would buy at once what was just sold."""
        return ONCE

    # What it needs

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that its owner gives to the grid."""
        del market
        coins = coins_given(self)
        return Carried(amount=coins, cost=coins * price) if coins else NOTHING_CARRIED

    def required_balances(self, price: Decimal, market: Market) -> Balances:
        """What has to be on the account before the start, as the exchange rounds, with fees."""
        return Balances(quote=self.capital(price, market), base=coins_given(self))

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for the start and every buy that can rest at once, as they are really rounded."""
        return balances.quote_needed(self.plan(price, market), coins_given(self))

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send: everything sold at once."""
        return balances.largest_order(self.plan(price, market))

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        return checks.problems(self.plan(price, market))

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What works, but hardly as the user expects."""
        return checks.warnings(self.plan(price, market))
