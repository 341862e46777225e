"""`VAULT_DATABASE_URL`: where the vault's database is, and as whom one asks. Never a password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

_SETTINGS = {"host", "port", "dbname", "user", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey"}
_HERE = {"localhost", "127.0.0.1", "::1"}
_OVERRIDING = ("PGPASSWORD", "PGHOSTADDR", "PGSERVICE")  # which libpq would take besides the address
_FORM = "postgresql://ROLE@/DATABASE?host=/run/postgresql"


class BadAddress(Exception):
    """The address cannot be used. The message says why, and nothing of the address: it may hold a password."""


def database(url: str, *, timeout: float, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Django's settings of this database. Raises BadAddress.

    `timeout`: how many seconds a transaction waits for another's.

    Whoever can read a process's environment would read a password there, so there is none: on one host the server
    knows the user by the unix socket (peer); else a password is in a file (`passfile`, 0600), or a certificate is
    shown (`sslcert`, `sslkey`).
    """
    from django.db.backends.postgresql.psycopg_any import IsolationLevel

    said = _read(url)
    for name in _OVERRIDING:
        if name in environment:
            raise BadAddress(f"{name} is set: unset it. A password belongs into a passfile, all else into the address.")
    host = said["host"]
    here = all(each.startswith("/") or each in _HERE for each in host.split(","))
    if not here and said.get("sslmode") != "verify-full":
        raise BadAddress("A server on another host needs sslmode=verify-full.")
    options = {name: said[name] for name in sorted(said.keys() - {"dbname", "user", "host", "port"})}
    milliseconds = round(timeout * 1000)
    return {
        "ENGINE": "vault.postgresql",
        "NAME": said["dbname"],
        "USER": said["user"],
        "HOST": host,
        "PORT": said.get("port", ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            **options,
            "application_name": "vault",
            "prepare_threshold": 2,  # statements that were run so often are kept prepared (vault.driver)
            # The lock is waited for by a transaction's first statement; each later one sees what is there by then.
            "isolation_level": IsolationLevel.READ_COMMITTED,
            # Who stands still inside a transaction, a stopped process say, does not keep the kill switch out for ever.
            "options": (
                f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds}"
                " -c search_path=public"
            ),
        },
    }


def _read(url: str) -> dict[str, str]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    if not url.startswith(("postgresql://", "postgres://")):
        raise BadAddress(f"It is written {_FORM}.")
    try:
        said = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        raise BadAddress(f"It cannot be read. It is written {_FORM}.") from None
    if said.keys() & {"password", "sslpassword"}:
        raise BadAddress("It must not hold a password: environments are read by others. Use a passfile, or peer.")
    if strange := sorted(said.keys() - _SETTINGS):
        raise BadAddress(f"{', '.join(strange)}: it takes {', '.join(sorted(_SETTINGS))}.")
    for name in ("host", "dbname", "user"):
        if not said.get(name):
            raise BadAddress(f"{name} is missing. It is written {_FORM}.")
    return said
