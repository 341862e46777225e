"""The moments of a schedule: every hour, day, week or month, in UTC."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

_MINUTE = 60_000  # milliseconds
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_A_MONDAY = 4 * _DAY  # 5 January 1970
_MONTHS = 12
_FIRST_YEAR = 1970


class Every(StrEnum):
    """How often."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Moments are numbered through, with no beginning and no end, so that to count them is to subtract.

    `minute` of the hour, `hour` of the day, `weekday` from 1 (Monday) to 7, `day` of the month from 1; what is finer
    than `every` says is used, the rest is not.
    """

    every: Every
    minute: int
    hour: int
    weekday: int
    day: int

    def number(self, at: int) -> int:
        """The number of the last moment that is not after `at`, in milliseconds since 1970."""
        if self.every is Every.MONTH:
            then = datetime.fromtimestamp(at // 1000, UTC)
            number = (then.year - _FIRST_YEAR) * _MONTHS + then.month - 1
            return number if self.moment(number) <= at else number - 1
        return (at - self._offset) // self._length

    def moment(self, number: int) -> int:
        """When the moment with this number is, in milliseconds since 1970."""
        if self.every is not Every.MONTH:
            return number * self._length + self._offset
        year, month = _FIRST_YEAR + number // _MONTHS, number % _MONTHS + 1
        _, days = monthrange(year, month)
        then = datetime(year, month, min(self.day, days), self.hour, self.minute, tzinfo=UTC)
        return int(then.timestamp()) * 1000

    @property
    def _length(self) -> int:
        return {Every.HOUR: _HOUR, Every.DAY: _DAY, Every.WEEK: _WEEK}[self.every]

    @property
    def _offset(self) -> int:
        offset = self.minute * _MINUTE
        if self.every is not Every.HOUR:
            offset += self.hour * _HOUR
        if self.every is Every.WEEK:
            offset += _A_MONDAY + (self.weekday - 1) * _DAY
        return offset

    @property
    def in_a_year(self) -> int:
        """How many moments a year has at most."""
        return {Every.HOUR: 366 * 24, Every.DAY: 366, Every.WEEK: 53, Every.MONTH: _MONTHS}[self.every]
