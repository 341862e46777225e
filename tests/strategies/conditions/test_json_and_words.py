"""Conditions as JSON, and what the page says of them."""

import json
from dataclasses import fields
from decimal import Decimal as D

import numpy as np
import pytest

from strategies.conditions import (
    ASAP,
    KINDS,
    MACD,
    RSI,
    ULT,
    AverageCross,
    Conditions,
    MACDRule,
    ParabolicSAR,
    Price,
    Relation,
    Stream,
    from_json,
    next_words,
    to_json,
)
from strategies.settings import SettingsRefused
from tests.strategies.conditions.series import FACTS, MIDNIGHT, MINUTE, alone, candles, of_every_kind, rows, walk


def problems_of(values):
    with pytest.raises(SettingsRefused) as refused:
        from_json(values)
    return {problem.field: problem for problem in refused.value.problems}


def test_every_kind_goes_to_json_and_back():
    conditions = Conditions((*of_every_kind(15), *FACTS))
    assert {condition.kind for condition in conditions} == set(KINDS)
    assert from_json(json.loads(json.dumps(to_json(conditions)))) == conditions


def test_json_is_what_a_person_would_write():
    written = [{"kind": "rsi", "interval": 15, "period": 7, "relation": "below", "level": "30"}, {"kind": "asap"}]
    conditions = from_json(written)
    assert conditions.each == (RSI(interval=15, period=7, level=D(30), relation=Relation.BELOW), ASAP())
    assert to_json(conditions) == written
    assert from_json([{"kind": "bollinger", "interval": "5", "relation": "below", "level": 0.05}]).each[0].level == D(
        "0.05"
    )


def test_every_mistake_at_once_with_its_place():
    found = problems_of(
        [
            {"kind": "asap", "interval": 5},
            {"kind": "rsi", "interval": 7, "period": 1, "level": "many", "relation": "over"},
            {"kind": "rsi", "interval": 7, "level": 30, "relation": "above"},
            {"kind": "macd", "interval": 5, "fast": 30, "rule": "above_zero"},
            {"kind": "moon"},
            {},
            "rsi",
            {"kind": "cci", "interval": 5, "period": 2.5, "level": True},
        ]
    )
    assert set(found) == {
        "conditions[0].interval",
        "conditions[1].period",
        "conditions[1].level",
        "conditions[1].relation",
        "conditions[2].interval",
        "conditions[3].fast",
        "conditions[4].kind",
        "conditions[5].kind",
        "conditions[6]",
        "conditions[7].period",
        "conditions[7].level",
        "conditions[7].relation",
    }
    assert str(found["conditions[1].period"]) == "conditions[1].period: 1 is too small. Give at least 2."
    assert "1, 3, 5, 15" in found["conditions[2].interval"].remedy
    assert "crossing_up" in found["conditions[7].relation"].remedy
    assert all(problem.problem and problem.remedy for problem in found.values())


@pytest.mark.parametrize("values", [[], {}, "rsi", None, [{"kind": "asap"}] * 21])
def test_none_no_list_and_too_many_are_refused(values):
    assert set(problems_of(values)) == {"conditions"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "", "1e999999", None, float("nan"), [], "१e"])
def test_what_is_no_number_is_refused(number):
    assert set(problems_of([{"kind": "price", "interval": 1, "relation": "above", "level": number}])) == {
        "conditions[0].level"
    }


def test_settings_that_contradict_each_other_are_refused():
    for make in (
        lambda: MACD(interval=1, fast=26, slow=12, rule=MACDRule.ABOVE_ZERO),
        lambda: AverageCross(interval=1, fast=9, slow=9, relation=Relation.ABOVE),
        lambda: ULT(interval=1, short=14, middle=7, level=D(30), relation=Relation.BELOW),
        lambda: ParabolicSAR(interval=1, start=D("0.3"), relation=Relation.ABOVE),
        lambda: Price(interval=2, level=D(1), relation=Relation.ABOVE),
    ):
        with pytest.raises(SettingsRefused):
            make()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_explains_itself(kind):
    assert "hold" in KINDS[kind].__doc__.lower()
    for field in fields(KINDS[kind]):
        text = field.metadata["bounds"].help if "bounds" in field.metadata else field.metadata["help"]
        assert text.endswith("."), field.name


def test_the_page_says_what_must_be_what_is_and_when_it_looks_again():
    condition = RSI(interval=15, period=7, level=D(30), relation=Relation.BELOW)
    stream = Stream(alone(condition), 15 * MINUTE)
    market = walk(300, 3, start=MIDNIGHT - 241 * 15 * MINUTE, span=15 * MINUTE)
    for row in rows(market):
        stream.push(*row)
    now = stream.closed_at
    assert now == MIDNIGHT + (14 * 60 + 45) * MINUTE
    value = stream.readings()[0].value
    assert next_words(stream.conditions, stream, now + 5_000) == (
        f"RSI(7) on 15 min must be under 30; it is {value:.1f}{', so it holds' * (value < 30)}; next look at 15:00 UTC",
    )
    assert "its latest candle has not come yet" in next_words(stream.conditions, stream, now + 15 * MINUTE)[0]
    assert "next look at 1" in next_words(stream.conditions, stream, now, clock=str)[0]


def test_before_the_warmup_the_page_says_how_much_is_missing():
    conditions = alone(RSI(interval=15, period=7, level=D("30.5"), relation=Relation.CROSSING_UP))
    assert next_words(conditions, None, MIDNIGHT) == (
        "RSI(7) on 15 min must cross up through 30.5; not known before 258 candles, 0 seen; next look at 00:15 UTC",
    )


def test_the_words_of_every_kind_are_sentences():
    conditions = Conditions((*of_every_kind(60), *FACTS))
    stream = Stream(conditions)
    stream.prime(walk(400, 3, span=60 * MINUTE))
    for condition, words in zip(conditions, next_words(conditions, stream, stream.closed_at), strict=True):
        assert words.startswith(condition.words())
        assert "nan" not in words
        assert words.count("next look") == (condition not in FACTS)


def test_numbers_are_written_plainly():
    conditions = alone(Price(interval=1, level=D("0.00001230"), relation=Relation.ABOVE))
    stream = Stream(conditions)
    for row in rows(candles(np.array([0.0000125]))):
        stream.push(*row)
    assert next_words(conditions, stream, stream.closed_at) == (
        "The close on 1 min must be over 0.0000123; it is 0.0000125, so it holds; next look at 00:02 UTC",
    )
