"""Both evaluators, on markets that break careless code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.conditions import Average, Conditions, MACDRule, Relation, Stream, answers, holds_after
from strategies.conditions.intervals import aggregate
from strategies.conditions.tape import Bars, BatchTape, StreamTape
from tests.strategies.conditions.series import FACTS, MINUTE, alone, candles, nasty, of_every_kind, rows, streamed, walk

MARKETS = dict(nasty())
EVERY = (
    *of_every_kind(1, Relation.BELOW),
    *of_every_kind(1, Relation.CROSSING_UP, MACDRule.CROSSES_SIGNAL_DOWN, Average.SMA),
    *of_every_kind(1, Relation.ABOVE, MACDRule.ABOVE_ZERO),
    *of_every_kind(1, Relation.CROSSING_DOWN, MACDRule.BELOW_ZERO, Average.SMA),
)


def bits(values):
    return np.asarray(values, dtype=np.float64).view(np.int64)


@pytest.mark.parametrize("name", MARKETS)
def test_every_formula_gives_the_same_bits(name):
    market = MARKETS[name]
    bars = Bars(open=market.open, high=market.high, low=market.low, close=market.close, volume=market.volume)
    conditions = EVERY[:12]
    tapes = [StreamTape() for _ in conditions]
    values = np.empty((len(conditions), len(market)))
    holds = np.empty((len(conditions), len(market)), dtype=np.bool_)
    for i, (_, *row) in enumerate(rows(market)):
        one = Bars(**{n: np.array([v]) for n, v in zip(("open", "high", "low", "close", "volume"), row, strict=True)})
        for k, (condition, tape) in enumerate(zip(conditions, tapes, strict=True)):
            tape.feed(one)
            look = condition.look(tape)
            values[k, i], holds[k, i] = look.value[0], look.holds[0]
    for k, condition in enumerate(conditions):
        look = condition.look(BatchTape(bars))
        unknown = np.isnan(look.value) & np.isnan(values[k])
        assert ((bits(look.value) == bits(values[k])) | unknown).all(), condition.kind
        assert (look.holds == holds[k]).all(), condition.kind


@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("relation", Relation)
def test_answers_agree_on_every_market(name, relation):
    market = MARKETS[name]
    rule = list(MACDRule)[list(Relation).index(relation)]
    conditions = of_every_kind(3, relation, rule)
    for condition, answer in zip(conditions, answers(Conditions(conditions), market), strict=True):
        assert (answer == streamed(alone(condition), market)).all(), condition


@pytest.mark.parametrize("interval", [1, 3, 5, 15, 30, 60])
def test_answers_agree_on_every_interval(interval):
    market = walk(320 * interval + 11, 3) if interval < 30 else walk(60 * interval, 3)
    conditions = Conditions((*of_every_kind(interval, Relation.ABOVE), *FACTS))
    signals = market.opened_at[::37] + 1234
    every = answers(conditions, market, signals)
    for condition, answer in zip(conditions, every, strict=True):
        assert (answer == streamed(alone(condition), market, signals)).all(), condition
    if interval < 30:
        silent = [c.kind for c, answer in zip(conditions, every, strict=True) if not answer.any()]
        assert silent == ["manual"], "every other kind held at least once, so that this test says something"


def test_the_long_intervals_agree_too():
    market = walk(4000, 3, span=15 * MINUTE)
    for interval in (120, 240, 360, 720, 1440):
        for condition in of_every_kind(interval, Relation.ABOVE):
            assert (holds_after(alone(condition), market) == streamed(alone(condition), market)).all(), condition


minutes = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([0.1, 0.3, 1.0, 1.1, 7.0, 1e7]), st.sampled_from([0.0, 0.1, 3.0])),
    min_size=1,
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(minutes, st.sampled_from([1, 3, 5, 15]), st.sampled_from(list(Relation)), st.integers(0, 20))
def test_they_agree_on_any_gaps_and_prices(steps, interval, relation, offset):
    waits, prices, volumes = (np.array(column) for column in zip(*steps, strict=True))
    market = candles(prices, opened=np.roll(prices, 1), volume=volumes)
    market.opened_at[:] = market.opened_at[0] + (offset + np.cumsum(waits)) * MINUTE
    signals = market.opened_at[::5] + 90_000
    conditions = Conditions((*of_every_kind(interval, relation, average=Average.SMA), *FACTS))
    for condition, answer in zip(conditions, answers(conditions, market, signals), strict=True):
        assert (answer == streamed(alone(condition), market, signals)).all(), condition


@settings(max_examples=60, deadline=None)
@given(minutes, st.sampled_from([3, 5, 15, 60]), st.integers(0, 60))
def test_a_longer_candle_is_made_of_the_same_bits(steps, interval, offset):
    waits, prices, volumes = (np.array(column) for column in zip(*steps, strict=True))
    market = candles(prices, opened=np.roll(prices, 1), volume=volumes)
    market.opened_at[:] = market.opened_at[0] + (offset + np.cumsum(waits)) * MINUTE
    closed = aggregate(market, interval * MINUTE)
    stream = Stream(alone(of_every_kind(interval)[0]))
    seen = []
    stream._watched[0].close = lambda ended_at, bar: seen.append((ended_at, bar))
    for row in rows(market):
        stream.push(*row)
    assert [ended_at for ended_at, _ in seen] == closed.ends.tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert [float(getattr(bar, name)[0]) for _, bar in seen] == getattr(closed.bars, name).tolist()


def test_a_stream_keeps_no_more_after_a_week_than_after_a_day():
    def kept(stream):
        slots = [slot for watched in stream._watched.values() for slot in watched._tape._slots]
        sizes = [len(slot) if hasattr(slot, "__len__") else len(getattr(slot, "_history", ())) for slot in slots]
        return [*sizes, len(stream._signals)]

    stream = Stream(Conditions((*of_every_kind(1), *FACTS)))
    week = list(rows(walk(4000)))
    for row in week[:1440]:
        stream.signal(row[0] + 1)
        stream.push(*row)
    after_a_day = kept(stream)
    for row in week[1440:]:
        stream.signal(row[0] + 1)
        stream.signal(row[0] + 2)
        stream.push(*row)
    assert kept(stream) == after_a_day
