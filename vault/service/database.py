"""The signer's transactions, one after the other; what waits at the same time is committed together (`acts`).

A ledger in a file is written on the event loop itself. It is there within microseconds and on the disk within a
fraction of a millisecond; to have another thread do it takes the processor longer than the writing, three times an
order. A server may not answer for seconds: one thread waits for it, and the loop goes on.

What only looks writes nothing and waits for no commit but the one that is under way.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple, ParamSpec, TypeVar

from django.db import connection, transaction

from vault.driver import execute, session
from vault.messages.refusals import Refused
from vault.service.acts import Act, commit_together

P = ParamSpec("P")
T = TypeVar("T")

LARGEST_GROUP = 64  # an act takes about a millisecond: nobody waits long for the others


class Mark(NamedTuple):
    """A moment of the ledger as one connection sees it: what others have committed, and what was done here."""

    session: object
    others: int
    acts: int


class Database(ABC):
    """Runs functions as transactions. They must not wait for anything but the database, nor leave anything elsewhere:
    one whose group was rolled back is run again."""

    def __init__(self) -> None:
        self._under_way = 0  # requests
        self._only: asyncio.Task[object] | None = None  # that answers one, while there is no other

    @abstractmethod
    async def _do(self, act: Callable[[], T]) -> T:
        """In a transaction."""

    @abstractmethod
    async def _look(self, act: Callable[[], T]) -> T:
        """Before the next transaction."""

    @abstractmethod
    def mark(self) -> Mark | None:
        """For an act: the moment at which it is done. None: this ledger does not tell."""

    @abstractmethod
    def untouched(self, since: Mark | None) -> bool:
        """For a look: whether surely nobody, here or in another process, has written anything since that act."""

    @abstractmethod
    def follows(self, since: Mark | None) -> bool:
        """For an act: whether surely nobody has written anything between that act and this one."""

    @abstractmethod
    def close(self) -> None:
        """Once nobody waits any more."""

    def begin(self) -> None:
        """The present task begins to answer a request."""
        self._under_way += 1
        self._only = asyncio.current_task() if self._under_way == 1 else None

    def end(self) -> None:
        """It has answered it."""
        self._under_way -= 1
        self._only = None

    async def run(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` returns, committed. Its exceptions roll back and pass through.

        Raises Retry(LEDGER_UNAVAILABLE) when the database cannot do it: full, locked, gone.
        """
        return await self._do(partial(act, *args, **kwargs))

    async def look(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` returns, which only reads. Raises Retry(LEDGER_UNAVAILABLE), as `run`."""
        return await self._look(partial(act, *args, **kwargs))

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


class OnTheLoop(Database):
    """For a file. Acts that are asked for in the same turn of the loop are committed together.

    A request that is the only one under way has nobody to share a commit with, and does not wait for the next turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Act] = []
        self._acts = 0

    async def _do(self, act: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        if self._only is not None and not self._waiting and self._only is asyncio.current_task():
            alone = Act(partial(self._counted, act))
            with _AsIfAlone(loop):
                commit_together([alone])
            done: T = alone.result()
            return done
        if not self._waiting:
            loop.call_soon(self._work, loop)
        waits: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Act(partial(self._counted, act), waits))
        return await waits  # whoever hangs up does not take back what is being decided

    async def _look(self, act: Callable[[], T]) -> T:
        looks = Act(act)
        with _AsIfAlone(asyncio.get_running_loop()):
            looks.look()
        found: T = looks.result()
        return found

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
        with _AsIfAlone(loop):
            commit_together(group)
        for each in group:
            each.answer()
        if self._waiting:
            loop.call_soon(self._work, loop)

    def _counted(self, act: Callable[[], T]) -> T:
        self._acts += 1  # each for itself: those that are committed together come one after the other, too
        return act()

    def mark(self) -> Mark:
        # https://www.sqlite.org/pragma.html#pragma_data_version: it changes with what other connections commit.
        ((others,),) = execute("PRAGMA data_version", ()).fetchall()
        return Mark(session=session(), others=others, acts=self._acts)

    def untouched(self, since: Mark | None) -> bool:
        return since is not None and since == self.mark()

    def follows(self, since: Mark | None) -> bool:
        if since is None or since.acts + 1 != self._acts:  # with this one itself
            return False
        return since.others == self.mark().others and since.session is session()

    def close(self) -> None:
        with _AsIfAlone(asyncio.get_running_loop()):
            connection.close()


class OnAThread(Database):
    """For a server. It does not tell whether somebody else has written."""

    def __init__(self) -> None:
        super().__init__()
        self._acts: SimpleQueue[tuple[Act, bool] | None] = SimpleQueue()  # with whether it only looks
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    async def _do(self, act: Callable[[], T]) -> T:
        return await self._queued(act, looks=False)

    async def _look(self, act: Callable[[], T]) -> T:
        return await self._queued(act, looks=True)

    async def _queued(self, act: Callable[[], T], *, looks: bool) -> T:
        waits: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._acts.put((Act(act, waits), looks))
        return await waits  # as above

    def mark(self) -> None:
        return None

    def untouched(self, since: Mark | None) -> bool:  # noqa: ARG002 - whatever it was
        return False

    def follows(self, since: Mark | None) -> bool:  # noqa: ARG002 - whatever it was
        return False

    def close(self) -> None:
        self._acts.put(None)
        self._thread.join()

    def _work(self) -> None:
        going_on = True
        while going_on:
            group = [self._acts.get()]
            while len(group) < LARGEST_GROUP:
                try:
                    group.append(self._acts.get_nowait())
                except Empty:
                    break
            going_on = None not in group
            asked = [each for each in group if each is not None]
            looking = [act for act, looks in asked if looks]
            for each in looking:
                each.look()
            _wake(looking)
            acts = [act for act, looks in asked if not looks]
            commit_together(acts)
            _wake(acts)
        connection.close()


def opened() -> Database:
    """The one that suits where the ledger is."""
    return OnTheLoop() if connection.vendor == "sqlite" else OnAThread()


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


class _AsIfAlone:
    """No loop runs here as far as Django can see: while this lasts it does not, for nothing in here waits.

    Everywhere else on the loop Django goes on refusing to touch a database.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        asyncio._set_running_loop(None)  # noqa: SLF001 - meant for loops' own use, which is what this is

    def __exit__(self, *_: object) -> None:
        asyncio._set_running_loop(self._loop)  # noqa: SLF001 - see above


def _wake(acts: Iterable[Act]) -> None:
    """Wake up whoever waits: each loop once for all of them."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Act]] = {}
    for each in acts:
        if each.waits is not None:
            by_loop.setdefault(each.waits.get_loop(), []).append(each)
    for loop, answered in by_loop.items():
        with suppress(RuntimeError):  # it is closed: nobody waits there any more
            loop.call_soon_threadsafe(_answered, answered)


def _answered(acts: list[Act]) -> None:
    for each in acts:
        each.answer()
