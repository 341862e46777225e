"""When an account is read: about once a second, less often where a healthy stream would tell."""

import uuid

import pytest

from vault.service import schedule
from vault.service.schedule import Schedule
from vault.settings import VAULT

HERE = (uuid.uuid4(), "BTC/USDT")


@pytest.fixture
def calm():
    """An account that was read at 100 and found in order."""
    made = Schedule()
    made.reading(HERE, now=100.0)
    made.settled(HERE)
    return made


def due(plan, now, *, followed=0.0, slowness=1.0):
    return plan.due(HERE, now=now, slowness=slowness, followed=followed)


def test_an_account_in_order_with_a_healthy_stream_waits_longer(calm):
    assert not due(calm, 100 + VAULT.stream_poll_seconds - 0.1)
    assert due(calm, 100 + VAULT.stream_poll_seconds)


def test_without_a_healthy_stream_the_pace_is_the_usual_one_at_once(calm):
    assert not due(calm, 107.0)
    assert due(calm, 107.0, followed=None)


def test_a_stream_counts_from_the_first_reading_after_it_was_opened(calm):
    assert due(calm, 108.0, followed=101.0)
    assert due(calm, 100 + VAULT.poll_seconds, followed=100.5)


def test_an_account_that_is_not_in_order_is_read_at_the_usual_pace(calm):
    calm.reading(HERE, now=120.0)
    assert due(calm, 120 + VAULT.poll_seconds)


def test_after_something_happened_the_pace_is_the_usual_one_for_a_while(calm):
    calm.stirred(HERE, now=200.0)
    assert due(calm, 200.0)
    calm.reading(HERE, now=200.0)
    calm.settled(HERE)
    assert not due(calm, 200.0 + VAULT.poll_seconds / 2)
    assert due(calm, 200.0 + VAULT.poll_seconds)
    calm.reading(HERE, now=200 + schedule.SETTLING)
    calm.settled(HERE)
    assert not due(calm, 200 + schedule.SETTLING + VAULT.poll_seconds)


def test_an_account_that_is_stirred_while_it_is_read_is_read_again(calm):
    calm.reading(HERE, now=300.0)
    calm.stirred(HERE, now=300.01)
    calm.settled(HERE)
    assert due(calm, 300.02)


def test_an_exchange_that_loses_patience_is_asked_less(calm):
    assert not due(calm, 100 + VAULT.poll_seconds * 2, followed=None, slowness=3.0)
    assert due(calm, 100 + VAULT.poll_seconds * 3, followed=None, slowness=3.0)


def test_an_account_that_is_new_or_was_forgotten_is_due(calm):
    calm.keep([])
    assert due(calm, 100.0)
