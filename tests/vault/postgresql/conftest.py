"""One PostgreSQL server, and one whole vault on it."""

import os

import pytest

from tests.support import postgres as support
from tests.support.postgres import Postgres, PostgresMachine


@pytest.fixture(scope="session")
def postgres():
    if support.programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing, and nothing is skipped here: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with Postgres() as running:
        yield running


@pytest.fixture(scope="session")
def machine(postgres):
    with PostgresMachine(postgres, ledger_timeout=2) as running:
        running.paper.call("POST", "/limits", {"weight": 10_000_000, "orders": 1_000_000})
        yield running
