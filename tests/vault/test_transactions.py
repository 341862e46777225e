"""Transactions of a ledger in a file: on the loop, together with what waits at the same time, each as if it were alone."""

import asyncio
import contextlib
import sqlite3

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connection, transaction

from vault import clock
from vault.kills.models import Flattening
from vault.messages.refusals import Code, Refused, Retry
from vault.service.database import LARGEST_GROUP, OnTheLoop, opened

pytestmark = pytest.mark.django_db(transaction=True)


def write(number):
    return Flattening.objects.create(scope="all", asked_at=clock.now(), left=str(number)).left


def refuse(number):
    write(number)
    raise Refused(Code.NOT_FOUND)


def clash(number):
    row = Flattening.objects.get(left=write(number))
    Flattening.objects.create(id=row.id, scope="all", asked_at=clock.now())


def written():
    return sorted(Flattening.objects.values_list("left", flat=True))


@contextlib.contextmanager
def commits():
    """The commits that come, as a list that grows."""
    seen = []
    connection.ensure_connection()
    connection.connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    try:
        yield seen
    finally:
        connection.connection.set_trace_callback(None)


def together(*asked):
    """What each act was told, all asked for at once; what it raised in place of an answer."""

    async def ask():
        database = opened()
        return await asyncio.gather(*(database.run(act, number) for act, number in asked), return_exceptions=True)

    return asyncio.run(ask())


def test_a_file_is_written_on_the_loop():
    assert isinstance(opened(), OnTheLoop)


def test_what_waits_at_the_same_time_is_committed_at_once():
    with commits() as seen:
        assert together((write, 1), (write, 2), (write, 3)) == ["1", "2", "3"]
    assert len(seen) == 1


def requests(count, acts):
    """What so many requests were told that are under way at once; `acts` of each, one after the other."""

    async def one(database, all_of_them, number):
        database.begin()
        try:
            await all_of_them.wait()
            return [await database.run(act, f"{number}{turn}") for turn, act in enumerate(acts)]
        finally:
            database.end()

    async def story():
        database, all_of_them = opened(), asyncio.Barrier(count)
        told = (one(database, all_of_them, number) for number in range(count))
        return await asyncio.gather(*told, return_exceptions=True)

    return asyncio.run(story())


def test_requests_at_the_same_time_share_their_commits():
    with commits() as seen:
        requests(3, [write, write])
    assert (len(seen), len(written())) == (2, 6)


def test_a_request_that_is_alone_does_not_wait_for_the_loop():
    turns = []

    async def story():
        database = opened()
        database.begin()
        asyncio.get_running_loop().call_soon(turns.append, "turned")
        await database.run(write, 1)
        seen = list(turns)
        database.end()
        await database.run(write, 2)
        return seen, list(turns)

    assert asyncio.run(story()) == ([], ["turned"])


def test_a_request_that_is_alone_is_refused_and_committed_as_any_other():
    (told,) = requests(1, [write, refuse])
    assert (told.code, written()) == (Code.NOT_FOUND, ["00"])


def test_what_is_done_beside_the_only_request_does_not_go_before_what_waits():
    async def story():
        database, order = opened(), []
        loop = asyncio.get_running_loop()
        waits = loop.create_task(database.run(lambda: order.append("beside") or write("beside")))
        await asyncio.sleep(0)  # it waits for the coming turn now
        database.begin()
        await database.run(lambda: order.append("request") or write("request"))
        database.end()
        await waits
        return order

    assert asyncio.run(story()) == ["beside", "request"]


def test_one_that_is_refused_leaves_nothing_and_spoils_no_other():
    told = together((write, 1), (refuse, 2), (write, 3))
    assert told[1].code is Code.NOT_FOUND
    assert written() == ["1", "3"]


def test_one_that_the_database_refuses_spoils_no_other():
    told = together((write, 1), (clash, 2), (write, 3))
    assert (type(told[1]), told[1].code) == (Retry, Code.LEDGER_UNAVAILABLE)
    assert written() == ["1", "3"]


def test_more_than_fit_one_commit_are_all_done():
    many = 2 * LARGEST_GROUP + 1
    with commits() as seen:
        together(*((write, number) for number in range(many)))
    assert (len(written()), len(seen)) == (many, 3)


def test_a_refusal_that_is_a_decision_is_kept():
    async def decide():
        with pytest.raises(Refused):
            await opened().decide(refuse, 1)

    asyncio.run(decide())
    assert written() == ["1"]


def test_a_look_sees_what_was_committed_and_waits_for_nothing_else():
    async def look():
        database = opened()
        before = asyncio.create_task(database.run(write, 1))
        await before
        waiting = asyncio.create_task(database.run(write, 2))
        await asyncio.sleep(0)  # it has asked, and has to wait for its turn
        seen = await database.look(written)
        await waiting
        return seen

    assert asyncio.run(look()) == ["1"]


def test_what_its_asker_does_not_wait_for_any_more_is_done_all_the_same():
    async def hang_up():
        database = opened()
        asked = asyncio.create_task(database.run(write, 1))
        await asyncio.sleep(0)
        asked.cancel()
        return await database.run(written)

    assert asyncio.run(hang_up()) == ["1"]


def test_nothing_else_on_the_loop_may_touch_the_database():
    async def touch():
        await opened().run(write, 1)
        with pytest.raises(SynchronousOnlyOperation):
            written()

    asyncio.run(touch())


def test_a_transaction_that_something_else_on_the_loop_begins_is_refused_and_none_is_left_open():
    def begin():
        with transaction.atomic():
            pass

    async def touch():
        database = opened()
        await database.run(write, 1)
        with pytest.raises(SynchronousOnlyOperation):
            begin()
        await database.run(write, 2)

    asyncio.run(touch())
    assert written() == ["1", "2"]


def untouched_after(*meanwhile):
    """Whether the ledger is as an act left it, once these were done."""

    async def ask():
        database = opened()
        mark = await database.run(lambda: (write(1), database.mark())[1])
        for each in meanwhile:
            await each(database)
        return await database.look(lambda: database.untouched(mark))

    return asyncio.run(ask())


async def _nothing(_):
    pass


async def _an_act(database):
    await database.run(write, 2)


async def _an_act_that_fails(database):
    with contextlib.suppress(Refused):
        await database.run(refuse, 2)


async def _a_look(database):
    await database.look(written)


async def _another_process(_):
    other = sqlite3.connect(connection.settings_dict["NAME"], uri=True)
    with other:
        other.execute("UPDATE kills_flattening SET left = '7'")
    other.close()


@pytest.mark.parametrize("meanwhile", [_nothing, _a_look])
def test_a_ledger_that_nobody_wrote_is_as_it_was(meanwhile):
    assert untouched_after(meanwhile)


@pytest.mark.parametrize("meanwhile", [_an_act, _an_act_that_fails, _another_process])
def test_a_ledger_that_somebody_wrote_is_not_as_it_was(meanwhile):
    assert not untouched_after(meanwhile)


def followed_after(*meanwhile, beside=()):
    """Whether an act finds the ledger as another one left it, once these were done."""

    async def ask():
        database = opened()
        mark = await database.run(lambda: (write(1), database.mark())[1])
        for each in meanwhile:
            await each(database)
        acts = [*(database.run(each) for each in beside), database.run(lambda: database.follows(mark))]
        return (await asyncio.gather(*acts, return_exceptions=True))[-1]

    return asyncio.run(ask())


@pytest.mark.parametrize("meanwhile", [_nothing, _a_look])
def test_an_act_follows_another_one_when_nobody_wrote_in_between(meanwhile):
    assert followed_after(meanwhile)


@pytest.mark.parametrize("meanwhile", [_an_act, _an_act_that_fails, _another_process])
def test_an_act_does_not_follow_another_one_when_somebody_wrote_in_between(meanwhile):
    assert not followed_after(meanwhile)


def test_an_act_that_is_committed_behind_another_one_does_not_follow_what_was_before_both():
    assert not followed_after(beside=[lambda: write(2)])


def test_an_act_that_is_done_again_follows_nothing():
    times = []

    async def ask():
        database = opened()
        mark = await database.run(lambda: (write(1), database.mark())[1])

        def act():
            times.append(database.follows(mark))

        def spoils():
            if len(times) == 1:
                raise DatabaseError

        await asyncio.gather(database.run(act), database.run(spoils))
        return times

    assert asyncio.run(ask()) == [True, False]


def test_no_act_follows_a_ledger_without_a_mark():
    async def ask():
        database = opened()
        return await database.run(lambda: database.follows(None))

    assert not asyncio.run(ask())


def test_what_is_committed_with_an_act_comes_after_it():
    async def ask():
        database = opened()
        marked = database.run(lambda: (write(1), database.mark())[1])
        mark, _ = await asyncio.gather(marked, database.run(write, 2))
        return await database.look(lambda: database.untouched(mark))

    assert not asyncio.run(ask())


def test_a_ledger_without_a_mark_is_never_as_it_was():
    async def ask():
        database = opened()
        return await database.look(lambda: database.untouched(None))

    assert not asyncio.run(ask())
