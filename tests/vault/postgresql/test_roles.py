"""Roles and triggers keep history unchangeable, each tried on the server itself."""

import os
import subprocess
import sys

import psycopg
import pytest

from tests.support.postgres import OWNER, READER, SIGNER
from tests.support.processes import ROOT, start
from tests.vault.conftest import Bot
from vault.service.rules import PRESENT, RULES

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


@pytest.fixture(scope="module")
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


def test_the_reader_changes_nothing_and_sees_nobodys_visits(past):
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
    assert machine.signer.wait(60) == 1
    assert "The signer's database role may do more than it needs" in (machine.folder / "signer.log").read_text()
    machine.start_signer()


def test_only_the_owner_migrates(machine):
    assert "it takes its owner's role" in fails("-m", "vault", "migrate", env=machine.env)


def test_migrating_without_the_signers_role_says_what_to_do(machine):
    env = {**machine.as_role(OWNER), "VAULT_DATABASE_SIGNER": "absent"}
    assert "There is no database role absent." in fails("-m", "vault", "migrate", env=env)
