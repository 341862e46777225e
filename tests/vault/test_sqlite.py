"""Transactions of a ledger in a file keep what Django promises of `atomic()`."""

import sqlite3

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from vault import clock, driver
from vault.kills.models import Flattening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[transaction.atomic, driver.alone], ids=["atomic", "alone"])
def beginning(request):
    """Both ways to begin one, on a connection that is there."""
    connection.ensure_connection()
    return request.param


def write(left):
    return Flattening.objects.create(scope="all", asked_at=clock.now(), left=left)


def written():
    return sorted(Flattening.objects.values_list("left", flat=True))


def fail(left, beginning):
    with beginning():
        write(left)
        raise ValueError("no")


def lose(left, beginning):
    """SQLite ends a transaction by itself when the disk is full, for one."""
    with beginning():
        write(left)
        connection.connection.rollback()


def test_what_is_raised_takes_everything_back(beginning):
    with pytest.raises(ValueError, match="no"):
        fail("a", beginning)
    assert written() == []


def test_what_is_raised_within_takes_back_what_was_within(beginning):
    with beginning():
        write("a")
        with pytest.raises(ValueError, match="no"):
            fail("b", transaction.atomic)
        with transaction.atomic():
            write("c")
    assert written() == ["a", "c"]


def test_what_has_to_be_taken_back_is_not_committed(beginning):
    with beginning():
        write("a")
        transaction.set_rollback(True)
    write("b")
    assert written() == ["b"]


def test_nothing_is_in_the_file_before_it_is_committed(beginning):
    with beginning():
        write("a")
        reader = sqlite3.connect(connection.settings_dict["NAME"], uri=True)
        assert reader.execute("SELECT count(*) FROM kills_flattening").fetchone() == (0,)
    assert reader.execute("SELECT count(*) FROM kills_flattening").fetchone() == (1,)
    reader.close()


def test_it_has_the_file_for_itself_from_its_beginning(beginning):
    other = sqlite3.connect(connection.settings_dict["NAME"], uri=True, timeout=0, isolation_level=None)
    with beginning(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.rollback()
    other.close()


def test_one_that_is_gone_is_not_called_committed(beginning):
    with pytest.raises(OperationalError, match="no transaction"):
        lose("a", beginning)
    write("b")
    assert written() == ["b"]


def test_an_error_of_the_driver_is_djangos(beginning):
    row = write("a")
    with pytest.raises(IntegrityError), beginning():
        Flattening.objects.create(id=row.id, scope="all", asked_at=clock.now())
    assert written() == ["a"]


def test_what_is_for_afterwards_is_done_after_the_commit(beginning):
    told = []
    with beginning():
        transaction.on_commit(lambda: told.append(connection.connection.in_transaction))
        assert told == []
    assert told == [False]


def test_what_is_for_afterwards_is_not_done_after_all_was_taken_back(beginning):
    told = []
    with beginning():
        transaction.on_commit(lambda: told.append("committed"))
        transaction.set_rollback(True)
    write("b")
    assert told == []


def test_one_that_cannot_begin_leaves_nothing_behind(beginning):
    connection.connection.execute("PRAGMA busy_timeout=0")
    other = sqlite3.connect(connection.settings_dict["NAME"], uri=True, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), beginning():
        pass
    other.rollback()
    other.close()
    with beginning():
        write("a")
    assert written() == ["a"]


def test_a_connection_that_is_closed_within_commits_nothing_and_is_made_anew(beginning):
    with beginning():
        write("a")
        connection.close()
    write("b")
    assert written() == ["b"]


@transaction.atomic
def all_of_it(beginning):
    with beginning():
        write("a")
    fail("b", beginning)


def test_within_another_one_it_is_a_part_of_that(beginning):
    with pytest.raises(ValueError, match="no"):
        all_of_it(beginning)
    assert written() == []


def test_without_a_connection_one_is_made(beginning):
    connection.close()
    with beginning():
        write("a")
    assert written() == ["a"]
