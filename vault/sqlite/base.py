"""Django's own backend, whose transactions begin and end by one statement each, given to the driver.

Between `atomic()` and the driver Django looks up the connection, asks who is asking, and has a cursor in its wrappers
and a log of statements, for each BEGIN, COMMIT and SAVEPOINT. A signer begins two transactions an order, and needs none
of that. Nor does it need the driver to look up how each column was declared: Django's fields, and ours
(`vault.driver`), make of a column what it is.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.transaction import Atomic


class DatabaseWrapper(base.DatabaseWrapper):
    """`alone`: what `atomic()` is where there is no other around it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alone = Alone(self)

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "detect_types": 0}

    def say(self, statement: str) -> None:
        """Nothing is bound, and nothing found. Raises Django's own exceptions."""
        try:
            self.connection.execute(statement)
        except self.Database.Error:
            with self.wrap_database_errors:
                raise

    def _commit(self) -> None:
        """The driver's own way says nothing of a transaction that is gone."""
        if self.connection is not None:
            self.say("COMMIT")

    def _savepoint(self, sid: str) -> None:
        self.say(self.ops.savepoint_create_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        self.say(self.ops.savepoint_commit_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        self.say(self.ops.savepoint_rollback_sql(sid))


class Alone:
    """A transaction, left as `atomic()` would leave it. For who knows that no loop of asyncio runs on this thread.

    It may have others in it, which are savepoints. Whatever becomes of it but a commit is for Django to end.
    """

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        self._wrapper = wrapper
        self._block = Atomic(wrapper.alias, savepoint=True, durable=False)

    def __enter__(self) -> None:
        wrapper = self._wrapper
        if wrapper.connection is None or wrapper.in_atomic_block or not wrapper.autocommit:
            self._block.__enter__()
            return
        wrapper.commit_on_exit, wrapper.needs_rollback = True, False
        wrapper.say(f"BEGIN {wrapper.transaction_mode or ''}")  # type: ignore[attr-defined]  # its stubs leave it out
        wrapper.autocommit, wrapper.in_atomic_block = False, True
        wrapper.atomic_blocks.append(self._block)

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None) -> None:
        wrapper = self._wrapper
        odd = wrapper.savepoint_ids or wrapper.needs_rollback or wrapper.closed_in_transaction
        if kind is not None or odd or not wrapper.commit_on_exit:
            self._block.__exit__(kind, why, at)
            return
        try:
            wrapper._commit()  # noqa: SLF001 - as Django's own block would
        except BaseException:
            self._block.__exit__(*sys.exc_info())
            raise
        wrapper.atomic_blocks.pop()
        wrapper.in_atomic_block, wrapper.autocommit, wrapper.errors_occurred = False, True, False
        if wrapper.run_on_commit:
            wrapper.run_and_clear_commit_hooks()
