"""What is written behind the newest row stays behind the newest row, whoever wrote it and whatever was taken back."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from vault.audit import chain
from vault.audit.models import Entry
from vault.audit.verify import verify
from vault.chained import Chained
from vault.ledger.models import Installation
from vault.statements import Table

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
ENTRIES = Table(Entry)


def entry(height, previous, said="x"):
    return ENTRIES.new(
        height=height, at=NOW, kind="k", subject="s", opens=None, body="{}", previous=previous, digest=f"{height}{said}"
    )


def taken_back(append, *args, **words):
    with transaction.atomic():
        append(*args, **words)
        transaction.set_rollback(True)


def links():
    return list(Entry.objects.order_by("height").values_list("height", "previous", "digest"))


class Asked:
    """Finds what comes next, and counts how often it was asked."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        newest = Entry.objects.order_by("-height").first()
        return (newest.height + 1, newest.digest) if newest else (1, "")


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def chained(asked):
    return Chained(ENTRIES, asked)


def test_the_newest_is_read_once(chained, asked):
    for _ in range(3):
        chained.append(entry)
    assert links() == [(1, "", "1x"), (2, "1x", "2x"), (3, "2x", "3x")]
    assert asked.times == 1


def test_a_row_that_was_taken_back_is_not_followed(chained):
    chained.append(entry)
    taken_back(chained.append, entry)
    chained.append(lambda height, previous: entry(height, previous, "y"))
    assert links() == [(1, "", "1x"), (2, "1x", "2y")]


def test_a_row_that_was_taken_back_and_written_anew_by_another_is_followed(chained):
    taken_back(chained.append, entry)
    Chained(ENTRIES, Asked()).append(lambda height, previous: entry(height, previous, "y"))
    chained.append(entry)
    assert links() == [(1, "", "1y"), (2, "1y", "2x")]


def test_what_another_process_wrote_is_followed(chained):
    chained.append(entry)
    Chained(ENTRIES, Asked()).append(entry)
    chained.append(entry)
    assert links() == [(1, "", "1x"), (2, "1x", "2x"), (3, "2x", "3x")]


def test_what_was_written_says_that_it_is_there(chained):
    chained.append(entry)
    assert not chained.append(entry)._state.adding


def test_what_a_number_has_to_be_besides_is_asked_each_time(asked):
    Installation.objects.create(key="k", first_event=1)
    chained = Chained(ENTRIES, asked, also='%s >= (SELECT "first_event" FROM "ledger_installation")')
    chained.append(entry)
    Installation.objects.update(first_event=100)
    chained.append(entry)
    assert asked.times == 2


def test_the_audit_verifies_after_a_transaction_was_taken_back():
    chain.append("k", "s", {"a": 1}, now=NOW)
    taken_back(chain.append, "k", "s", {"a": 2}, now=NOW)
    chain.append("k", "s", {"a": 3}, now=NOW)
    verdict = verify(map(chain.plain, Entry.objects.order_by("height")), [], {})
    assert (verdict.height, verdict.findings) == (2, [])
