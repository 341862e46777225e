"""What happens up to a bar is the same whatever comes after it: nobody looks ahead."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.candles import Candles
from strategies.backtest.engine import Pair, run, run_pairs
from strategies.backtest.portfolio import run_portfolio
from strategies.conditions import from_json
from tests.strategies.backtest.test_engine_equals_walker import bots, series
from tests.strategies.grid.settings import MARKET, grids
from tests.strategies.rebalance.test_rebalance_equals_walker import bots as portfolios
from tests.strategies.smart.test_smart_equals_walker import trades

CONDITIONS = from_json([{"kind": "rsi", "interval": 1, "period": 2, "relation": "below", "level": "45"}])
COLUMNS = ("open", "high", "low", "close", "volume")
WILD = st.sampled_from([0.002, 0.01])


def with_other_future(candles, bar, seed):
    """The same candles up to a bar, and others from there on."""
    other = series(seed, len(candles), 0.02, 0.3)
    known = {name: np.concatenate((getattr(candles, name)[:bar], getattr(other, name)[bar:])) for name in COLUMNS}
    return Candles(opened_at=candles.opened_at, span=candles.span, **known)


def before(fills, bar):
    return [(each.at, each.side, each.price, each.amount, each.order, each.deal) for each in fills if each.bar < bar]


def check(bot, market, seed, bars, share, wild):
    made = series(seed, bars, wild, 0.05)
    bar = 1 + int(share * (bars - 1))
    fills = run(bot, market, made).fills
    assert before(run(bot, market, with_other_future(made, bar, seed + 1)).fills, bar) == before(fills, bar)
    assert before(run(bot, market, made.between(0, bar)).fills, bar) == before(fills, bar)


@settings(max_examples=150, deadline=None)
@given(bot=bots(), seed=st.integers(0, 2**31), bars=st.integers(280, 900), share=st.floats(0, 1), wild=WILD)
def test_a_dca_that_starts_on_a_condition_does_not_know_the_future(bot, seed, bars, share, wild):
    check(replace(bot, start_conditions=CONDITIONS, trailing=D("0.004")), MARKET, seed, bars, share, wild)


@settings(max_examples=100, deadline=None)
@given(bot=grids(), seed=st.integers(0, 2**31), bars=st.integers(2, 300), share=st.floats(0, 1), wild=WILD)
def test_a_grid_does_not_know_the_future(bot, seed, bars, share, wild):
    check(bot, MARKET, seed, bars, share, wild)


@settings(max_examples=100, deadline=None)
@given(bot=trades(), seed=st.integers(0, 2**31), bars=st.integers(2, 300), share=st.floats(0, 1), wild=WILD)
def test_a_smart_trade_does_not_know_the_future(bot, seed, bars, share, wild):
    check(bot, MARKET, seed, bars, share, wild)


def several(count, seed, bars, wild):
    markets = [replace(MARKET, symbol=symbol) for symbol in ("A/USDT", "B/USDT", "C/USDT")[:count]]
    return markets, [series(seed + place, bars, wild, 0.05) for place in range(count)]


def check_several(go, markets, every, bar, seed):
    known, other = (
        go([Pair(market, made) for market, made in zip(markets, candles, strict=True)])
        for candles in (every, [with_other_future(made, bar, seed + 7 + n) for n, made in enumerate(every)])
    )
    assert [before(result.fills, bar) for result in other] == [before(result.fills, bar) for result in known]


@settings(max_examples=60, deadline=None)
@given(bot=bots(), slots=st.integers(1, 3), seed=st.integers(0, 2**31), share=st.floats(0, 1), wild=WILD)
def test_a_bot_on_several_markets_does_not_know_the_future_of_any(bot, slots, seed, share, wild):
    markets, every = several(3, seed, 200, wild)
    bot = replace(bot, deals_at_once=slots)
    check_several(lambda pairs: run_pairs(bot, pairs), markets, every, 1 + int(share * 199), seed)


@settings(max_examples=60, deadline=None)
@given(bot=portfolios(), seed=st.integers(0, 2**31), share=st.floats(0, 1), wild=WILD)
def test_a_portfolio_does_not_know_the_future_of_any_coin(bot, seed, share, wild):
    markets, every = several(len(bot.coins), seed, 200, wild)
    check_several(lambda pairs: run_portfolio(bot, pairs), markets, every, 1 + int(share * 199), seed)
