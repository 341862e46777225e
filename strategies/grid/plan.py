"""The cells of one grid on one market, worked out from the price at which it started.

Amounts of the cell between lines k and k + 1, with f the fee, all on lots:

    bought        ceil(quote a line / line k), or the base a line
    arriving      floor(bought (1 - f))
    sold          arriving                                         profit in quote
                  ceil(bought x line k / (line (k+1) x (1 - f)))   profit in base: the quote comes back, the rest stays

Two kinds of grid round down instead, because their money is counted differently. One without a highest line owns
coins for all lines above, `quote a line x (1 + step) / step / first line above`, which is of the same value in quote
wherever the price stands. One that trails upwards buys a new line with what the line that it drops would have cost,
so that moving costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from strategies.deal import Deal
from strategies.grid.cells import Cell, buy_name, sell_name
from strategies.grid.choices import Beyond, ProfitIn, Spacing
from strategies.grid.lines import arithmetic, endless, geometric, on_ticks
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order

if TYPE_CHECKING:
    from strategies.grid.bot import Grid

START = "start"
MOST_ADDED = 1000  # lines on either side of those drawn; nobody means more
_SELLS_AHEAD = 10  # of a grid without a highest line: there are always more
_ROOM = Decimal("1.1")  # the smallest order is made a little larger: the price moves before it arrives
_WORTH_WAITING = 2  # times the smallest order: a rest of the start below this might never be accepted


class Flaw(Enum):
    """Why no order can come of a cell, or no profit."""

    NO_PRICE = auto()  # its line lies at zero or below
    TOO_CLOSE = auto()  # its lines are less than two fees and a tick apart
    TOO_SMALL = auto()  # below the exchange's smallest order
    LOSES = auto()  # so few lots that the commission takes more than the turn brings


class Plan:
    """Cells by number and by order name. It holds settings and arithmetic; what has happened it asks the deal."""

    __slots__ = (
        "_cells",
        "_flaws",
        "_seen",
        "asked",
        "by_name",
        "count",
        "fee",
        "first_held",
        "grid",
        "line",
        "market",
        "needed",
        "price",
        "quotes",
        "seen_in_fills",
        "sells_ahead",
        "short",
        "single",
        "stays",
        "waits",
    )

    def __init__(self, grid: Grid, price: Decimal, market: Market) -> None:
        self.grid, self.price, self.market = grid, price, market
        self.fee = max(market.maker_fee, market.taker_fee)
        self.count: int | None = None  # cells that the settings draw; None: without end
        if grid.upper is not None and grid.lines is not None:
            self.count = grid.lines - 1
            drawn = arithmetic if grid.spacing is Spacing.ARITHMETIC else geometric
            self.line = on_ticks(drawn(grid.lower, grid.upper, grid.lines), market)
        else:
            self.line = on_ticks(endless(grid.lower, ONE + (grid.step or ONE)), market)
        self._cells: dict[int, Cell] = {}
        self._flaws: dict[int, Flaw | None] = {}
        self.quotes: dict[Decimal, Decimal] = {}  # asked for at the start, by the coins that were there
        self.by_name: dict[str, Cell] = {}
        most = MOST_ADDED if self.count is None else self.count
        self.first_held = next((number for number in range(most) if self.line(number) >= price), most)
        self.sells_ahead = grid.active_lines or _SELLS_AHEAD
        self.needed = self._needed()
        # Whether a fill changes the orders of its own cell alone.
        self.single = self.count is not None and grid.active_lines is None and grid.take_profit is None
        self.stays = grid.above is Beyond.STAY and grid.below is Beyond.STAY
        self.seen_in_fills = (-1, 0, 0)  # names of orders that traded, and the stretch of cells that they belong to
        self.asked: tuple[Cell, int, Order] | None = None  # a cell's order when the deal had so many trades
        # What was last seen of the start, and what follows from it.
        self._seen: object = self
        self.waits, self.short = False, dict[int, Decimal]()

    # Cells

    def cell(self, number: int) -> Cell:
        """The cell above this line, made when it is first asked for. Its line must lie above zero."""
        cell = self._cells.get(number)
        if cell is None:
            low, high = self.line(number), self.line(number + 1)
            amount = self._buy_amount(number, low)
            cell = self._cells[number] = Cell(
                number=number,
                buy_price=low,
                sell_price=high,
                buy_amount=amount,
                sell_amount=self._sell_amount(amount, low, high),
                buy_name=buy_name(number),
                sell_name=sell_name(number),
                starts_held=number >= self.first_held and (self.count is None or number < self.count),
            )
            self.by_name[cell.buy_name] = self.by_name[cell.sell_name] = cell
        return cell

    def drawn(self) -> Iterator[Cell]:
        """The cells that the settings draw; of a grid without end those up to the first that starts with coins."""
        return (self.cell(number) for number in range(self.first_held + 1 if self.count is None else self.count))

    def tradable(self) -> Iterator[Cell]:
        """The cells of a grid without end, until an order would be too small for the exchange."""
        for number in range(self.first_held + MOST_ADDED):
            if number > self.first_held and self.flaw(number):
                return
            yield self.cell(number)

    def flaw(self, number: int) -> Flaw | None:
        """What is wrong with a cell, if anything."""
        if number not in self._flaws:
            self._flaws[number] = self._flaw(number)
        return self._flaws[number]

    def _flaw(self, number: int) -> Flaw | None:
        market, low, high = self.market, self.line(number), self.line(number + 1)
        if low <= 0:
            return Flaw.NO_PRICE
        if high - low < self.least_distance(high):
            return Flaw.TOO_CLOSE
        cell = self.cell(number)
        bought, sold = cell.buy_amount, cell.sell_amount
        if not market.accepts(sold, low):
            return Flaw.TOO_SMALL
        keeps = ONE - market.maker_fee
        if sold > self.arriving(bought) or sold * high * keeps < bought * low:
            return Flaw.LOSES
        return None

    def least_distance(self, high: Decimal) -> Decimal:
        """Two fees and a tick, below a line at this price."""
        return 2 * self.market.maker_fee * high + self.market.tick_size

    def arriving(self, bought: Decimal) -> Decimal:
        """Whole lots of what arrives of a buy."""
        return self.market.amount_down(bought * (ONE - self.fee))

    def added(self, step: int) -> Iterator[int]:
        """Numbers of the cells that may be added, nearest first: above with step 1, below with step -1."""
        if self.count is None:
            return
        nearest = self.count if step > 0 else -1
        for number in range(nearest, nearest + step * MOST_ADDED, step):
            if not self.may_add(number):
                return
            yield number

    def may_add(self, number: int) -> bool:
        """Whether a cell beyond those drawn lies within the limits, and can be traded."""
        grid = self.grid
        if self.count is None or not -MOST_ADDED <= number < self.count + MOST_ADDED:
            return False
        if number >= self.count:
            allowed = grid.above is not Beyond.STAY and (grid.highest is None or self.line(number + 1) <= grid.highest)
        elif number < 0:
            allowed = grid.below is not Beyond.STAY and (grid.lowest is None or self.line(number) >= grid.lowest)
        else:
            return True
        return allowed and self.flaw(number) is None

    # The start

    def start_amount(self, coins: Decimal) -> Decimal:
        """What is bought at market at the start, on top of coins that are there: zero if that is nothing.

        What is missing, with the commission that will be taken out of it on top, at least the smallest order.
        """
        missing = self.needed - coins
        if missing <= 0:
            return ZERO
        market = self.market
        smallest = max(market.smallest, market.min_notional / self.price * _ROOM)
        return market.amount_up(max(missing / (ONE - market.taker_fee), smallest))

    def started(self, deal: Deal) -> bool:
        """Whether the cells may have their orders; `short` is up to date then.

        The start is waited for while it can still trade. What is missing in the end the highest cells do without.
        """
        tally = deal.by_order.get(START)
        seen = None if tally is None else tally.bought
        if seen is not self._seen:
            self._seen = seen
            self._look_at_start(deal)
        return not self.waits

    def _look_at_start(self, deal: Deal) -> None:
        carried, tally = deal.carried.amount, deal.by_order.get(START)
        rest = self.start_amount(carried) - (tally.bought if tally is not None else ZERO)
        worth = rest > 0 and self.market.accepts(rest / _WORTH_WAITING, self.price)
        self.waits = worth if tally is not None else rest > 0
        self.short = {}
        if self.waits or self.count is None:
            return
        lacking = self.needed - carried - (tally.received if tally is not None else ZERO)
        for number in range(self.count - 1, self.first_held - 1, -1):
            if lacking <= 0:
                return
            self.short[number] = min(self.market.amount_up(lacking), self.cell(number).sell_amount)
            lacking -= self.short[number]

    def _needed(self) -> Decimal:
        """Coins that the cells above the price begin with."""
        if self.count is None:
            step = self.grid.step or ONE
            value = (self.grid.quote_a_line or ZERO) * (ONE + step) / step
            return self.market.amount_up(value / self.line(self.first_held))
        return sum((self.cell(number).sell_amount for number in range(self.first_held, self.count)), ZERO)

    # Amounts

    def _buy_amount(self, number: int, low: Decimal) -> Decimal:
        market, grid, count = self.market, self.grid, self.count
        if count is not None and number >= count and grid.above is Beyond.TRAIL:
            return market.amount_down(self.cell(number % count).cost / low)
        if grid.base_a_line is not None:
            return market.amount_up(grid.base_a_line)
        exact = (grid.quote_a_line or ZERO) / low
        return market.amount_down(exact) if count is None else market.amount_up(exact)

    def _sell_amount(self, bought: Decimal, low: Decimal, high: Decimal) -> Decimal:
        if self.grid.profit_in is ProfitIn.BASE:
            return self.market.amount_up(bought * low / (high * (ONE - self.market.maker_fee)))
        return self.arriving(bought)
