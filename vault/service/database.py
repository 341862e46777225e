"""The signer's transactions: one thread, all or nothing each; what waits at the same time is committed together.

A commit is one write to the disk that has to arrive there, and takes longer than most of what it commits. So requests
that come while one is being committed share the next: each in a savepoint of its own, decided one after the other as
if it were alone, and answered only when all of them are on the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, Error, OperationalError, close_old_connections, connection, transaction

from vault.messages.refusals import Code, Refused, Retry

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

LARGEST_GROUP = 64  # an act takes about a millisecond: nobody waits long for the others


@dataclass(slots=True)
class _Act:
    """Something to be done in the database, and who waits for it."""

    act: Callable[[], Any]
    waits: Future[Any] = field(default_factory=Future)
    outcome: Any = None
    failure: Exception | None = None

    def attempt(self) -> None:
        """In a savepoint; alone, in a transaction. What the database itself refuses is for its whole group to know."""
        self.outcome = self.failure = None
        try:
            with transaction.atomic():
                self.outcome = self.act()
        except Error:
            raise
        except Exception as why:  # noqa: BLE001 - it is its caller's
            self.failure = why

    def answer(self) -> None:
        if self.failure is None:
            self.waits.set_result(self.outcome)
        else:
            self.waits.set_exception(self.failure)


class Database:
    """Runs functions as transactions. They must not wait for anything but the database, nor leave anything elsewhere:
    one whose group was rolled back is run again."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Act | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    async def run(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` returns, committed. Its exceptions roll back and pass through.

        Raises Retry(LEDGER_UNAVAILABLE) when the database cannot do it: full, locked, gone.
        """
        waiting = _Act(lambda: act(*args, **kwargs))
        self._queue.put(waiting)
        # Shielded: whoever hangs up does not take back what is being decided.
        done: T = await asyncio.shield(asyncio.wrap_future(waiting.waits))
        return done

    async def decide(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, but a Refused is a decision: what was written before it stays.

        So the proof of a refused request is used up, and the refusal's audit entry is kept.
        """

        def decided() -> T | Refused:
            try:
                return act(*args, **kwargs)
            except Refused as why:
                return why

        decision = await self.run(decided)
        if isinstance(decision, Refused):
            raise decision
        return decision

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        going_on = True
        while going_on:
            group = [self._queue.get()]
            while len(group) < LARGEST_GROUP:
                try:
                    group.append(self._queue.get_nowait())
                except Empty:
                    break
            going_on = None not in group
            acts = [each for each in group if each is not None]
            try:
                _together(acts)
            except Exception as why:
                log.exception("a group of transactions failed")
                _refuse(acts, why)
            for each in acts:
                each.answer()
        connection.close()


@contextmanager
def snapshot() -> Iterator[None]:
    """For commands that read everything: one moment, and no writer waits for it."""
    if connection.vendor == "sqlite":
        connection.close()
        connection.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
    else:
        connection.waits_its_turn = False  # type: ignore[attr-defined]  # vault.postgresql
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # an export may go to a slow disk
        yield


def _together(acts: list[_Act]) -> None:
    """One transaction for all; if it cannot be, and another may spoil it, one for each."""
    if not acts:
        return
    try:
        _commit(acts)
    except OperationalError as why:  # the database as a whole: full, locked, gone
        _refuse(acts, why)
    except DatabaseError as why:
        if len(acts) == 1:
            _refuse(acts, why)
            return
        for each in acts:
            _together([each])
    except Error as why:  # the connection itself
        _refuse(acts, why)


def _commit(acts: list[_Act]) -> None:
    close_old_connections()
    if len(acts) == 1:
        acts[0].attempt()
        return
    with transaction.atomic():
        for each in acts:
            each.attempt()


def _refuse(acts: list[_Act], why: Exception) -> None:
    for each in acts:
        each.failure = Retry(Code.LEDGER_UNAVAILABLE, type(why).__name__)
