"""`VAULT_DATABASE_URL`: which addresses are taken, and that none holds a password."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from vault.postgresql.address import BadAddress, database

GOOD = "postgresql://vault_signer@/vault?host=/run/postgresql"


def refusal(url, **environment):
    with pytest.raises(BadAddress) as caught:
        database(url, timeout=10, environment=environment)
    return str(caught.value)


def test_a_socket_and_a_role_are_enough():
    found = database(GOOD, timeout=10, environment={})
    assert (found["NAME"], found["USER"], found["HOST"]) == ("vault", "vault_signer", "/run/postgresql")
    assert "lock_timeout=10000" in found["OPTIONS"]["options"]


def test_a_server_elsewhere_shows_who_it_is():
    elsewhere = "postgresql://vault_signer@db.example.org:5433/vault"
    assert "sslmode=verify-full" in refusal(elsewhere)
    assert "sslmode=verify-full" in refusal(f"{elsewhere}?sslmode=require")
    found = database(f"{elsewhere}?sslmode=verify-full&passfile=/x", timeout=10, environment={})
    assert found["PORT"] == "5433"
    assert found["OPTIONS"]["passfile"] == "/x"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://vault_signer:hunter2@/vault?host=/run", "must not hold a password"),
        ("postgresql://vault_signer@/vault?host=/run&password=hunter2", "must not hold a password"),
        ("postgresql://vault_signer@/vault?host=/run&sslpassword=hunter2", "must not hold a password"),
        ("postgresql://vault_signer@/vault?host=/run&options=-chunter2", "options: it takes"),
        ("postgresql://vault_signer@/vault?host=/run&hunter2=1", "cannot be read"),
        ("postgresql://vault_signer:hunter2@[/vault", "cannot be read"),
        ("mysql://vault_signer:hunter2@localhost/vault", "It is written postgresql://"),
        ("hunter2", "It is written postgresql://"),
        ("", "It is written postgresql://"),
        ("postgresql://vault_signer@/vault", "host is missing"),
        ("postgresql:///vault?host=/run", "user is missing"),
        ("postgresql://vault_signer@/?host=/run", "dbname is missing"),
        ("postgresql://vault_signer@/vault?host=/run/postgresql,db.example.org", "sslmode=verify-full"),
        ("postgresql://vault_signer@localhost,db.example.org/vault", "sslmode=verify-full"),
    ],
)
def test_any_other_is_refused_without_repeating_it(url, said):
    sentence = refusal(url)
    assert said in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("name", ["PGPASSWORD", "PGHOSTADDR", "PGSERVICE"])
def test_what_the_environment_would_add_is_refused(name):
    sentence = refusal(GOOD, **{name: "hunter2"})
    assert sentence.startswith(f"{name} is set")
    assert "hunter2" not in sentence


def test_a_command_says_what_is_wrong_and_not_what_it_read():
    done = subprocess.run(
        [sys.executable, "-m", "vault", "audit", "verify"],
        cwd=ROOT,
        env={"VAULT_DATABASE_URL": "postgresql://vault_signer:hunter2@/vault?host=/run"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("VAULT_DATABASE_URL: It must not hold a password")
    assert "hunter2" not in done.stdout + done.stderr
