"""One run with everything that is said about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from strategies.backtest.candles import Candles
from strategies.backtest.report.bands import Bands
from strategies.backtest.report.books import books
from strategies.backtest.report.curves import Curves, curves
from strategies.backtest.report.metrics import Metrics, metrics
from strategies.backtest.result import Result
from strategies.market import Market

ALWAYS_SAID = (
    "Survivorship: this market is still there. Bots tried only on such markets look better than they would have been.",
    "The last candle was dropped if it was not finished.",
    "Within a candle the order of its high and low is assumed, so the depth of a fall is measured at closes.",
)
ON_TOP = (
    "This bot sells coins that it was given and buys them back. Its profit is what it made on top of keeping them: "
    "what the coins themselves gain or lose counts neither as its profit nor as its loss."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run, its figures and curves. `title` and `settings` (name, value) say what ran; `bands` is optional.

    `notes` are what whoever ran it has to say.
    """

    result: Result
    candles: Candles
    market: Market
    metrics: Metrics
    curves: Curves
    title: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    bands: Bands | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        result: Result,
        candles: Candles,
        market: Market,
        capital: Decimal,
        *,
        title: str = "",
        settings: tuple[tuple[str, str], ...] = (),
        bands: Bands | None = None,
    ) -> Report:
        """The report of a run that began with `capital` in quote. Raises ValueError as `metrics` does."""
        totals = books(result, market)
        drawn = curves(result, candles, market, capital, totals=totals)
        figures = metrics(result, candles, market, capital, totals=totals, drawn=drawn)
        return cls(
            result=result,
            candles=candles,
            market=market,
            metrics=figures,
            curves=drawn,
            title=title or f"Backtest of {result.market}",
            settings=settings,
            bands=bands,
        )

    @property
    def parts(self) -> tuple[Report, ...]:
        """A report for each market: this one."""
        return (self,)

    @property
    def quote(self) -> str:
        return self.market.quote

    @property
    def warnings(self) -> list[str]:
        """What is wrong with this run: what the engine said, and what the books show."""
        return [
            *self.result.warnings,
            *too_little(self.metrics, self.quote, short=self.result.short),
            *self.of_the_data,
            *self.notes,
        ]

    @property
    def of_the_data(self) -> list[str]:
        """What the candles do not tell."""
        figures, found = self.metrics, []
        if figures.other_fees:
            paid = ", ".join(f"{amount.normalize():f} {asset}" for asset, amount in figures.other_fees.items())
            found.append(
                f"Fees of {paid} were paid in assets that these candles do not price; no profit includes them."
            )
        missing = (figures.ended_at - figures.started_at) // self.candles.span - figures.candles
        if missing > 0:
            gone = "1 candle is" if missing == 1 else f"{missing:,} candles are"
            found.append(f"{gone} missing from the data; nothing happens there.")
        return found

    @property
    def remarks(self) -> list[str]:
        """What the reader has to know."""
        return [*self.warnings, *self.always]

    @property
    def always(self) -> list[str]:
        """What has to be known of every such run."""
        return [*of_shorts(self.result), *ALWAYS_SAID]


def too_little(figures: Metrics, quote: str, *, short: bool) -> list[str]:
    """That the capital could not have paid for the fills, or that a short had to pay more than it had got."""
    needed = f"{figures.least_capital:.2f} {quote}"
    if short and figures.least_capital:
        what = (
            f"Buying back took up to {needed} more than the sales had brought. Have it on the account beside the coins."
        )
        return [what]
    if figures.least_capital <= figures.capital:
        return []
    what = f"The fills needed {needed}, more than the capital: the bot could not have traded like this."
    return [f"{what} Give it more, or make its orders smaller."]


def of_shorts(result: Result) -> list[str]:
    """How the figures of a short are meant."""
    return [ON_TOP] if result.short else []
