"""With cash enough a drill has the fills of a backtest over the scenario's own candles."""

from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.candles import Candles
from strategies.backtest.drill import Running, Scenario, drill
from strategies.backtest.drill.scenario import Bar
from strategies.backtest.engine import run
from strategies.dca import DCA
from strategies.deal import Deal
from strategies.grid import Grid
from strategies.market import Market

HOUR = 3_600_000
PRICE = D(100)
MARKET = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.0001"), min_notional=D(5))


@st.composite
def scenarios(draw):
    factor = st.decimals("0.4", "1.3", places=3)
    bars, before = [], D(1)
    for _ in range(draw(st.integers(1, 12))):
        opened = draw(st.just(before) | factor)
        close, one, other = draw(factor), draw(factor), draw(factor)
        bars.append(Bar(opened, max(opened, close, one, other), min(opened, close, one, other), close))
        before = close
    return Scenario(name="drawn", title="", span=HOUR, candles=tuple(bars))


@st.composite
def bots(draw):
    if draw(st.booleans()):
        return Grid(
            lower=D(50),
            upper=draw(st.sampled_from([D(105), D(120)])),
            lines=draw(st.integers(2, 30)),
            quote_a_line=D(100),
        )
    return DCA(
        base_order=D(100),
        averaging_order=D(100),
        averaging_orders=draw(st.integers(0, 8)),
        step=draw(st.decimals("0.005", "0.05", places=3)),
        step_scale=draw(st.decimals("0.8", "1.2", places=2)),
        take_profit=draw(st.decimals("0.005", "0.3", places=3)),
        stop_loss=draw(st.none() | st.decimals("0.05", "0.5", places=2)),
    )


def whole(scenario):
    """The scenario's candles as they are, after one that stands still at the price before."""
    rows = [(D(1),) * 4] + [(bar.open, bar.high, bar.low, bar.close) for bar in scenario.candles]
    columns = [
        np.array([float(MARKET.price_down(PRICE * factor)) for factor in column]) for column in zip(*rows, strict=True)
    ]
    times = np.arange(len(rows), dtype=np.int64) * HOUR
    return Candles(
        opened_at=times,
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=np.ones(len(rows)),
        span=HOUR,
    )


@settings(max_examples=150, deadline=None)
@given(bot=bots(), scenario=scenarios())
def test_with_cash_enough_a_drill_has_the_fills_of_the_engine(bot, scenario):
    outcome = drill(
        [Running(name="one", strategy=bot, deal=Deal(market=MARKET, price=PRICE), price=PRICE)], D(10**9), scenario
    )
    ours = [(fill.side, fill.price, fill.amount, fill.order) for fill in outcome.deals[0].fills]
    expected = [
        (fill.side, fill.price, fill.amount, fill.order)
        for fill in run(bot, MARKET, whole(scenario)).fills
        if fill.deal == 1
    ]
    assert ours == expected
