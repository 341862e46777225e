from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.recurring import Every, Schedule


def ms(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


def schedule(every, **more):
    return Schedule(**{"every": every, "minute": 30, "hour": 12, "weekday": 3, "day": 31, **more})


def next_after(when, *at):
    return when.moment(when.number(ms(*at)) + 1)


@pytest.mark.parametrize(
    ("every", "at", "then"),
    [
        (Every.HOUR, (2024, 2, 28, 23, 45), (2024, 2, 29, 0, 30)),
        (Every.DAY, (2024, 2, 28, 12, 30), (2024, 2, 29, 12, 30)),
        (Every.DAY, (2024, 2, 28, 12, 29), (2024, 2, 28, 12, 30)),
        (Every.WEEK, (2026, 11, 22), (2026, 11, 25, 12, 30)),
        (Every.MONTH, (2026, 1, 31, 12, 30), (2026, 2, 28, 12, 30)),
        (Every.MONTH, (2024, 2, 1), (2024, 2, 29, 12, 30)),
        (Every.MONTH, (2026, 12, 31, 13), (2027, 1, 31, 12, 30)),
    ],
)
def test_the_next_moment(every, at, then):
    assert next_after(schedule(every), *at) == ms(*then)


def test_a_month_with_fewer_days_does_not_move_the_day_of_the_next():
    assert next_after(schedule(Every.MONTH), 2026, 2, 28, 13) == ms(2026, 3, 31, 12, 30)


@given(
    every=st.sampled_from(Every),
    at=st.integers(0, ms(2100, 1, 1)),
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    day=st.integers(1, 31),
)
def test_a_moment_is_the_last_that_is_not_after(every, at, minute, hour, weekday, day):
    when = Schedule(every=every, minute=minute, hour=hour, weekday=weekday, day=day)
    number = when.number(at)
    assert when.moment(number) <= at < when.moment(number + 1)


@given(
    every=st.sampled_from(Every),
    number=st.integers(-20, 1500),
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    day=st.integers(1, 31),
)
def test_each_moment_is_as_the_settings_say(every, number, minute, hour, weekday, day):
    when = Schedule(every=every, minute=minute, hour=hour, weekday=weekday, day=day)
    then = datetime.fromtimestamp(when.moment(number) // 1000, UTC)
    assert then.minute == minute
    assert every is Every.HOUR or then.hour == hour
    assert every is not Every.WEEK or then.isoweekday() == weekday
    assert every is not Every.MONTH or then.day == day or (then.day < day and (then + timedelta(days=1)).day == 1)
