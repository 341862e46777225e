"""What a trader fills in for a portfolio, and what of it does not work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field
from decimal import Decimal
from enum import StrEnum

from strategies.deal import NOTHING_CARRIED, Carried
from strategies.market import ZERO, Market
from strategies.opening import Opening
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import Text, choice, rows
from strategies.strategy import Strategy


class Drift(StrEnum):
    """How the distance of a weight from its target is measured: 55 % for 50 % are 5 points, or 10 % of it."""

    POINTS = "points"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One coin of the portfolio."""

    symbol: str = field(metadata={"shape": Text("The coin's market, such as BTC/USDT. All have the same quote.")})
    weight: Decimal = setting(
        "What share of the whole it should be. What is left of 1 stays in quote.",
        unit="fraction",
        low="0",
        above_low=True,
        high="1",
    )
    held: Decimal = setting("How many of it you bring in.", unit="base", low="0", default=ZERO)

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        base, _, quote = self.symbol.partition("/")
        if not base or not quote:
            problems.append(Problem("symbol", f"{self.symbol!r} is no market.", "Give base and quote: BTC/USDT."))
        if problems:
            raise SettingsRefused(tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceSettings(Strategy):
    """The settings, as the trader fills them in. Weights and distances are fractions of one."""

    coins: tuple[Coin, ...] = rows("The coins, with their markets and weights.", Coin, MISSING)
    cash: Decimal = setting("Quote that you bring in.", unit="quote", low="0", default=ZERO)
    every: int | None = setting(
        "Minutes after which it is brought back to its weights. Empty: not by time.",
        unit="minutes",
        low="1",
        high="1051200",
        default=None,
    )
    drift: Decimal | None = setting(
        "How far a weight may drift before all are brought back. Empty: however far.",
        unit="fraction",
        low="0",
        above_low=True,
        high="10",
        default=None,
    )
    measured: Drift = choice("Whether that distance is in points of weight, or relative to the weight.", Drift.POINTS)
    smallest_trade: Decimal = setting(
        "A coin that is less than this away from its target is left alone.", unit="quote", low="0", default=Decimal(10)
    )
    spare: Decimal = setting(
        "How much of the cash stays unspent in case prices rise while it buys.",
        unit="fraction",
        low="0",
        high="0.1",
        default=Decimal("0.002"),
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *self._of_the_coins()]
        if self.every is None and self.drift is None:
            problems.append(
                Problem("every", "nothing says when to rebalance.", "Give a time, or how far a weight may drift.")
            )
        if not self.cash and not any(coin.held for coin in self.coins):
            problems.append(Problem("cash", "there is nothing to begin with.", "Bring in quote or coins."))
        if problems:
            raise SettingsRefused(tuple(problems))

    def _of_the_coins(self) -> Iterator[Problem]:
        if not self.coins:
            yield Problem("coins", "there are none.", "Name at least one.")
        if (whole := sum((coin.weight for coin in self.coins), ZERO)) > 1:
            yield Problem("coins", f"their weights make {whole}.", "Let them make at most 1.")
        for symbol, count in Counter(coin.symbol for coin in self.coins).items():
            if count > 1:
                yield Problem("coins", f"{symbol} is there {count} times.", "Name it once.")
        if len(quotes := sorted({coin.symbol.partition("/")[2] for coin in self.coins})) > 1:
            yield Problem("coins", f"they are quoted in {' and '.join(quotes)}.", "Choose markets of one quote.")

    def coin(self, symbol: str) -> Coin | None:
        """The settings of this market's coin; None if it is not among them."""
        return next((coin for coin in self.coins if coin.symbol == symbol), None)

    @property
    def opening(self) -> Opening:
        """One deal for each coin, all at once, and no other."""
        return Opening(deals_at_once=len(self.coins), deals=len(self.coins))

    # What it needs

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that the owner brings in."""
        coin = self.coin(market.symbol)
        if coin is None or not coin.held:
            return NOTHING_CARRIED
        return Carried(amount=coin.held, cost=coin.held * price)

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote that is brought in. It is that of the whole portfolio: in the worst case one coin takes all of it."""
        del price, market
        return self.cash

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order for this coin while prices stay: all that is brought in, in or out of it."""
        return self.cash + self.given(price, market).amount * price

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        if self.coin(market.symbol) is None:
            yield Problem("coins", f"{market.symbol} is not among them.", "Add it with its weight.")
        # Below it a coin could be found too far away each time, and never be traded.
        least = max(market.min_notional, market.smallest * price)
        if self.smallest_trade < least:
            yield Problem(
                "smallest_trade",
                f"{self.smallest_trade} is below the smallest order of {market.symbol}.",
                f"Give at least {least} {market.quote}.",
            )
