from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.backtest.drill import SCENARIOS
from strategies.market import Market

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"))
EACH = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


@EACH
def test_every_candle_has_its_open_and_close_between_low_and_high(scenario):
    for bar in scenario.candles:
        assert bar.low <= min(bar.open, bar.close)
        assert bar.high >= max(bar.open, bar.close)


@EACH
def test_a_scenario_is_a_few_dozen_candles(scenario):
    assert 12 <= len(scenario.candles) <= 60


@EACH
def test_the_pieces_join_without_a_hole_but_for_gaps(scenario):
    before, time = D(1), -1
    for at, start, end in scenario.pieces():
        assert start == before or (scenario.name == "gap" and start == end == D("0.7"))
        assert abs(end / start - 1) < D("0.005")
        assert at > time
        before, time = end, at


@EACH
def test_the_pieces_reach_every_extreme(scenario):
    ends = {end for _, _, end in scenario.pieces()}
    assert {bar.low for bar in scenario.candles} <= ends
    assert {bar.high for bar in scenario.candles if bar.high != bar.open} <= ends


@pytest.mark.parametrize(
    ("name", "lowest"),
    [("corona", "0.480"), ("may", "0.700"), ("june", "0.585"), ("ftx", "0.735"), ("wick", "0.650")],
)
def test_each_falls_as_deep_as_its_title_says(name, lowest):
    assert SCENARIOS[name].lowest == D(lowest)


def test_the_gap_opens_thirty_percent_lower():
    (_, first, _), *_ = SCENARIOS["gap"].pieces()
    assert first == D("0.7")


def test_the_bleed_takes_a_month_to_half():
    bleed = SCENARIOS["bleed"]
    assert bleed.span * len(bleed.candles) == 30 * 86_400_000
    assert bleed.candles[-1].close == D("0.5")


def test_candles_stand_on_the_ticks_of_their_market():
    candles = SCENARIOS["corona"].of(D("63.41"), replace(MARKET, tick_size=D("0.05")), 1000)
    assert all(D(repr(price)) % D("0.05") == 0 for price in candles.low.tolist())
    assert candles.opened_at[0] == 1000
