"""Transactions of a ledger in a file keep what Django promises of `atomic()`."""

import sqlite3

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from vault import clock
from vault.kills.models import Flattening

pytestmark = pytest.mark.django_db(transaction=True)


def write(left):
    return Flattening.objects.create(scope="all", asked_at=clock.now(), left=left)


def written():
    return sorted(Flattening.objects.values_list("left", flat=True))


@transaction.atomic
def fail(left):
    write(left)
    raise ValueError("no")


@transaction.atomic
def lose(left):
    """SQLite ends a transaction by itself when the disk is full, for one."""
    write(left)
    connection.connection.rollback()


def test_what_is_raised_takes_everything_back():
    with pytest.raises(ValueError, match="no"):
        fail("a")
    assert written() == []


def test_what_is_raised_within_takes_back_what_was_within():
    with transaction.atomic():
        write("a")
        with pytest.raises(ValueError, match="no"):
            fail("b")
        with transaction.atomic():
            write("c")
    assert written() == ["a", "c"]


def test_nothing_is_in_the_file_before_it_is_committed():
    with transaction.atomic():
        write("a")
        reader = sqlite3.connect(connection.settings_dict["NAME"], uri=True)
        assert reader.execute("SELECT count(*) FROM kills_flattening").fetchone() == (0,)
    assert reader.execute("SELECT count(*) FROM kills_flattening").fetchone() == (1,)
    reader.close()


def test_it_has_the_file_for_itself_from_its_beginning():
    other = sqlite3.connect(connection.settings_dict["NAME"], uri=True, timeout=0, isolation_level=None)
    with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.rollback()
    other.close()


def test_one_that_is_gone_is_not_called_committed():
    with pytest.raises(OperationalError, match="no transaction"):
        lose("a")
    write("b")
    assert written() == ["b"]


def test_an_error_of_the_driver_is_djangos():
    row = write("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Flattening.objects.create(id=row.id, scope="all", asked_at=clock.now())
    assert written() == ["a"]


def test_what_is_for_afterwards_is_done_after_the_commit():
    told = []
    with transaction.atomic():
        transaction.on_commit(lambda: told.append(connection.connection.in_transaction))
        assert told == []
    assert told == [False]
