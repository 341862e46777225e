"""A portfolio's fills by the run that jumps and by a plain walk over every open."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import Pair
from strategies.backtest.portfolio import run_portfolio
from strategies.market import Market
from strategies.rebalance import Coin, Drift, Rebalance
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.rebalance.walker import PortfolioWalk

SYMBOLS = ["A/USDT", "B/USDT", "C/USDT"]


@st.composite
def bots(draw):
    parts = draw(st.lists(st.integers(1, 30), min_size=1, max_size=3))
    every = draw(st.none() | st.integers(1, 200))
    drift = draw(st.decimals("0.005", "0.3", places=3) if every is None else st.none())
    return Rebalance(
        coins=tuple(
            Coin(symbol=symbol, weight=D(part) / 100, held=draw(st.sampled_from([D(0), D(1), D("7.5")])))
            for symbol, part in zip(SYMBOLS, parts, strict=False)
        ),
        cash=draw(st.sampled_from([D(100), D(1000), D(20000)])),
        every=every,
        drift=drift,
        measured=draw(st.sampled_from(Drift)),
        smallest_trade=draw(st.sampled_from([D(5), D(10), D(50)])),
        spare=draw(st.sampled_from([D(0), D("0.002"), D("0.05")])),
    )


@settings(max_examples=500, deadline=None)
@given(
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 400),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    late=st.integers(0, 50),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
)
def test_a_portfolio_has_the_fills_of_the_walker(bot, seed, bars, wild, late, lot):
    pairs, columns = [], []
    for place, coin in enumerate(bot.coins):
        market = Market(symbol=coin.symbol, tick_size=D("0.01"), lot_size=D(lot), min_notional=D(5))
        candles = series(seed + place, bars, wild, 0.05)
        # Each market begins a little later than the one before.
        times = place * min(late, bars // 4) * 60_000 + np.arange(bars, dtype=np.int64) * 60_000
        pairs.append(Pair(market, replace(candles, opened_at=times)))
        columns.append({at: D(repr(price)) for at, price in zip(times.tolist(), candles.open.tolist(), strict=True)})
    found = [
        (fill.at, fill.market, fill.side, fill.price, fill.amount)
        for result in run_portfolio(bot, pairs)
        for fill in result.fills
    ]
    expected = PortfolioWalk(bot, [pair.market for pair in pairs], columns).run()
    by_market = [fill for coin in bot.coins for fill in expected if fill[1] == coin.symbol]
    assert found == by_market
