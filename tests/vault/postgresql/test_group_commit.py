"""What waits at the same time is committed together, each as if it were alone."""

import json
import uuid

import pytest

from tests.support.processes import run

pytestmark = pytest.mark.xdist_group("postgresql")
# Five acts that wait while a sixth holds the thread: act 1 changes its mind, act 3 does what `spoil` says.
TOGETHER = """
import asyncio, json, sys, threading
import django
django.setup()
from django.db import connection
from vault import clock
from vault.kills.models import Flattening
from vault.messages.refusals import Code, Refused, Retry
from vault.service.database import opened

scope, spoil = sys.argv[1:]
held, gate = threading.Event(), threading.Event()

def hold():
    held.set()
    gate.wait()

def act(number):
    row = Flattening.objects.create(scope=scope, asked_at=clock.now(), done_at=clock.now(), left=str(number))
    if number == 1:
        raise Refused(Code.NOT_FOUND)
    if number == 3 and spoil == "twice":
        Flattening.objects.create(id=row.id, scope=scope, asked_at=clock.now())
    if number == 3 and spoil == "gone":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        return cursor.fetchone()[0]

async def main():
    database = opened()
    holds = asyncio.create_task(database.run(hold))
    await asyncio.to_thread(held.wait)
    acts = [asyncio.create_task(database.run(act, number)) for number in range(5)]
    await asyncio.sleep(0)
    gate.set()
    await holds
    told = [str(each.code) if isinstance(each, Refused | Retry) else each
            for each in await asyncio.gather(*acts, return_exceptions=True)]
    after = await database.run(lambda: sorted(Flattening.objects.filter(scope=scope).values_list("left", flat=True)))
    database.close()
    print(json.dumps([told, after]))

asyncio.run(main())
"""


def together(machine, spoil):
    """What each was told, and which of them are in the database afterwards."""
    env = {**machine.env, "DJANGO_SETTINGS_MODULE": "vault.settings"}
    return json.loads(run("-c", TOGETHER, f"bot:{uuid.uuid4()}", spoil, env=env))


def test_they_share_a_transaction_and_one_that_is_refused_leaves_nothing(machine):
    told, there = together(machine, "nothing")
    assert told[1] == "not_found"
    assert len({told[number] for number in (0, 2, 3, 4)}) == 1
    assert there == ["0", "2", "3", "4"]


def test_one_that_the_database_refuses_spoils_no_other(machine):
    told, there = together(machine, "twice")
    assert (told[1], told[3]) == ("not_found", "ledger_unavailable")
    assert len({told[number] for number in (0, 2, 4)}) == 3
    assert there == ["0", "2", "4"]


def test_when_the_connection_goes_nobody_is_told_that_it_was_done(machine):
    told, there = together(machine, "gone")
    assert told == ["ledger_unavailable"] * 5
    assert there == []
