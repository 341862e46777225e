"""Grid trading.

Draw lines across a range of prices. Below the price wait buys, above it sells; whatever is bought at a line is sold
at the next one up, and bought again when the price comes back. The bot earns the distance between two lines, less two
fees, each time the price swings across it.

    110 ─────── sell what was bought at 105
    105 ─────── sell what was bought at 100      buy it back after it was sold at 110
    100  start
     95 ─────── buy, to sell at 100

The coins that the sells above need are bought at market at the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from strategies.deal import Deal, Ending
from strategies.events import CancelDeal, CloseAtMarket, Event, Watch
from strategies.grid.lines import Cell, arithmetic, cells, geometric
from strategies.market import ONE, ZERO, Market
from strategies.orders import Fill, Order, Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice
from strategies.strategy import Strategy

START, CLOSE = "start", "close"


class Spacing(StrEnum):
    """How the lines lie: at equal distances, or at equal ratios."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Strategy):
    """The settings, as the trader fills them in. Prices and amounts in quote."""

    lower: Decimal = setting("The lowest line.", unit="quote", low="0", above_low=True)
    upper: Decimal = setting("The highest line.", unit="quote", low="0", above_low=True)
    lines: int = setting("How many lines, the lowest and the highest among them.", unit="count", low="2", high="200")
    quote_a_line: Decimal = setting("What a buy at one line spends.", unit="quote", low="0", above_low=True)
    spacing: Spacing = choice("How the lines lie: at equal distances, or at equal ratios.", Spacing.GEOMETRIC)

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if not problems and self.lower >= self.upper:
            problems.append(
                Problem("upper", f"{self.upper} is not above the lowest line.", f"Give more than {self.lower}.")
            )
        if problems:
            raise SettingsRefused(tuple(problems))

    def prices(self, market: Market) -> list[Decimal]:
        """The lines, rising, each rounded down to a tick."""
        drawn = (arithmetic if self.spacing is Spacing.ARITHMETIC else geometric)(self.lower, self.upper, self.lines)
        return [market.price_down(price) for price in drawn]

    # What the grid should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """The purchase at the start, then one order for each cell."""
        if deal.ending:
            if deal.ending is not Ending.CANCELLED and deal.started:
                yield self._close(deal)
            return
        start = self._start(deal)
        if start is not None:
            yield start
            if deal.market.accepts(start.amount - deal.filled(START), deal.price):
                return
        plan = self._cells(deal)
        for cell in plan:
            yield self._of_cell(deal, cell)

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""
        if not deal.ending and name.startswith(("buy-", "sell-")):
            order = self._of_cell(deal, self._cells(deal)[int(name[name.index("-") + 1 :])])
            return order if order.name == name else None
        return next((order for order in self.orders(deal) if order.name == name), None)

    def touched(self, deal: Deal, fill: Fill) -> tuple[str, ...] | None:
        """A fill turns its own cell over and leaves all others as they are."""
        name = fill.order
        if name in (START, CLOSE):
            return None
        cell = self._cells(deal)[int(name[name.index("-") + 1 :])]
        return (cell.buy_name, cell.sell_name)

    def _cells(self, deal: Deal) -> tuple[Cell, ...]:
        plan: tuple[Cell, ...] | None = deal.plan
        if plan is None:
            plan = deal.plan = cells(self.prices(deal.market), self.quote_a_line, deal.price, deal.market)
        return plan

    def _of_cell(self, deal: Deal, cell: Cell) -> Order:
        """A cell that holds its coins sells them, another buys them: each order's total counts its turns so far."""
        by_order = deal.by_order
        bought, sold = by_order.get(cell.buy_name), by_order.get(cell.sell_name)
        buys = bought.bought // cell.buy_amount if bought is not None else ZERO
        sells = sold.sold // cell.sell_amount if sold is not None else ZERO
        if buys + cell.starts_held > sells:
            return _kept(deal, cell.sell_name, Side.SELL, (sells + ONE) * cell.sell_amount, cell.sell_price)
        return _kept(deal, cell.buy_name, Side.BUY, (buys + ONE) * cell.buy_amount, cell.buy_price)

    def _start(self, deal: Deal) -> Order | None:
        """What the cells above the price need, bought at market, with the commission on top."""
        market = deal.market
        needed = sum((cell.sell_amount for cell in self._cells(deal) if cell.starts_held), ZERO)
        if not needed:
            return None
        return _kept(deal, START, Side.BUY, market.amount_up(needed / (ONE - market.taker_fee)), None)

    def _close(self, deal: Deal) -> Order:
        return Order(name=CLOSE, side=Side.SELL, amount=deal.filled(CLOSE) + deal.market.amount_down(deal.held))

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """A grid goes on until somebody ends it."""
        if deal.ending is None:
            return False
        if deal.ending is Ending.CANCELLED or not deal.started:
            return True
        return not deal.market.accepts(deal.market.amount_down(deal.held), last_price)

    def watches(self, deal: Deal) -> Iterator[Watch]:
        """None: its orders change when they fill and at no other time."""
        del deal
        return iter(())

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)

    # What it needs

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for the purchase at the start and every buy below, as they are really rounded."""
        plan = cells(self.prices(market), self.quote_a_line, price, market)
        held = sum((cell.sell_amount for cell in plan if cell.starts_held), ZERO)
        buys = sum((cell.buy_amount * cell.buy_price for cell in plan if not cell.starts_held), ZERO)
        return market.amount_up(held / (ONE - market.taker_fee)) * price + buys

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send: everything sold at once, at the highest line."""
        return self.capital(price, market) * max(ONE, self.upper / price)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        prices = self.prices(market)
        closest = min(high - low for low, high in pairwise(prices))
        least = 2 * market.maker_fee * self.upper + market.tick_size
        if closest < least:
            yield Problem(
                "lines",
                f"two of them are {closest} apart, and two fees and a tick are {least.normalize():f}.",
                "Draw fewer lines, or a wider range.",
            )
        smallest = min(cells(prices, self.quote_a_line, price, market), key=lambda cell: cell.sell_amount)
        if not market.accepts(smallest.sell_amount, smallest.buy_price):
            yield Problem(
                "quote_a_line",
                f"{self.quote_a_line} is below the smallest order of {market.symbol}.",
                f"Give at least {max(market.min_notional, market.smallest * self.upper) * 2}.",
            )
        if self.lines > market.max_orders:
            yield Problem("lines", f"{market.symbol} allows {market.max_orders} open orders.", "Draw fewer lines.")


def _kept(deal: Deal, name: str, side: Side, amount: Decimal, price: Decimal | None) -> Order:
    kept = deal.kept.get(name)
    if kept is None or kept.amount != amount:
        kept = deal.kept[name] = Order(name=name, side=side, amount=amount, price=price)
    return kept
