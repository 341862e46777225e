"""Django's own backend, whose transactions come one after the other.

On SQLite a transaction that writes has the database for itself from its beginning. The vault's rules are written for
that: what was read is still so when it is written. Here the same holds by one lock that every transaction waits for
before it reads anything; signer and commands are the few who ask for it.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

TURN = 0x626F74706C61747F  # the advisory lock of whoever has a transaction open


class DatabaseWrapper(base.DatabaseWrapper):
    """`waits_its_turn` is switched off by who reads a snapshot, and holds nobody up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waits_its_turn = True

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's own
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # its stubs leave it out
        if autocommit or not self.waits_its_turn:
            return
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        except BaseException:
            self.close()  # Django does not know yet that a transaction began
            raise
