"""The window of a lease's sequence numbers: each is good once, in any order, and none that is too old."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vault.messages.refusals import Code, Refused
from vault.tokens import leases
from vault.tokens.leases import WINDOW, mark_used
from vault.tokens.models import EnrolledKey, Lease


def accepts(lease, number):
    try:
        mark_used(lease, number)
    except Refused as why:
        return why.code is not Code.PROOF_REPLAYED
    # what the columns can hold
    assert 0 <= lease.seen < 2**63
    assert 0 <= lease.highest_sequence < 2**63
    return True


NEAR = st.integers(1, 200)
FAR = st.integers(1, 2**62)


@given(st.lists(NEAR | FAR, max_size=100))
@example([1, WINDOW, WINDOW + 1, 1, 2])
@example([2**62, 2**62, 2**62 - WINDOW + 1, 2**62 - WINDOW])
def test_a_number_is_good_once_and_only_within_the_window(numbers):
    lease, used, highest = Lease(), set(), 0
    for number in numbers:
        good = number not in used and number > highest - WINDOW
        assert accepts(lease, number) == good, (number, highest)
        if good:
            used.add(number)
            highest = max(highest, number)


@given(st.permutations(range(1, WINDOW + 1)))
def test_numbers_within_the_window_come_in_any_order(numbers):
    lease = Lease()
    assert all(accepts(lease, number) for number in numbers)
    assert not any(accepts(lease, number) for number in numbers)


@pytest.fixture
def holders(db):
    now = datetime.now(UTC)
    return [EnrolledKey.objects.create(id=name, kind="runner", public="p", enrolled_at=now) for name in "ab"]


def test_a_fence_never_falls_and_a_new_lease_counts_anew(holders):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    fences = []
    for turn in range(5):
        now = start + timedelta(seconds=20 * turn)
        lease = leases.take("s", holders[turn % 2], "k", now=now, until=now + timedelta(seconds=10))
        mark_used(lease, 1)
        fences.append(lease.fence)
    assert fences == [1, 2, 3, 4, 5]


def test_a_lease_ends_at_its_very_moment(holders):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    until = now + timedelta(seconds=10)
    leases.take("s", holders[0], "k", now=now, until=until)
    assert leases.live("s", 1, now=until - timedelta(microseconds=1)).fence == 1
    with pytest.raises(Refused) as caught:
        leases.live("s", 1, now=until)
    assert caught.value.code is Code.LEASE_EXPIRED
    assert leases.take("s", holders[1], "k", now=until, until=until).fence == 2


def test_a_lease_is_one_holders(holders):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    leases.take("s", holders[0], "k", now=now, until=now + timedelta(seconds=10))
    with pytest.raises(Refused) as caught:
        leases.live("s", 1, now=now, holder="b")
    assert caught.value.code is Code.LEASE_HELD
