"""Tests of single functions that hold on SQLite hold on PostgreSQL."""

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.xdist_group("postgresql")


def test_what_holds_on_sqlite_holds_here(postgres, tmp_path):
    """As the server's administrator: triggers refuse even that one."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--ds=vault.settings", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"tests/vault/test_{name}.py" for name in ("history", "statements", "chained", "books")),
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
