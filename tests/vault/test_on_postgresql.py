"""The vault on a real PostgreSQL: a whole machine, its roles, and the tests of the ledger once more."""

import contextlib
import os
import subprocess
import sys
import threading

import psycopg
import pytest

from tests.support import postgres as support
from tests.support.postgres import OWNER, READER, SIGNER, Postgres, PostgresMachine
from tests.support.processes import ROOT, run, start, wait_until
from tests.vault.conftest import Bot, refused
from tests.vault.test_many_at_once import FIFTY, all_at_once, cancelled, kill_after, outcomes, settled
from vault.messages.answers import State
from vault.messages.refusals import Code, Retry
from vault.postgresql.base import TURN
from vault.service.rules import PRESENT, RULES

# What the vault's own connections have, only shorter.
_OPTIONS = {"options": "-c idle_in_transaction_session_timeout=200"}
pytestmark = pytest.mark.xdist_group("postgresql")
CHECK = """
import sys
import django
django.setup()
from django.db import connection
from vault.service import history, roles
from vault.service.rules import NotProtected
for _ in sys.stdin:
    try:
        history.check()
        roles.check()
        print("let on", flush=True)
    except NotProtected as why:
        print(why, flush=True)
    connection.close()
"""
HISTORY = [rule.table for rule in RULES]
FIXED = [(rule.table, column) for rule in RULES for column in rule.fixed] + [
    *(("audit_entry", "body"), ("audit_checkpoint", "signature"), ("ledger_event", "told")),
]


@pytest.fixture(scope="session")
def postgres():
    if support.programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing, and nothing is skipped here: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with Postgres() as running:
        yield running


@pytest.fixture(scope="session")
def machine(postgres):
    with PostgresMachine(postgres, ledger_timeout=2) as running:
        running.paper.call("POST", "/limits", {"weight": 10_000_000, "orders": 1_000_000})
        yield running


@pytest.fixture(scope="session")
def past(machine):
    """A machine with rows in most tables of history."""
    bot = Bot(machine)
    bot.buy_now()
    bot.becomes("filled")
    return machine


@pytest.fixture(scope="module")
def checks(machine):
    """What a signer that starts now is told of its database: a sentence, or that it is let on."""
    env = {"DJANGO_SETTINGS_MODULE": "vault.settings", **machine.env}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start("-c", CHECK, env=env, log=machine.folder / "checks.log", **pipes) as process:

        def ask():
            process.stdin.write(b"\n")
            process.stdin.flush()
            return process.stdout.readline().decode().strip()

        yield ask
        process.stdin.close()


def fails(*argv, env):
    """What a command says that must not work."""
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env={**os.environ, **env},
        input="token\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def holds(machine, env=None):
    """Whether audit and books are whole, as the signer sees them or somebody else."""
    audit = run("-m", "vault", "audit", "verify", env=env or machine.env)
    books = run("-m", "vault", "ledger", "verify", env=env or machine.env)
    return "The audit chain holds" in audit and "The books hold" in books


def denied(machine, role, statement):
    with (
        machine.postgres.connected(machine.name, role) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def refused_to_all(machine, statement):
    """Even to the owner, and to the server's administrator."""
    for role in (OWNER, "postgres"):
        with (
            machine.postgres.connected(machine.name, role) as connection,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="is history: no "),
        ):
            connection.execute(statement)


# An order's life


def test_an_order_is_placed_and_cancelled(machine):
    bot = Bot(machine)
    assert bot.place().state is State.ACCEPTED
    bot.cancel()
    bot.becomes("cancelled")
    assert bot.states() == ["accepted", "cancelled"]


def test_an_order_fills_and_is_counted(machine):
    bot = Bot(machine)
    bot.buy_now()
    bot.becomes("filled")
    assert wait_until(bot.trades, what="its trade")


def test_a_refusal_is_written_down(machine):
    bot = Bot(machine)
    refused(Code.MARKET_NOT_GRANTED, bot.place, market="ETH/USDT")
    assert [entry["kind"] for entry in bot.audit("order.refused")] == ["order.refused"]


def test_fifty_at_once_spend_the_turnover_once(machine):
    bot = Bot(machine, turnover="1000")
    told = outcomes(all_at_once(bot, amount="0.001", price="50000"))
    assert told == {"accepted": 20, Code.OVER_TURNOVER: len(FIFTY) - 20}
    assert len(bot.at_exchange()) == 20
    bot.leave()
    assert holds(machine)


def test_killed_among_fifty_nothing_is_lost_or_doubled(machine):
    bot = Bot(machine, inventory={"BTC": "0.03"}, open_orders=1000)
    killer = threading.Thread(target=kill_after, args=(machine, bot, 8))
    killer.start()
    all_at_once(bot, side="sell", amount="0.001", price="61000")
    killer.join(30)
    machine.start_signer()
    wait_until(lambda: settled(bot), what="every order accepted or over")
    resting = [order for order in bot.at_exchange() if order["status"] == "NEW"]
    assert len(resting) <= 30
    assert len(resting) == sum(row["state"] == "accepted" for row in bot.orders())
    assert holds(machine)
    wait_until(lambda: cancelled(bot), what="the end of every order")


# A database that does not answer


def test_while_another_has_its_turn_nothing_is_decided_or_sent(machine):
    bot = Bot(machine)
    with machine.postgres.connected(machine.name, SIGNER) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        with pytest.raises(Retry) as caught:
            bot.lease.place(bot.word())
        assert caught.value.code is Code.LEDGER_UNAVAILABLE
    assert bot.at_exchange() == []
    assert bot.place().state is State.ACCEPTED
    bot.leave()


def test_who_stands_still_in_a_transaction_does_not_keep_the_kill_switch_out(machine):
    bot = Bot(machine)
    with contextlib.closing(psycopg.connect(machine.postgres.url(machine.name, SIGNER), **_OPTIONS)) as stands:
        stands.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        run("-m", "vault", "kill", f"bot:{bot.grant}", env=machine.env)
        refused(Code.EVERYTHING_STOPPED, bot.place)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            stands.execute("SELECT 1")


def test_after_the_server_has_crashed_the_signer_goes_on(machine):
    bot = Bot(machine)
    assert bot.place("before").state is State.ACCEPTED
    machine.postgres.crash()
    with pytest.raises(Retry) as caught:
        bot.lease.place(bot.word("meanwhile"))
    assert caught.value.code is Code.LEDGER_UNAVAILABLE
    machine.postgres.start()
    wait_until(lambda: decides(machine), what="the signer deciding again")
    assert bot.place("meanwhile").state is State.ACCEPTED
    assert len(bot.at_exchange()) == 2
    bot.leave()
    assert holds(machine)


def decides(machine):
    try:
        return machine.web().overview(None, 1)
    except Retry:
        return None


# Roles and triggers


@pytest.mark.parametrize("act", ["DELETE FROM", "TRUNCATE"])
@pytest.mark.parametrize("table", HISTORY)
def test_the_signers_role_cannot_take_history_away(machine, table, act):
    denied(machine, SIGNER, f"{act} {table}")


@pytest.mark.parametrize(("table", "column"), FIXED)
def test_the_signers_role_cannot_change_history(machine, table, column):
    denied(machine, SIGNER, f'UPDATE {table} SET "{column}" = "{column}"')  # noqa: S608 - of the rules' own words


@pytest.mark.parametrize("table", [each.table for each in PRESENT if not each.deleted])
def test_the_signers_role_deletes_only_what_is_done_with(machine, table):
    denied(machine, SIGNER, f"DELETE FROM {table}")  # noqa: S608 - see above


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x ()",
        "CREATE TEMP TABLE audit_entry ()",
        "DROP TABLE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER history_audit_entry_delete ON audit_entry",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
        "CREATE ROLE x",
        "COPY audit_entry TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_signers_role_is_nobody_else(machine, statement):
    denied(machine, SIGNER, statement)


@pytest.mark.parametrize("table", HISTORY)
def test_nobody_empties_history(past, table):
    refused_to_all(past, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_trade",
        "UPDATE audit_entry SET body = 'x'",
        "UPDATE ledger_order SET state = 'accepted' WHERE state = 'filled'",
        "UPDATE ledger_trade SET counted_at = now()",
    ],
)
def test_nobody_changes_it(past, statement):
    refused_to_all(past, statement)


def test_the_reader_checks_everything_and_changes_nothing(past):
    assert holds(past, past.as_role(READER))
    for statement in ("INSERT INTO audit_mark VALUES (2, now())", "DELETE FROM prices_sample"):
        denied(past, READER, statement)
    denied(past, READER, "SELECT * FROM passkeys_visit")


@pytest.mark.parametrize(
    ("more", "taken_back", "said"),
    [
        ("GRANT DELETE ON audit_entry TO {}", "REVOKE DELETE ON audit_entry FROM {}", "DELETE on audit_entry"),
        (
            "GRANT UPDATE (told) ON ledger_event TO {}",
            "REVOKE UPDATE (told) ON ledger_event FROM {}",
            "UPDATE told on ledger_event",
        ),
        ("GRANT CREATE ON SCHEMA public TO {}", "REVOKE CREATE ON SCHEMA public FROM {}", "it may make tables"),
        ("GRANT pg_write_all_data TO {}", "REVOKE pg_write_all_data FROM {}", "a member of another role"),
        ("ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE", "a superuser, or nearly"),
        ("REVOKE INSERT ON kills_kill FROM {}", "GRANT INSERT ON kills_kill TO {}", "lacks INSERT on kills_kill"),
        (
            "ALTER TABLE audit_entry DISABLE TRIGGER history_audit_entry_update",
            "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER history_audit_entry_update",
            "history is not protected",
        ),
        (
            "CREATE OR REPLACE FUNCTION history_refuses() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            None,
            "history is not protected",
        ),
    ],
)
def test_a_signer_that_may_do_another_thing_is_not_let_on(machine, checks, more, taken_back, said):
    machine.postgres.administer(machine.name, more.format(SIGNER))
    try:
        assert said in checks()
    finally:
        if taken_back:
            machine.postgres.administer(machine.name, taken_back.format(SIGNER))
        else:
            machine.migrate()
    assert checks() == "let on"


def test_a_signer_does_not_start_as_the_owner(machine):
    machine.kill_signer()
    machine.launch_signer(machine.as_role(OWNER))
    assert machine.signer.wait(20) == 1
    assert "The signer's database role may do more than it needs" in (machine.folder / "signer.log").read_text()
    machine.start_signer()


def test_only_the_owner_migrates(machine):
    assert "it takes its owner's role" in fails("-m", "vault", "migrate", env=machine.env)


def test_migrating_without_the_signers_role_says_what_to_do(machine):
    env = {**machine.as_role(OWNER), "VAULT_DATABASE_SIGNER": "absent"}
    assert "There is no database role absent." in fails("-m", "vault", "migrate", env=env)


# The ledger's own tests


def test_what_holds_on_sqlite_holds_here(postgres, tmp_path):
    """As the server's administrator: triggers refuse even that one."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--ds=vault.settings", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"tests/vault/test_{name}.py" for name in ("history", "statements", "books")),
        ],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "BOTPLATFORM_VAR": str(tmp_path),
            "VAULT_DATABASE_URL": postgres.url("postgres", "postgres"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:]
