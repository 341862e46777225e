"""How much is in open deals at one time."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from strategies.backtest.result import Filled, Result
from strategies.market import ZERO


class TiedUp:
    """Told of each fill in its order, it keeps the most that was tied up at one time over all deals, in quote.

    A deal that opens with a buy ties up what it has paid and not got back; what it earned does not count against the
    others. A short ties up the coins that it owes, at what it got for them. The last fill of a deal that is over frees
    everything, what it lost too.
    """

    __slots__ = ("_in", "_last", "_owing", "_total", "most")

    def __init__(self, results: Iterable[Result]) -> None:
        self.most = ZERO
        self._last: dict[int, Filled] = {}
        for result in results:
            last = {fill.deal: fill for fill in result.fills}
            closed = (deal.number for deal in result.deals if deal.closed_bar is not None)
            self._last |= {number: last[number] for number in closed if number in last}
        self._total = ZERO
        self._in: dict[int, Decimal] = {}  # of each deal: quote paid and not got back; of a short, coins' worth
        self._owing: dict[int, _Owing] = {}  # the shorts

    def add(self, fill: Filled, money: Decimal, coins: Decimal) -> None:
        """A fill has moved so much quote and so many coins; above zero is received."""
        deal = fill.deal
        before = self._in.get(deal)
        if before is None:
            before = ZERO
            if coins < 0:
                self._owing[deal] = _Owing()
        if self._owing and (owing := self._owing.get(deal)) is not None:
            after = self._in[deal] = owing.worth_after(money, coins)
        else:
            after = self._in[deal] = before - money
        self._total += max(after, ZERO) - max(before, ZERO)
        self.most = max(self.most, self._total)
        if self._last.get(deal) is fill:
            self._total -= max(after, ZERO)


class _Owing:
    """What a short got for the coins that it sold, and how many it has not bought back."""

    __slots__ = ("coins", "got", "sold")

    def __init__(self) -> None:
        self.got = self.sold = self.coins = ZERO

    def worth_after(self, money: Decimal, coins: Decimal) -> Decimal:
        self.coins -= coins
        if coins < 0:
            self.got += money
            self.sold -= coins
        return self.got * max(self.coins, ZERO) / self.sold
