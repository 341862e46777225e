"""The signer's transactions: one at a time, in one thread, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, close_old_connections, connection, transaction

from vault.messages.refusals import Code, Retry

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
