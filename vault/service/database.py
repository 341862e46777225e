"""The signer's transactions: one thread, all or nothing each; what waits at the same time is committed together.

A commit is one write to the disk that has to arrive there, and takes longer than most of what it commits. So requests
that come while one is being committed share the next: each in a savepoint of its own, decided one after the other as
if it were alone, and answered only when all of them are on the disk.

What only looks writes nothing and waits for no commit but the one that is under way: it is answered before the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, Error, OperationalError, close_old_connections, connection, transaction

from vault.messages.refusals import Code, Refused, Retry
from vault.settings import VAULT

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

LARGEST_GROUP = 64  # an act takes about a millisecond: nobody waits long for the others


@dataclass(slots=True, eq=False)
class _Act:
    """Something to be done in the database, and who waits for it."""

    act: Callable[[], Any]
    waits: asyncio.Future[Any]
    looks: bool = False
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

    def look(self) -> None:
        """Outside of any transaction: each statement sees what was committed by then."""
        try:
            self.outcome = self.act()
        except Error as why:
            self.failure = Retry(Code.LEDGER_UNAVAILABLE, type(why).__name__)
        except Exception as why:  # noqa: BLE001 - it is its caller's
            self.failure = why

    def answer(self) -> None:
        """On the loop of whoever waits; one that hung up is not told any more."""
        if self.waits.done():
            return
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
        return await self._queued(partial(act, *args, **kwargs))

    async def look(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` returns, which only reads. Raises Retry(LEDGER_UNAVAILABLE), as `run`."""
        return await self._queued(partial(act, *args, **kwargs), looks=True)

    async def _queued(self, act: Callable[[], T], *, looks: bool = False) -> T:
        waits: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Act(act, waits, looks))
        return await waits  # whoever hangs up does not take back what is being decided

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
            looks = [each for each in group if each is not None and each.looks]
            acts = [each for each in group if each is not None and not each.looks]
            if looks:
                close_old_connections()
                for each in looks:
                    each.look()
                _answer(looks)
            try:
                _together(acts)
            except Exception as why:
                log.exception("a group of transactions failed")
                _refuse(acts, why)
            _answer(acts)
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


def _commit(acts: list[_Act]) -> None:
    close_old_connections()
    if len(acts) == 1:
        acts[0].attempt()
        return
    with transaction.atomic():
        for each in acts:
            each.attempt()


def _answer(acts: Iterable[_Act]) -> None:
    """Wake up whoever waits: each loop once for all of them."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Act]] = {}
    for each in acts:
        by_loop.setdefault(each.waits.get_loop(), []).append(each)
    for loop, answered in by_loop.items():
        with suppress(RuntimeError):  # it is closed: nobody waits there any more
            loop.call_soon_threadsafe(_answered, answered)


def _answered(acts: list[_Act]) -> None:
    for each in acts:
        each.answer()


def _refuse(acts: list[_Act], why: Exception) -> None:
    for each in acts:
        each.failure = Retry(Code.LEDGER_UNAVAILABLE, type(why).__name__)
