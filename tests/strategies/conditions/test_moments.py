"""When an answer comes, how long it is valid, and that it never knows what comes later."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.conditions import (
    INTERVALS,
    RSI,
    Average,
    AverageCross,
    Conditions,
    Price,
    Relation,
    Signal,
    Stream,
    answers,
    holds_after,
)
from strategies.conditions.intervals import aggregate
from strategies.settings import SettingsRefused
from tests.strategies.conditions.series import (
    DAY,
    FACTS,
    MIDNIGHT,
    MINUTE,
    alone,
    candles,
    holed,
    of_every_kind,
    pick,
    rows,
    streamed,
    walk,
)

OVER_100 = Price(interval=5, level=D(100), relation=Relation.ABOVE)


def held(condition, market):
    """The minutes after whose close it holds."""
    found = holds_after(alone(condition), market)
    assert (found == streamed(alone(condition), market)).all()
    return ((market.opened_at[found] - MIDNIGHT) // MINUTE).tolist()


def test_an_answer_comes_with_the_close_and_is_valid_until_the_next():
    market = candles([1, 1, 1, 1, 200, *[1] * 10])
    assert held(OVER_100, market) == [4, 5, 6, 7, 8]


def test_the_unfinished_last_candle_is_not_seen():
    market = candles([1, 1, 1, 1, 1, 200, 200, 200, 200])
    assert held(OVER_100, market) == []
    assert held(OVER_100, candles([1, 1, 1, 1, 1, 200, 200, 200, 200, 200])) == [9]


def test_a_candle_without_its_last_minute_is_complete_when_a_later_one_exists():
    market = pick(candles([1, 1, 1, 200, 1, 1, 1, 1, 1, 1]), np.array([0, 1, 2, 3, 5, 6, 7, 8, 9]))
    assert held(OVER_100, market) == [5, 6, 7, 8]


def test_a_candle_is_built_from_what_is_there():
    market = walk(30, 4)
    some = pick(market, np.array([1, 3, 7, 10, 11, 12, 14, 25, 29]))
    closed = aggregate(some, 5 * MINUTE)
    assert (closed.ends - MIDNIGHT).tolist() == [minute * MINUTE for minute in (5, 10, 15, 30)]
    assert closed.ready.tolist() == [2, 3, 6, 8], "the first two are complete when a later candle exists"
    assert closed.bars.open.tolist() == market.open[[1, 7, 10, 25]].tolist()
    assert closed.bars.close.tolist() == market.close[[3, 7, 14, 29]].tolist()
    assert closed.bars.high[0] == max(market.high[1], market.high[3])
    assert closed.bars.low[2] == min(market.low[[10, 11, 12, 14]])
    assert closed.bars.volume[0] == market.volume[1] + market.volume[3]


def test_an_answer_ends_when_the_next_candle_should_have_closed():
    market = pick(candles([1, 1, 1, 1, 200, *[1] * 15]), np.array([0, 1, 2, 3, 4, 12, 13, 14, 15]))
    assert held(OVER_100, market) == [4], "minutes 5 to 11 are missing, and with them the next candle"


def test_between_candles_an_answer_ends_as_well():
    stream = Stream(alone(OVER_100))
    for row in rows(candles([1, 1, 1, 1, 200])):
        stream.push(*row)
    assert stream.holds_at(MIDNIGHT + 9 * MINUTE)
    assert not stream.holds_at(MIDNIGHT + 10 * MINUTE)


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_follow_the_calendar_of_utc(interval):
    market = walk(2 * 1440, start=MIDNIGHT + 37 * MINUTE)
    ends = aggregate(market, interval * MINUTE).ends
    assert (ends % (interval * MINUTE) == 0).all()
    assert (np.diff(ends) == interval * MINUTE).all()
    assert 1440 % interval == 0
    assert any(ends % DAY == 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(300, 899), st.sampled_from([1, 3, 15]), st.booleans(), st.integers(0, 3))
def test_nothing_later_changes_an_answer(cut, interval, gaps, seed):
    market, other = walk(900, 20), walk(900, 30 + seed, price=70.0)
    mixed = replace(
        market,
        **{
            name: np.r_[getattr(market, name)[:cut], getattr(other, name)[cut:]]
            for name in ("open", "high", "low", "close", "volume")
        },
    )
    if gaps:
        market, mixed = holed(market, seed), holed(mixed, seed)
        cut = int(np.searchsorted(market.opened_at, MIDNIGHT + cut * MINUTE))
    conditions = Conditions((*of_every_kind(interval, Relation.ABOVE, average=Average.SMA), *FACTS))
    short = pick(market, slice(0, cut))
    for one, two, three in zip(*(answers(conditions, each) for each in (market, mixed, short)), strict=True):
        assert (one[:cut] == two[:cut]).all()
        assert (one[:cut] == three).all()


def test_all_must_hold_at_the_same_moment():
    market = walk(9000, 2)
    some = (
        RSI(interval=15, period=7, level=D(50), relation=Relation.BELOW),
        Price(interval=1, level=D(str(np.median(market.close))), relation=Relation.ABOVE),
        AverageCross(interval=3, fast=4, slow=9, relation=Relation.ABOVE),
        Signal(lasts=60),
    )
    every = [holds_after(alone(condition), market, market.opened_at[::90]) for condition in some]
    together = holds_after(Conditions(some), market, market.opened_at[::90])
    assert (together == np.logical_and.reduce(every)).all()
    assert together.any()
    assert (together == streamed(Conditions(some), market, market.opened_at[::90])).all()


@pytest.mark.parametrize("condition", of_every_kind(1, Relation.ABOVE))
def test_nothing_holds_before_it_is_warmed_up(condition):
    market = walk(condition.warmup + 300, 4)
    first = np.flatnonzero(holds_after(alone(condition), market))[0]
    assert first >= condition.warmup - 1
    stream = Stream(alone(condition))
    for row in list(rows(market))[: condition.warmup - 1]:
        assert not stream.push(*row)


@pytest.mark.parametrize("kind", ["rsi", "macd", "parabolic_sar", "heikin_ashi", "average_cross", "price_average"])
def test_recursive_indicators_have_250_candles_to_settle(kind):
    (condition,) = [each for each in of_every_kind(1) if each.kind == kind]
    assert condition.warmup >= 250
    market = walk(3000, 9)
    late = pick(market, slice(1000, None))
    full, cut = holds_after(alone(condition), market)[1000:], holds_after(alone(condition), late)
    settled = slice(condition.warmup, None)
    assert (full[settled] == cut[settled]).all(), "where its history began is forgotten"


@pytest.mark.parametrize("condition", of_every_kind(1, Relation.CROSSING_UP, average=Average.SMA))
def test_a_value_is_there_as_soon_as_the_warmup_says(condition):
    stream = Stream(alone(condition))
    for row in list(rows(walk(condition.warmup, 4))):
        stream.push(*row)
    assert stream.readings()[0].value is not None or condition.kind == "qfl"


def test_a_primed_stream_answers_as_if_it_had_always_looked():
    market = walk(6000, 3)
    conditions = Conditions(
        (*of_every_kind(3, Relation.ABOVE), Price(interval=15, level=D(1), relation=Relation.ABOVE))
    )
    assert conditions.history()[15] == 1
    need = max(minutes * count for minutes, count in conditions.history().items())
    begin = 5000 // 15 * 15
    for condition in conditions:
        stream = Stream(alone(condition))
        stream.prime(pick(market, slice(begin - need - 15, begin)))
        found = [stream.push(*row) for row in rows(pick(market, slice(begin, None)))]
        assert found == holds_after(alone(condition), market)[begin:].tolist(), condition


def test_a_condition_on_days_is_primed_with_days():
    minutes = walk(6 * 1440, 3)
    closed = aggregate(minutes, DAY)
    days = candles(closed.bars.close[:5], opened=closed.bars.open[:5], span=DAY)
    both = Conditions(
        (
            AverageCross(interval=1440, fast=2, slow=4, relation=Relation.ABOVE),
            Price(interval=1, level=D(1), relation=Relation.ABOVE),
        )
    )
    stream = Stream(both)
    stream.prime(days)
    assert [reading.candles for reading in stream.readings()] == [5, 0], "days say nothing of minutes"
    stream.prime(pick(minutes, slice(4 * 1440, 5 * 1440)))
    assert [reading.candles for reading in stream.readings()] == [5, 1440], "no day is counted twice"
    found = [stream.push(*row) for row in rows(pick(minutes, slice(5 * 1440, None)))]
    assert found == holds_after(both, minutes)[5 * 1440 :].tolist()


def test_candles_that_cannot_be_are_refused():
    conditions, good = alone(OVER_100), candles([1, 2, 3])
    for bad in (
        replace(good, opened_at=good.opened_at[::-1]),
        replace(good, opened_at=good.opened_at + 1),
        replace(good, close=np.array([1, np.nan, 3])),
    ):
        with pytest.raises(ValueError, match=r"[Cc]andle"):
            holds_after(conditions, bad)
        with pytest.raises(ValueError, match=r"[Cc]andle"):
            streamed(conditions, bad)
    stream = Stream(conditions)
    stream.push(*next(rows(good)))
    with pytest.raises(ValueError, match="not later"):
        stream.push(*next(rows(good)))


def test_an_interval_that_the_candles_cannot_make_is_refused():
    with pytest.raises(SettingsRefused) as refused:
        holds_after(alone(OVER_100), candles([1], span=3 * MINUTE))
    assert [problem.field for problem in refused.value.problems] == ["conditions[0].interval"]
    with pytest.raises(SettingsRefused):
        Stream(alone(OVER_100), 15 * MINUTE)


def test_no_candles_no_answers():
    nothing = pick(candles([1]), slice(0, 0))
    for interval in (1, 15):
        for condition in (*of_every_kind(interval), *FACTS):
            assert holds_after(alone(condition), nothing).tolist() == []
            assert len(holds_after(alone(condition), candles([1.0]))) == 1
