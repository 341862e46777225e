"""What the report calls profit is what the fills did to the purse, to the last digit; and the deals say the same.

Coins that a deal was given count as bought, at what they were worth then; those that a short sells are lent to it.
"""

from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, Options
from strategies.backtest.report import metrics
from strategies.dca import DCA, Direction
from strategies.market import Market
from strategies.orders import Side
from strategies.twap import TWAP
from tests.strategies.backtest.report.conftest import candles
from tests.strategies.backtest.test_engine_equals_walker import bots, series
from tests.strategies.grid.settings import MARKET as GRID_MARKET
from tests.strategies.grid.settings import grids
from tests.strategies.smart.test_smart_equals_walker import trades
from tests.strategies.twap.test_twap_equals_walker import bots as twaps

CAPITAL = D(5000)
ROUNDED = D("1e-15")  # of deals, which divide; the books of fills only add and multiply


def market(lot, fee):
    return Market(
        symbol="X/USDT",
        tick_size=D("0.01"),
        lot_size=D(lot),
        min_notional=D(5),
        maker_fee=D(fee),
        taker_fee=D(fee),
    )


def purse(fills):
    """Quote and coins that came in, less those that went out, as exact fractions."""
    quote = coins = Fraction(0)
    for fill in fills:
        amount, price, fee = Fraction(fill.amount), Fraction(fill.price), Fraction(fill.fee)
        sign = 1 if fill.side == "buy" else -1
        quote -= sign * amount * price
        coins += sign * amount
        if fill.fee_asset == "USDT":
            quote -= fee
        else:
            coins -= fee
    return quote, coins


def check(bot, where, made, options):
    found = run(bot, where, made, options)
    figures = metrics(found, made, where, CAPITAL)
    quote, coins = purse([*found.given, *found.fills])
    close = Fraction(D(repr(float(made.close[-1]))))
    assert Fraction(figures.profit) == quote + coins * close
    assert Fraction(figures.equity) == Fraction(CAPITAL) + Fraction(figures.profit)
    assert Fraction(figures.held) == coins
    # A long deal hands what it leaves to the next one; a short is over with what it owes.
    counted = found.deals if bot.opens_with is Side.SELL else found.deals[-1:]
    cost = Fraction(sum((deal.cost_of_held for deal in counted), D(0)))
    assert abs(Fraction(figures.realised) - cost - quote) < ROUNDED
    assert abs(Fraction(figures.open_profit) - (coins * close - cost)) < ROUNDED
    assert sum((deal.held for deal in counted), D(0)) == figures.held
    return found


@settings(max_examples=200, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 500),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    fill=st.sampled_from(FillRule),
    slippage=st.sampled_from(["0", "0.002"]),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
)
def test_the_profit_of_a_dca_is_what_its_fills_left_in_the_purse(bot, seed, bars, wild, fill, slippage, lot, fee):
    check(bot, market(lot, fee), series(seed, bars, wild, 0.05), Options(fill=fill, slippage=D(slippage)))


@settings(max_examples=200, deadline=None)
@given(
    grid=grids(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 300),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    fill=st.sampled_from(FillRule),
)
def test_the_profit_of_a_grid_is_what_its_fills_left_in_the_purse(grid, seed, bars, wild, fill):
    made = series(seed, bars, wild, 0.05)
    assume(not any(grid.problems(D(repr(float(made.open[0]))), GRID_MARKET)))
    check(grid, GRID_MARKET, made, Options(fill=fill))


@settings(max_examples=200, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 500),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    fill=st.sampled_from(FillRule),
    slippage=st.sampled_from(["0", "0.002"]),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
)
def test_the_profit_of_a_short_is_what_its_fills_left_in_the_purse(bot, seed, bars, wild, fill, slippage, lot, fee):
    short = replace(bot, direction=Direction.SHORT)
    found = check(short, market(lot, fee), series(seed, bars, wild, 0.05), Options(fill=fill, slippage=D(slippage)))
    assert found.given == []


@settings(max_examples=200, deadline=None)
@given(
    trade=trades(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 300),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
)
def test_the_profit_of_a_smart_trade_is_what_its_fills_left_in_the_purse(trade, seed, bars, wild, fee):
    check(trade, market("0.01", fee), series(seed, bars, wild, 0.05), Options())


@settings(max_examples=100, deadline=None)
@given(bot=twaps(), seed=st.integers(0, 2**32), bars=st.integers(1, 300), wild=st.sampled_from([0.002, 0.01, 0.03]))
def test_the_profit_of_a_twap_is_what_its_fills_left_in_the_purse(bot, seed, bars, wild):
    check(bot, market("0.01", "0.001"), series(seed, bars, wild, 0.05), Options())


def test_coins_that_were_given_and_are_still_there_gain_with_the_price():
    days, free = candles([100, 100, 150]), market("0.01", "0")
    found = run(TWAP(side=Side.SELL, base=D(2), slices=2, duration=10 * 86_400), free, days)
    figures = metrics(found, days, free, D(200))
    assert [(each.amount, each.price) for each in found.given] == [(D(2), D(100))]
    assert (figures.profit, figures.realised, figures.open_profit, figures.held) == (D(50), D(0), D(50), D(1))


def test_a_long_run_of_many_deals_loses_not_a_digit_either():
    bot = DCA(
        base_order=D("33.3"),
        averaging_order=D("47.1"),
        averaging_orders=4,
        step=D("0.007"),
        take_profit=D("0.0061"),
        stop_loss=D("0.06"),
    )
    found = check(bot, market("0.01", "0.001"), series(11, 20_000, 0.002, 0.02), Options())
    assert len(found.deals) > 100
