"""The demo, as `make run` makes it: a real vault, a real paper exchange, the real feed."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from tests.support.processes import ROOT, run, start, stop, wait_until


@pytest.fixture
def place(machine):
    """The machine with a migrated platform and its feed."""
    run("manage.py", "migrate", "--noinput", env=machine.env)
    feed = start("manage.py", "feed", env=machine.env, log=machine.folder / "feed.log")
    try:
        wait_until((machine.run_folder / "ticks.sock").exists, what="the feed")
        yield machine
    finally:
        stop(feed)


def demo(place):
    return subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env={**os.environ, **place.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def rows(place, query):
    with closing(sqlite3.connect(place.folder / "platform/db.sqlite3")) as database:
        return database.execute(query).fetchall()


def write(place, statement):
    with closing(sqlite3.connect(place.folder / "platform/db.sqlite3")) as database, database:
        database.execute(statement)


def signs_in(place):
    """Whether what the file says lets one in."""
    lines = dict(line.split() for line in (place.folder / "sign-in.txt").read_text().splitlines())
    name, password = lines["user"], lines["password"]
    asked = (
        "from botplatform.accounts.models import User;"
        f"print(User.objects.get(username={name!r}).check_password({password!r}))"
    )
    return run("manage.py", "shell", "--no-imports", "-c", asked, env=place.env).strip() == "True"


def test_it_makes_a_bot_that_runs_and_completes_what_is_missing(place):
    file = place.folder / "sign-in.txt"
    done = demo(place)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().split()[-1] not in done.stdout + done.stderr
    assert rows(place, "select name, enabled, grant_version from bots_bot") == [("Demo DCA", 1, 1)]
    assert is_complete(place)
    first = file.read_text()

    # Once more: nothing changes.
    assert demo(place).returncode == 0
    assert is_complete(place)
    assert file.read_text() == first

    # As if it had been interrupted before the bot was started, and before it was made.
    for undone in (("update bots_bot set enabled = 0",), ("delete from bots_botevent", "delete from bots_bot")):
        file.unlink()
        for statement in undone:
            write(place, statement)
        done = demo(place)
        assert done.returncode == 0, done.stderr
        assert is_complete(place)


def is_complete(place):
    """One user, one account whose key the vault has, one bot that runs, and a password that signs in."""
    (account,) = rows(place, "select id from exchanges_exchangeaccount")
    known = {row["id"].replace("-", "") for row in place.web().overview(None).credentials if row["state"] == "ready"}
    one_runs = rows(place, "select count(*), sum(enabled) from bots_bot") == [(1, 1)]
    one_user = rows(place, "select username from accounts_user") == [("demo",)]
    return one_runs and one_user and account[0] in known and signs_in(place)
