"""The audit chain shows every change, and its command says where."""

import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from vault import clock
from vault.audit import chain
from vault.audit.models import Entry


@pytest.fixture
def entries(db):
    """A chain of six."""
    for number in range(6):
        chain.append("order.place", f"bp{number}", {"n": number}, now=clock.now())


def broken_at():
    with pytest.raises(chain.Broken) as caught:
        chain.verify()
    return caught.value.height


def test_an_untouched_chain_holds(entries):
    assert chain.verify() == 6


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "{}"),
        ("subject", "x"),
        ("kind", "order.found"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("opens", 1),
        ("digest", "0" * 64),
        ("previous", "1" * 64),
    ],
)
@pytest.mark.parametrize("height", [1, 3, 6])
def test_a_changed_entry_is_found(entries, column, value, height):
    Entry.objects.filter(height=height).update(**{column: value})
    assert broken_at() == height


@pytest.mark.parametrize("height", [1, 3, 5])
def test_a_deleted_entry_is_found(entries, height):
    Entry.objects.filter(height=height).delete()
    assert broken_at() == height


def test_an_inserted_entry_is_found(entries):
    copy = Entry.objects.get(height=6)
    copy.height = 7
    copy.save(force_insert=True)
    assert broken_at() == 7


def test_an_entry_moved_aside_for_another_is_found(entries):
    """All later ones are counted up by one, so that no height is missing."""
    for height in (6, 5, 4):
        Entry.objects.filter(height=height).update(height=height + 1)
    forged = Entry.objects.get(height=3)
    forged.height = 4
    forged.save(force_insert=True)
    assert broken_at() == 4


@pytest.fixture
def copied(machine, bot, tmp_path):
    """A copy of the real vault's database, with orders in its chain, made while the signer runs."""
    bot.place()
    bot.cancel()
    path = tmp_path / "vault.sqlite3"
    with (
        contextlib.closing(sqlite3.connect(machine.folder / "vault/vault.sqlite3")) as real,
        contextlib.closing(sqlite3.connect(path)) as target,
    ):
        real.backup(target)
    return path


def verified(path):
    """Exit code and words of `python -m vault audit verify`."""
    done = subprocess.run(
        [sys.executable, "-m", "vault", "audit", "verify"],
        cwd=ROOT,
        env={**os.environ, "VAULT_STATE": str(path.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command_finds_a_change_in_a_real_chain(copied):
    code, words = verified(copied)
    assert code == 0, words
    assert words.startswith("The audit chain holds: ")
    with contextlib.closing(sqlite3.connect(copied)) as database:
        (height,) = database.execute("SELECT max(height) FROM audit_entry WHERE kind = 'order.place'").fetchone()
        database.execute("UPDATE audit_entry SET body = replace(body, '50000', '60000') WHERE height = ?", (height,))
        database.commit()
    code, words = verified(copied)
    assert code == 1
    assert f"breaks at entry {height}: its words were changed" in words


def test_the_command_runs_beside_the_signer(machine, bot):
    bot.place()
    code, words = verified(machine.folder / "vault/vault.sqlite3")
    assert code == 0, words
    assert bot.cancel().state == "cancelled"


def test_every_order_that_was_opened_is_closed(bot):
    """No audit, no act: an entry before, and one after it that names it."""
    bot.place()
    closing, opening = bot.audit()[:2]
    assert (opening["kind"], closing["kind"]) == ("order.place", "order.placed")
    assert opening["subject"] == closing["subject"] == bot.at_exchange()[0]["clientOrderId"]
    assert opening["body"]["intent"]["price"] == "50000"
    bot.cancel()
    assert [entry["kind"] for entry in bot.audit()[:2]] == ["order.cancelled", "order.cancel"]
