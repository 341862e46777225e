"""Django's own backend, whose transactions come one after the other, and can be asked what became of them.

On SQLite a transaction that writes has the database for itself from its beginning. The vault's rules are written for
that: what was read is still so when it is written. Here the same holds by one lock that every transaction waits for
before it reads anything; signer and commands are the few who ask for it.

A server that goes away while it commits leaves its client not knowing. It is asked by the transaction's number, on a
new connection.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base

TURN = 0x626F74706C61747F  # the advisory lock of whoever has a transaction open
_AGAIN = 0.1  # seconds between two questions for what became of a transaction


class DatabaseWrapper(base.DatabaseWrapper):
    """`waits_its_turn` is switched off by who reads a snapshot, and holds nobody up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waits_its_turn = True
        self._number: str | None = None  # of the transaction that is open, or was last
        self._in_doubt = False  # its commit was asked for, and not confirmed

    def plain_cursor(self) -> Any:
        """The server's own way to bind values, so that it keeps what it has parsed and planned."""
        return psycopg.Cursor(self.connection)

    def was_committed(self, patience: float) -> bool:
        """Whether the last transaction, whose commit failed, is in the database for all that.

        Asked for at most `patience` seconds. False as well when nobody could be asked: then nobody knows.
        """
        if not self._in_doubt or self._number is None:
            return False
        until = time.monotonic() + patience
        while True:
            try:
                became = self._became(self._number)
            except self.Database.OperationalError:  # it is starting, or still away
                became = None
            if became == "committed":
                self._in_doubt = False
                return True
            if became == "aborted" or time.monotonic() > until:
                return False
            time.sleep(_AGAIN)

    def _became(self, number: str) -> str | None:
        """`committed`, `aborted` or `in progress`: its server process has not noticed yet that nobody listens."""
        with psycopg.connect(**self._asking()) as connection:
            answered = connection.execute("SELECT pg_xact_status(%s::xid8)", [number]).fetchone()
        return None if answered is None else answered[0]

    def _asking(self) -> dict[str, Any]:
        """How to connect, once more and beside whatever there is."""
        return {**self.get_connection_params(), "cursor_factory": psycopg.Cursor, "connect_timeout": 2}

    def _commit(self) -> None:
        self._in_doubt = True
        super()._commit()  # type: ignore[misc]  # its stubs leave it out
        self._in_doubt = False

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's own
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # its stubs leave it out
        if autocommit:
            return
        self._number, self._in_doubt = None, False
        if not self.waits_its_turn:
            return
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s), pg_current_xact_id()::text", [TURN])
                self._number = cursor.fetchone()[1]
        except BaseException:
            self.close()  # Django does not know yet that a transaction began
            raise
