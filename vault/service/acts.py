"""Things to be done in the database, committed together: all or nothing each, decided as if it were alone.

A commit is one write to the disk that has to arrive there, and takes longer than most of what it commits. So acts that
wait at the same time share one: each in a savepoint of its own, one after the other, and answered only when all of
them are on the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, Error, OperationalError, connection, transaction

from vault.driver import alone, let_go_of_a_broken_one
from vault.messages.refusals import Code, Retry
from vault.settings import VAULT

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Act:
    """Something to be done in the database, and who waits for it."""

    act: Callable[[], Any]
    waits: asyncio.Future[Any] | None = None
    outcome: Any = None
    failure: Exception | None = None

    def attempt(self, within: AbstractContextManager[object]) -> None:
        """In a savepoint; alone, in a transaction. What the database itself refuses is for its whole group to know."""
        self.outcome = self.failure = None
        try:
            with within:
                self.outcome = self.act()
        except Error:
            raise
        except Exception as why:  # noqa: BLE001 - it is its caller's
            self.failure = why

    def look(self) -> None:
        """Outside of any transaction: each statement sees what was committed by then."""
        try:
            let_go_of_a_broken_one()
            self.outcome = self.act()
        except Error as why:
            self.refuse(why)
        except Exception as why:  # noqa: BLE001 - it is its caller's
            self.failure = why

    def refuse(self, why: Exception) -> None:
        """The database could not do it."""
        self.failure = Retry(Code.LEDGER_UNAVAILABLE, type(why).__name__)

    def result(self) -> Any:
        """What came of it; raises what it raised."""
        if self.failure is not None:
            raise self.failure
        return self.outcome

    def answer(self) -> None:
        """On the loop of whoever waits; one that hung up is not told any more."""
        if self.waits is None or self.waits.done():
            return
        if self.failure is None:
            self.waits.set_result(self.outcome)
        else:
            self.waits.set_exception(self.failure)


def commit_together(acts: list[Act]) -> None:
    """Do all of them; each knows afterwards what came of it. Raises nothing."""
    try:
        _together(acts)
    except Exception as why:
        log.exception("a group of transactions failed")
        _refuse(acts, why)


def _together(acts: list[Act]) -> None:
    """One transaction for all; if it cannot be, and another may spoil it, one for each."""
    if not acts:
        return
    try:
        _commit(acts)
    except OperationalError as why:  # the database as a whole: full, locked, gone
        if not _there_for_all_that():
            _refuse(acts, why)
    except DatabaseError as why:
        if len(acts) == 1:
            _refuse(acts, why)
            return
        for each in acts:
            _together([each])
    except Error as why:  # the connection itself
        if not _there_for_all_that():
            _refuse(acts, why)


def _there_for_all_that() -> bool:
    """Whether a server that went away while it committed had committed. Where nobody knows, it is asked again.

    Who is told Retry then asks again, and finds what is there: an order that may have been written down has said since
    then that it may exist, and is looked up.
    """
    if connection.vendor != "postgresql":
        return False
    return connection.was_committed(VAULT.ledger_timeout)  # type: ignore[attr-defined,no-any-return]  # vault.postgresql


def _commit(acts: list[Act]) -> None:
    let_go_of_a_broken_one()
    if len(acts) == 1:
        acts[0].attempt(alone())
        return
    with alone():
        for each in acts:
            each.attempt(transaction.atomic())


def _refuse(acts: list[Act], why: Exception) -> None:
    for each in acts:
        each.refuse(why)
