"""Somebody who can write the vault's database, or put an older one in its place."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.support.forging import ask, forge
from tests.support.machine import Machine
from tests.support.processes import ROOT, run, start, stop, wait_until
from tests.vault.conftest import Bot, refused
from vault import clock
from vault.messages.refusals import Code, OutcomeUnknown, Refused
from vault.messages.words import StopLevel

pytestmark = pytest.mark.xdist_group("operator")  # one machine for all of them


@pytest.fixture(scope="module")
def vault():
    """A machine whose head and checkpoints are kept often."""
    with Machine("--speed", "0.0001", head_seconds=0.1, checkpoint_seconds=0.2) as running:
        yield running


@pytest.fixture
def bot(vault):
    made = Bot(vault)
    yield made
    made.leave()


def kept(machine):
    """Wait until the head of now is in the key store: a new checkpoint is written after it."""
    height = ask(machine.database, "SELECT max(height) FROM audit_entry")
    signed = "SELECT coalesce(max(height), 0) FROM audit_checkpoint"
    wait_until(lambda: ask(machine.database, signed) >= height, what="a checkpoint")


def command(state, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "vault", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "VAULT_STATE": str(state)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(bot, tmp_path):
    """A copy of the vault's state with orders, a trade and checkpoints in it; the signer is left alone."""
    bot.buy_now()
    bot.becomes("filled")
    bot.place("rest")
    bot.cancel("rest")
    kept(bot.machine)
    bot.machine.back_up(tmp_path / "vault.sqlite3")
    shutil.copy(bot.machine.folder / "vault/checkpoint-keys.json", tmp_path)
    return tmp_path


def forged(state, *statements):
    """What `audit verify` says afterwards."""
    forge(state / "vault.sqlite3", *statements)
    return command(state, "audit", "verify")


def test_an_untouched_copy_is_verified_with_its_checkpoints(copy):
    code, words = command(copy, "audit", "verify")
    assert code == 0, words
    assert " 0 checkpoints" not in words


def test_an_edited_audit_row_is_named(copy):
    code, words = forged(
        copy,
        "UPDATE audit_entry SET body = replace(body, '70000', '60000') WHERE height ="
        " (SELECT max(height) FROM audit_entry WHERE kind = 'order.place' AND body LIKE '%70000%')",
    )
    assert code == 1
    assert "its words were changed" in words


def test_a_missing_audit_row_is_named(copy):
    code, words = forged(copy, "DELETE FROM audit_entry WHERE height = 5")
    assert (code, "The audit chain breaks at entry 5: entry 5 is missing." in words) == (1, True), words


def test_a_missing_end_is_named_by_the_checkpoints(copy):
    code, words = forged(copy, "DELETE FROM audit_entry WHERE height >= (SELECT max(height) FROM audit_checkpoint)")
    assert code == 1
    assert "the end is missing: by the checkpoint of" in words


def test_an_edited_trade_is_named(copy):
    code, words = forged(copy, "UPDATE ledger_trade SET amount = '0.02' WHERE id = (SELECT max(id) FROM ledger_trade)")
    assert code == 1
    assert "The ledger breaks at event" in words


def test_an_edited_order_is_named(copy):
    code, words = forged(
        copy, "UPDATE ledger_order SET filled = '5' WHERE id = (SELECT max(id) FROM ledger_order WHERE filled != '0')"
    )
    assert code == 1
    assert "The ledger's row of order bp" in words


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE grants_grantversion SET canonical = replace(canonical, '1000', '9000')",
            "is not what the audit says was written",
        ),
        ("UPDATE grants_grant SET revoked_at = NULL", "was revoked by the audit, and is in force"),
        ("UPDATE kills_kill SET lifted_at = put_at", "was never lifted by the audit, and is not in force"),
        ("DELETE FROM kills_kill", "is not what the audit says was put"),
        ("UPDATE kills_kill SET scope = 'everything'", "is not what the audit says was put"),
        (
            (
                "INSERT INTO passkeys_passkey (id, owner, label, public, count, added_at)"
                " SELECT 'own', owner, 'mine', 'x', 0, '2026-01-01' FROM grants_credential LIMIT 1"
            ),
            "is not one that the audit says was added",
        ),
        ("UPDATE ledger_account SET traded = '0', resting = '0'", "resting is 0, and should be"),
    ],
    ids=[
        "a wider grant",
        "a revoked grant",
        "a lifted kill",
        "a kill removed",
        "a kill of something else",
        "own passkey",
        "a budget",
    ],
)
def test_an_edited_grant_kill_or_budget_is_named(stopped_copy, statement, words):
    code, said = forged(stopped_copy, statement)
    assert code == 1
    assert words in said


@pytest.fixture
def stopped_copy(bot, tmp_path):
    """A copy with an order that rests, a grant that is revoked and a kill in force."""
    machine, other = bot.machine, Bot(bot.machine)
    bot.place("rests")
    machine.web().revoke_grant(other.account.owner, other.grant)
    scope = f"bot:{bot.grant}"
    machine.web().kill(None, scope, StopLevel.OPENING)
    machine.back_up(tmp_path / "vault.sqlite3")
    shutil.copy(machine.folder / "vault/checkpoint-keys.json", tmp_path)
    machine.web().lift_kill(None, scope, clock.seconds())
    return tmp_path


def test_an_export_is_checked_without_the_database(copy, tmp_path):
    exported = tmp_path / "audit.jsonl"
    assert command(copy, "audit", "export", exported)[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    keys = copy / "checkpoint-keys.json"
    code, words = command(elsewhere, "audit", "verify", "--export", exported, "--keys", keys)
    assert code == 0, words
    exported.write_text(exported.read_text().replace("70000", "60000"))
    code, words = command(elsewhere, "audit", "verify", "--export", exported, "--keys", keys)
    assert code == 1
    assert "its words were changed" in words


def test_a_restored_backup_starts_in_recovery_and_doubles_nothing(bot, tmp_path):
    """What the lost part had sent is found again when its runner asks anew."""
    machine = bot.machine
    bot.place("before")
    backup = machine.back_up(tmp_path / "backup.sqlite3")
    bot.buy_now("lost")
    bot.becomes("filled", "lost")
    bot.place("lost-too")
    kept(machine)
    sent, traded, cursor = bot.at_exchange(), bot.trades_at_exchange(), bot.events()[-1].seq
    machine.kill_signer()
    machine.restore(backup)
    machine.start_signer()

    health = machine.health()
    assert (health["ok"], health["mode"]) == (False, "recovery")
    assert "python -m vault recover" in health["troubles"][0]
    bot.lease = lease_again(bot)
    refused(Code.IN_RECOVERY, bot.place, "new")
    refused(Code.IN_RECOVERY, machine.grant, bot.account)
    refused(Code.UNKNOWN_ORDER, bot.look_up, "lost")
    assert bot.cancel("before").state == "cancelled"
    machine.kill_signer()
    machine.start_signer()
    assert machine.health()["mode"] == "recovery", "starting again is no way out"

    said = run("-m", "vault", "recover", env=machine.env)
    assert "look at every grant and kill" in said
    wait_until(lambda: machine.health()["ok"], what="the signer going on")
    bot.lease = lease_again(bot)
    assert bot.lease.fence > 1_000_000, "no fence of the lost part is given out again"
    assert bot.buy_now("lost").state in ("accepted", "filled")
    bot.becomes("filled", "lost")
    assert bot.place("lost-too").state == "accepted"
    assert [order["clientOrderId"] for order in bot.at_exchange()] == [order["clientOrderId"] for order in sent]
    assert bot.trades_at_exchange() == traded
    # Whoever heard of them before hears of them again, under the same numbers.
    assert {trade.trade_id for trade in bot.trades("lost")} == {str(trade["id"]) for trade in traded}
    assert min(event.seq for event in bot.lease.events(cursor).events) > cursor, "a runner's cursor misses nothing"
    assert bot.place("new").state == "accepted"
    machine.kill_signer()
    machine.start_signer()
    assert machine.health()["mode"] == "normal"
    kinds = [entry["kind"] for entry in machine.web().overview(None, 100).audit]
    assert "recovery.accepted" in kinds
    assert "The audit chain holds" in run("-m", "vault", "audit", "verify", env=machine.env)


def say_go(machine):
    """End the recovery as a person does."""
    run("-m", "vault", "recover", env=machine.env)
    wait_until(lambda: machine.health()["ok"], what="the signer going on")


def test_what_only_the_lost_past_knew_is_looked_for_and_told(bot, tmp_path):
    machine = bot.machine
    backup = machine.back_up(tmp_path / "backup.sqlite3")
    bot.place("lost")
    kept(machine)
    (sent,) = bot.at_exchange()
    machine.kill_signer()
    machine.restore(backup)
    machine.start_signer()
    wait_until(lambda: "orders of this installation" in " ".join(machine.health()["troubles"]), what="being told")
    told = [each["subject"] for each in machine.web().overview(None, 200).audit if each["kind"] == "order.lost"]
    assert told.count(sent["clientOrderId"]) == 1

    run("-m", "vault", "recover", env=machine.env)
    wait_until(lambda: machine.health()["ok"], what="the signer going on")
    bot.lease = lease_again(bot)
    assert bot.place("lost").state == "accepted"
    assert bot.at_exchange() == [sent]
    wait_until(lambda: not machine.health()["troubles"], what="nothing being lost any more")


def test_a_restored_backup_does_not_bring_back_what_was_revoked_or_stopped(bot, tmp_path):
    """What the backup allows is not allowed again before somebody has been told, and has looked."""
    machine, stopped = bot.machine, Bot(bot.machine)
    backup = machine.back_up(tmp_path / "backup.sqlite3")
    machine.web().revoke_grant(bot.account.owner, bot.grant)
    machine.web().kill(None, f"bot:{stopped.grant}", StopLevel.EVERYTHING)
    kept(machine)
    machine.kill_signer()
    machine.restore(backup)
    machine.start_signer()
    for each in (bot, stopped):
        each.lease = lease_again(each)
        refused(Code.IN_RECOVERY, each.place, "revived")
    machine.web().revoke_grant(bot.account.owner, bot.grant)
    machine.web().kill(None, f"bot:{stopped.grant}", StopLevel.EVERYTHING)
    say_go(machine)
    refused(Code.GRANT_REVOKED, lease_again(bot).open_grant, bot.grant)
    stopped.lease = lease_again(stopped)
    refused(Code.EVERYTHING_STOPPED, stopped.place, "revived")
    assert bot.at_exchange() == stopped.at_exchange() == []
    machine.web().lift_kill(None, f"bot:{stopped.grant}", clock.seconds())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entry WHERE height > (SELECT max(height) FROM audit_entry) - 3",
        "UPDATE ledger_event SET digest = '' WHERE seq = (SELECT max(seq) FROM ledger_event)",
    ],
    ids=["its last entries deleted", "its last event edited"],
)
def test_a_database_that_was_cut_back_by_hand_starts_in_recovery(bot, statement):
    """The head in the key store is not in it."""
    machine = bot.machine
    bot.place("before")
    kept(machine)
    machine.kill_signer()
    forge(machine.database, statement)
    machine.start_signer()
    assert machine.health()["mode"] == "recovery"
    bot.lease = lease_again(bot)
    refused(Code.IN_RECOVERY, bot.place, "new")
    assert len(bot.at_exchange()) == 1
    say_go(machine)


def test_an_order_that_a_backup_has_as_not_yet_sent_is_looked_up_and_not_called_rejected(bot):
    """Its next generation would be placed beside it."""
    machine = bot.machine
    bot.place("sent")
    kept(machine)
    machine.kill_signer()
    forge(
        machine.database,
        "DELETE FROM audit_entry WHERE height > (SELECT max(height) FROM audit_entry WHERE kind = 'order.place')",
        "DELETE FROM ledger_event WHERE order_id = (SELECT max(id) FROM ledger_order)",
        "UPDATE ledger_order SET state = 'sending', exchange_order_id = ''"
        " WHERE id = (SELECT max(id) FROM ledger_order)",
    )
    machine.start_signer()
    assert machine.health()["mode"] == "recovery"
    bot.lease = lease_again(bot)
    bot.becomes("accepted", "sent")
    say_go(machine)
    bot.lease = lease_again(bot)
    refused(Code.GENERATION_ALIVE, bot.place, "sent", 2)
    assert len(bot.at_exchange()) == 1


def test_a_database_whose_history_is_not_protected_is_not_served(bot):
    machine = bot.machine
    trigger = ask(machine.database, "SELECT sql FROM sqlite_master WHERE name = 'history_audit_entry_update'")
    machine.kill_signer()
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("DROP TRIGGER history_audit_entry_update")
    machine.launch_signer()
    assert machine.signer.wait(60) == 1
    assert "history is not protected" in (machine.folder / "signer.log").read_text()
    run("-m", "vault", "migrate", env=machine.env)
    assert ask(machine.database, "SELECT sql FROM sqlite_master WHERE name = 'history_audit_entry_update'") == trigger
    machine.start_signer()


def lease_again(bot):
    """The lease, if the database still knows it; else the next one, when it may be taken."""

    def taken():
        with contextlib.suppress(Refused, OutcomeUnknown):
            bot.lease.renew()
            return bot.lease
        try:
            return bot.machine.runner().take_lease(bot.shard)
        except Refused as why:
            assert why.code is Code.LEASE_HELD, why  # noqa: PT017 - any other is a failure
        except OutcomeUnknown:
            return None

    return wait_until(taken, what="the lease")


def test_recover_says_when_there_is_nothing_to_recover(vault):
    code, words = command(vault.folder / "vault", "recover")
    assert (code, words) == (1, "The signer is not in recovery.\n")


def test_a_second_signer_with_a_copy_takes_over_and_the_first_signs_nothing_more(bot, tmp_path):
    machine = bot.machine
    bot.place("mine")
    kept(machine)
    machine.back_up(tmp_path / "vault.sqlite3")
    for name in ("token.key", "intake"):
        source = machine.folder / "vault" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    env = {**machine.env, "VAULT_STATE": str(tmp_path), "VAULT_SOCKET": str(machine.run_folder / "second.sock")}
    token = run("-m", "botplatform.supervisor", "wrap-signer", "--var", machine.folder, env=machine.env)
    second = start("-m", "vault", "serve", env=env, log=tmp_path / "second.log", stdin=subprocess.PIPE)
    try:
        second.stdin.write(token.encode())
        second.stdin.close()
        wait_until(lambda: "the signer listens" in (tmp_path / "second.log").read_text(), what="the second signer")
        wait_until(lambda: machine.health()["mode"] == "overtaken", what="the first losing the head")
        bot.lease = lease_again(bot)
        refused(Code.OVERTAKEN, bot.place, "more")
        refused(Code.OVERTAKEN, bot.cancel, "mine")
        assert len(bot.at_exchange()) == 1
    finally:
        stop(second)
    machine.kill_signer()
    machine.start_signer()
    bot.lease = lease_again(bot)
    assert bot.cancel("mine").state == "cancelled"
