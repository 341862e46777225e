"""The signer's transactions: one at a time, in one thread, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, close_old_connections, connection, transaction

from vault.messages.refusals import Code, Refused, Retry

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Runs functions as transactions. They must not wait for anything but the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def run(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `act` returns, committed. Its exceptions roll back and pass through.

        Raises Retry(LEDGER_UNAVAILABLE) when the database cannot do it: full, locked, gone.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: _atomically(act, *args, **kwargs))

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
        self._thread.submit(connection.close).result()
        self._thread.shutdown()


def _atomically(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        close_old_connections()
        with transaction.atomic():
            return act(*args, **kwargs)
    except DatabaseError as why:
        raise Retry(Code.LEDGER_UNAVAILABLE, type(why).__name__) from why
