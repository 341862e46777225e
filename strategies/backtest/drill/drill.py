"""Running deals through a crash, on the cash that they share.

Each deal goes through the scenario by the same walk as in a backtest: there is no second engine to be wrong in another
way, and with enough cash the fills are a backtest's. What a backtest does not know is added around it: the deal begins
with the fills that it has, and every buy reserves its cost in one balance, which refuses what it does not cover.

All markets fall by the same factors at the same time. The path is cut into pieces of a quarter of a percent, through
which the deals go one after the other, so that the cash goes to whichever order the price reaches first. Resting buys
are placed, and reserve their cash, in the order of the deals.

No deal opens after one that has ended, and conditions are not answered: a scenario has no history to make them of. A
portfolio is not rebalanced, because nobody tells its deals what the whole is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from strategies.backtest.drill.funds import Funds
from strategies.backtest.drill.outcome import Outcome
from strategies.backtest.drill.running import DealRun, Running
from strategies.backtest.drill.scenario import Scenario
from strategies.market import ZERO


def drill(running: Sequence[Running], balance: Decimal, scenario: Scenario, *, at: int = 0) -> Outcome:
    """What becomes of these deals, all in one quote, that share `balance`: free quote and what their orders reserve.

    The scenario begins at `at`, in milliseconds since 1970. Raises NeverRests as a backtest does, and ValueError
    for deals in different quotes.
    """
    quotes = {each.deal.market.quote for each in running}
    if len(quotes) > 1:
        raise ValueError(f"deals in {' and '.join(sorted(quotes))} share no balance")
    enough = _Walk(running, None, scenario, at)
    enough.walk()
    walk = _Walk(running, balance, scenario, at)
    equity = walk.equity
    walk.walk()
    return Outcome(
        scenario=scenario.name,
        balance=balance,
        equity=equity,
        lowest_equity=walk.lowest,
        lowest_at=walk.lowest_at - at,
        final_equity=walk.equity,
        final_balance=walk.funds.balance,
        cash_needed=enough.funds.needed,
        starved=tuple(walk.funds.starved),
        deals=tuple(run.after(price) for run, price in zip(walk.runs, walk.prices, strict=True)),
    )


class _Walk:
    """All deals through one scenario, piece by piece."""

    def __init__(self, running: Sequence[Running], balance: Decimal | None, scenario: Scenario, at: int) -> None:
        self.funds = Funds(balance)
        self.prices = [each.price for each in running]
        self._paths = [scenario.of(each.price, each.deal.market, at) for each in running]
        self._at = at
        self.runs = [
            DealRun(each, number, candles, self.funds)
            for number, (each, candles) in enumerate(zip(running, self._paths, strict=True))
        ]
        self.lowest, self.lowest_at = self.equity, at

    @property
    def equity(self) -> Decimal:
        """Quote and coins together."""
        coins = (run.worth(price) for run, price in zip(self.runs, self.prices, strict=True))
        return self.funds.balance + sum(coins, ZERO)

    def walk(self) -> None:
        for run, price in zip(self.runs, self.prices, strict=True):
            run.begin(price, self._at)
        nexts = [run.next_bar() for run in self.runs]
        for piece in range(max((len(path) for path in self._paths), default=0)):
            for place, run in enumerate(self.runs):
                if run.try_again(piece):
                    nexts[place] = run.next_bar()
                if nexts[place] == piece:
                    run.walk(piece)
                    nexts[place] = run.next_bar()
            self._look(piece)

    def _look(self, piece: int) -> None:
        self.prices = [Decimal(repr(path.close.item(piece))) for path in self._paths]
        for run, price in zip(self.runs, self.prices, strict=True):
            run.stand_at(price)
        if (equity := self.equity) < self.lowest:
            self.lowest, self.lowest_at = equity, self._paths[0].opened_at.item(piece)
