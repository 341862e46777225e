"""Each kind against TA-Lib called directly and against small examples reckoned by hand."""

from decimal import Decimal as D

import numpy as np
import pytest
import talib

from strategies.conditions import (
    ASAP,
    CCI,
    MACD,
    MFI,
    QFL,
    RSI,
    ULT,
    Average,
    AverageCross,
    Bollinger,
    Colour,
    HeikinAshi,
    MACDRule,
    Manual,
    ParabolicSAR,
    Price,
    PriceAverage,
    Relation,
    Signal,
    holds_after,
)
from strategies.conditions.tape import Bars, BatchTape
from tests.strategies.conditions.series import MIDNIGHT, MINUTE, alone, candles, walk

ABOVE, BELOW, UP, DOWN = Relation.ABOVE, Relation.BELOW, Relation.CROSSING_UP, Relation.CROSSING_DOWN
MARKET = walk(1500, 8)


def look(condition, market=MARKET):
    bars = Bars(open=market.open, high=market.high, low=market.low, close=market.close, volume=market.volume)
    return condition.look(BatchTape(bars))


def after(condition, market=MARKET):
    return holds_after(alone(condition), market)


def warmed(condition, expected):
    """What a test expects, but nothing before the warm-up."""
    return expected & (np.arange(len(expected)) >= condition.warmup - 1)


def crossed(value, level, relation):
    """In plain words: on one side now, not on it one candle ago."""
    side = np.sign(value - level) if relation is UP else np.sign(level - value)
    found = np.zeros(len(value), dtype=bool)
    for i in range(1, len(value)):
        found[i] = side[i] > 0 and side[i - 1] <= 0
    return found


M = MARKET
VALUES = [
    (RSI, {"period": 7, "level": D(30)}, talib.RSI(M.close, 7), 30),
    (Bollinger, {"level": D("0.1")}, None, 0.1),
    (MFI, {"level": D(40)}, talib.MFI(M.high, M.low, M.close, M.volume, 14), 40),
    (CCI, {"level": D(-100)}, talib.CCI(M.high, M.low, M.close, 20), -100),
    (ULT, {"level": D(45)}, talib.ULTOSC(M.high, M.low, M.close, 7, 14, 28), 45),
    (Price, {"level": D(100)}, M.close, 100),
    (PriceAverage, {"period": 50, "average": Average.EMA}, M.close, talib.EMA(M.close, 50)),
    (PriceAverage, {"period": 50}, M.close, talib.SMA(M.close, 50)),
    (AverageCross, {"fast": 5, "slow": 20}, talib.SMA(M.close, 5), talib.SMA(M.close, 20)),
    (AverageCross, {"fast": 5, "slow": 20, "average": Average.EMA}, talib.EMA(M.close, 5), talib.EMA(M.close, 20)),
    (ParabolicSAR, {}, M.close, talib.SAR(M.high, M.low, 0.02, 0.2)),
]


@pytest.mark.parametrize(("kind", "settings", "value", "level"), VALUES)
def test_it_holds_where_talib_says(kind, settings, value, level):
    if kind is Bollinger:
        upper, _, lower = talib.BBANDS(M.close, 20, 2, 2)
        value = (M.close - lower) / (upper - lower)
    for relation in Relation:
        condition = kind(interval=1, relation=relation, **settings)
        plain = {ABOVE: value > level, BELOW: value < level}
        expected = plain[relation] if relation in plain else crossed(value, level, relation)
        assert (after(condition) == warmed(condition, expected)).all(), relation
        assert warmed(condition, expected).any(), relation


def test_macd_crosses_its_signal_and_zero():
    line, signal, _ = talib.MACD(M.close, 12, 26, 9)
    for rule, expected in {
        MACDRule.CROSSES_SIGNAL_UP: crossed(line, signal, UP),
        MACDRule.CROSSES_SIGNAL_DOWN: crossed(line, signal, DOWN),
        MACDRule.ABOVE_ZERO: line > 0,
        MACDRule.BELOW_ZERO: line < 0,
    }.items():
        condition = MACD(interval=1, rule=rule)
        assert (after(condition) == warmed(condition, expected)).all(), rule
        assert warmed(condition, expected).any(), rule


def test_rsi_by_hand():
    # Rises 1 and 3, falls 2: means over 3 candles are 4/3 and 2/3, RSI is 100 x 4 / (4 + 2).
    value = look(RSI(interval=1, period=3, level=D(30), relation=BELOW), candles([10, 11, 9, 12])).value
    assert value[3] == pytest.approx(200 / 3)


def test_percent_b_by_hand():
    # Mean 2, deviation 1 around 1 and 3: with 2 deviations the bands stand at 0 and 4, and 3 is three quarters up.
    condition = Bollinger(interval=1, period=2, deviations=D(2), level=D("0.75"), relation=ABOVE)
    found = look(condition, candles([1, 3]))
    assert found.value[1] == pytest.approx(0.75)
    assert not found.holds[1], "equal is not above"


def test_mfi_by_hand_and_of_a_small_market():
    # Typical prices 10, 11, 10; flows +11 x 3 and -10 x 2: 100 x 33 / 53.
    volume = np.array([1, 3, 2])
    condition = MFI(interval=1, period=2, level=D(20), relation=BELOW)
    assert look(condition, candles([10, 11, 10], high=[10, 11, 10], low=[10, 11, 10], volume=volume)).value[
        2
    ] == pytest.approx(100 * 33 / 53)
    tiny = candles([10, 11, 10], high=[10, 11, 10], low=[10, 11, 10], volume=volume * 1e-9)
    assert look(condition, tiny).value[2] == pytest.approx(100 * 33 / 53)


def test_bands_of_a_price_that_stands_still_have_no_place():
    chance = np.random.default_rng(0)
    for _ in range(400):  # TA-Lib's running sums leave some of these bands a rounding error apart
        price, period = round(10 ** chance.uniform(-6, 6), 8), int(chance.integers(2, 60))
        moved = price * np.exp(np.cumsum(chance.normal(0, 10 ** chance.uniform(-6, 0.5), 100)))
        market = candles(np.r_[moved, np.full(period + 20, price)])
        assert np.isnan(
            look(Bollinger(interval=1, period=period, level=D(0), relation=BELOW), market).value[-20:]
        ).all()


def test_cci_by_hand():
    # Typical prices 1, 2, 3: mean 2, mean distance 2/3; (3 - 2) / (0.015 x 2/3) = 100.
    value = look(
        CCI(interval=1, period=3, level=D(0), relation=ABOVE), candles([1, 2, 3], high=[1, 2, 3], low=[1, 2, 3])
    ).value
    assert value[2] == pytest.approx(100)


def test_ult_by_hand():
    # Each close at the top of its range: all pressure is buying.
    market = candles(np.arange(1.0, 41), opened=np.arange(40.0))
    assert look(ULT(interval=1, level=D(30), relation=BELOW), market).value[-1] == pytest.approx(100)


def test_a_moving_average_by_hand():
    condition = PriceAverage(interval=1, period=2, relation=UP)
    #        means: 4.5 3.5 3.5 5.5
    assert look(condition, candles([5, 4, 3, 4, 7])).holds.tolist() == [False, False, False, True, False]


def test_parabolic_sar_flips_at_a_reversal():
    close = np.r_[np.arange(100.0, 400), np.arange(399.0, 200, -1)]
    market = candles(close, high=close + 1, low=close - 1)
    flips = np.flatnonzero(after(ParabolicSAR(interval=1, relation=DOWN), market))
    assert len(flips) == 1
    assert 300 < flips[0] < 320
    assert not after(ParabolicSAR(interval=1, relation=UP), market).any()
    below = after(ParabolicSAR(interval=1, relation=BELOW), market)
    assert below[flips[0] :].all()


def test_parabolic_sar_with_its_own_increment_is_that_of_talib():
    condition = ParabolicSAR(interval=1, start=D("0.01"), increment=D("0.03"), maximum=D("0.1"), relation=ABOVE)
    other = ParabolicSAR(interval=1, start=D("0.02"), increment=D("0.02"), maximum=D("0.2"), relation=ABOVE)
    assert np.array_equal(look(other).value, talib.SAR(M.high, M.low, 0.02, 0.2), equal_nan=True)
    assert not np.array_equal(look(condition).value, look(other).value, equal_nan=True)


def test_heikin_ashi_by_the_book():
    opened, closed = (M.open[0] + M.close[0]) / 2, None
    green, row = [], 0
    for o, h, l, c in zip(M.open, M.high, M.low, M.close, strict=True):  # noqa: E741 - a candle
        opened = opened if closed is None else (opened + closed) / 2
        closed = (o + h + l + c) / 4
        row = row + 1 if closed > opened else 0
        green.append(row >= 3)
    condition = HeikinAshi(interval=1, candles=3, colour=Colour.GREEN)
    assert (after(condition) == warmed(condition, np.array(green))).all()
    assert warmed(condition, np.array(green)).any()


def test_heikin_ashi_of_one_colour():
    rising = candles(np.arange(1.0, 300), opened=np.arange(299.0))
    assert after(HeikinAshi(interval=1, candles=5, colour=Colour.GREEN), rising)[-1]
    assert not after(HeikinAshi(interval=1, candles=5, colour=Colour.RED), rising).any()


def test_qfl_as_its_docstring_says():
    low = [104, 103, 102, 100, 101, 103, 104, 96, 95, 95, 94, 96, 99]
    close = [104, 103, 102, 101, 102, 104, 94, 95.01, 95, 94, 95, 96, 99]
    market = candles(close, low=low, high=np.array(low) + 5)
    found = np.flatnonzero(after(QFL(interval=1, period=3, drop=D("0.05")), market)).tolist()
    assert found == [6, 8, 9, 10], "known at the close of candle 6; 95.01 is not far enough"


def test_a_base_is_forgotten():
    low = [4, 3, 1, 3, 4, *[4] * 30]
    close = [*low[:5], *[0.5] * 30]
    market = candles(close, low=np.linspace(1, 0.4, 35) * 0 + low, high=[5] * 35)
    market.low[5:] = np.linspace(0.5, 0.1, 30)  # falls for ever: no new base
    found = np.flatnonzero(after(QFL(interval=1, period=2, drop=D("0.1"), memory=10), market))
    assert found.tolist() == list(range(5, 15)), "known at candle 4, for ten more"


def test_price_crosses_at_a_close_and_holds_for_one_candle():
    close = [99, 100, 101, 102, 100, 101, 99]
    assert np.flatnonzero(after(Price(interval=1, level=D(100), relation=UP), candles(close))).tolist() == [2, 5]
    assert np.flatnonzero(after(Price(interval=1, level=D(100), relation=DOWN), candles(close))).tolist() == [6]
    assert np.flatnonzero(after(Price(interval=1, level=D(100), relation=BELOW), candles(close))).tolist() == [0, 6]
    high = candles([99, 99, 99], high=[99, 200, 99])
    assert not after(Price(interval=1, level=D(100), relation=ABOVE), high).any(), "a wick is no close"


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("price", [0.1, 0.3, 1.1, 30_000.1])
def test_a_market_that_stands_still_starts_nothing(relation, price):
    moved = walk(600, 2, price=price)
    still = candles(np.r_[moved.close, np.full(600, price)])
    for market in (candles(np.full(700, price)), still):
        tail = slice(-100, None)
        assert not after(RSI(interval=1, period=3, level=D(50), relation=relation), market)[tail].any()
        assert not after(Bollinger(interval=1, level=D("0.5"), relation=relation), market)[tail].any()
        assert not after(MFI(interval=1, level=D(50), relation=relation), market)[tail].any()
        assert not after(CCI(interval=1, level=D(50), relation=relation), market)[tail].any()
        assert not after(ULT(interval=1, level=D(50), relation=relation), market)[tail].any()
        assert not after(AverageCross(interval=1, fast=3, slow=7, relation=relation), market)[tail].any()
        assert not after(PriceAverage(interval=1, period=7, relation=relation), market)[tail].any()
    for rule in MACDRule:
        assert not after(MACD(interval=1, rule=rule), candles(np.full(700, price))).any()


def test_asap_always_manual_never():
    assert after(ASAP()).all()
    assert not after(Manual()).any()


def test_a_signal_counts_for_as_long_as_it_says():
    market = candles([1] * 8)
    signals = [MIDNIGHT + 2 * MINUTE + 5_000]
    for lasts, expected in {1: [2], 3: [2, 3, 4]}.items():
        found = holds_after(alone(Signal(lasts=lasts)), market, signals)
        assert np.flatnonzero(found).tolist() == expected


def test_a_signal_is_seen_at_one_close_even_of_long_candles():
    market = candles([1] * 4, span=15 * MINUTE)
    found = holds_after(alone(Signal(lasts=1)), market, [MIDNIGHT + 16 * MINUTE])
    assert np.flatnonzero(found).tolist() == [1]
