"""Django's own backend, whose transactions begin and end by one statement each, given to the driver.

Between `atomic()` and the driver Django has a cursor in its wrappers and a log of statements, for each BEGIN, COMMIT
and SAVEPOINT. A signer begins two transactions an order, and needs none of that. Nor does it need the driver to look up
how each column was declared: Django's fields, and ours (`vault.driver`), make of a column what it is.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """What `atomic()` asks of a backend; when and where it may be asked is looked at by Django as ever."""

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "detect_types": 0}

    def ensure_connection(self) -> None:
        if self.connection is None:  # then Django looks who asks; where there is one, whoever uses it is looked at
            super().ensure_connection()

    def set_autocommit(
        self,
        autocommit: bool,  # noqa: FBT001 - Django's own
        force_begin_transaction_with_broken_autocommit: bool = False,  # noqa: FBT001, FBT002 - Django's own
    ) -> None:
        """Off: a transaction begins. On: it has ended, and what waits for a commit is done. Else as Django does it."""
        begins = force_begin_transaction_with_broken_autocommit and not autocommit
        checks = self.health_check_enabled  # type: ignore[attr-defined]  # its stubs leave it out
        if not (begins or autocommit) or self.connection is None or self.in_atomic_block or checks:
            super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
            return
        if begins:
            self._start_transaction_under_autocommit()
        else:
            self._set_autocommit(True)
        self.autocommit = autocommit
        if autocommit and self.run_commit_hooks_on_set_autocommit_on:
            if self.run_on_commit:
                self.run_and_clear_commit_hooks()
            self.run_commit_hooks_on_set_autocommit_on = False

    def _start_transaction_under_autocommit(self) -> None:
        self._say(f"BEGIN {self.transaction_mode or ''}")  # type: ignore[attr-defined]  # its stubs leave it out

    def _commit(self) -> None:
        if self.connection is not None:
            self._say("COMMIT")

    def _savepoint(self, sid: str) -> None:
        self._say(self.ops.savepoint_create_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        self._say(self.ops.savepoint_commit_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        self._say(self.ops.savepoint_rollback_sql(sid))

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's own
        if autocommit and self.connection.isolation_level is None:
            return  # as it has been since it was connected: transactions are begun by BEGIN alone
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # its stubs leave it out

    def _say(self, statement: str) -> None:
        try:
            self.connection.execute(statement)
        except self.Database.Error:
            with self.wrap_database_errors:
                raise
