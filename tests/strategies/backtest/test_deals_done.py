"""What a run says of its deals."""

from decimal import Decimal as D

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, Options
from strategies.dca import DCA, Direction
from strategies.exits import Step
from strategies.grid import Grid, Spacing
from strategies.market import Market
from strategies.smart import Entry, SmartTrade
from tests.strategies.backtest.report.conftest import BEGIN, DAY, candles

FREE = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.01"), maker_fee=D(0), taker_fee=D(0))
TOUCH = Options(fill=FillRule.TOUCH)
SHORT = DCA(
    direction=Direction.SHORT,
    base_order=D(100),
    averaging_order=D(110),
    averaging_orders=1,
    step=D("0.1"),
    take_profit=D("0.05"),
)


def test_the_most_in_a_grid_is_not_all_that_it_has_ever_bought():
    grid = Grid(lower=D(90), upper=D(110), lines=3, spacing=Spacing.ARITHMETIC, base_a_line=D(1))
    found = run(grid, FREE, candles([100, 90, 100, 90, 100, 90, 110]), TOUCH)
    (deal,) = found.deals
    assert [fill.side for fill in found.fills] == ["buy", "buy", "sell", "buy", "sell", "buy", "sell", "sell"]
    assert deal.invested == 100 + 90


def test_coins_that_a_grid_was_given_are_in_it():
    grid = Grid(lower=D(90), upper=D(110), lines=3, spacing=Spacing.ARITHMETIC, base_a_line=D(1), coins_held=D(1))
    found = run(grid, FREE, candles([100, 100]), TOUCH)
    assert found.fills == []
    assert (found.deals[0].invested, found.deals[0].held, found.deals[0].cost_of_held) == (100, 1, 100)


def test_an_open_short_owes_what_it_sold_and_has_got_the_price_for_it():
    found = run(SHORT, FREE, candles([100, 100, 110]), TOUCH)
    (deal,) = found.deals
    assert (deal.invested, deal.realised) == (D(210), 0)
    assert (deal.held, deal.cost_of_held) == (D(-2), D(-210))
    assert found.short


def test_a_short_that_is_over_owes_nothing():
    found = run(SHORT, FREE, candles([100, 90]), TOUCH)
    first = found.deals[0]
    assert (first.ending, first.held, first.cost_of_held, first.realised) == ("take profit", 0, 0, D(5))


def test_a_deal_is_entered_when_it_first_trades():
    trade = SmartTrade(
        entry=Entry.CONDITIONAL, trigger=D(90), base_amount=D(1), take_profit=(Step(profit=D("0.1"), share=D(1)),)
    )
    (waiting,) = run(trade, FREE, candles([100, 95]), TOUCH).deals
    (entered,) = run(trade, FREE, candles([100, 95, 85, 95]), TOUCH).deals
    assert (waiting.opened_at, waiting.entered_at, waiting.counts) == (BEGIN, None, False)
    assert (entered.opened_at, entered.entered_at, entered.counts) == (BEGIN, BEGIN + 2 * DAY, True)
