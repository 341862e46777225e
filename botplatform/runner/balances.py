"""What accounts have, asked now and then by whoever runs bots on them, and kept for pages to show.

The web has no way to ask an exchange, and gets none: a runner asks with a bot's own token, which the signer counts
among the reads of that bot's grant. Nothing is decided by these rows; a deal that needs its balance asks for itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from botplatform.bots.models import Bot
from botplatform.exchanges.models import Balance
from botplatform.exchanges.vault import LeaseHandle, OutcomeUnknown, Refused, Retry
from botplatform.lib import clock
from strategies.market import ZERO

log = logging.getLogger(__name__)
EVERY = 60.0  # seconds


class BalanceWatch:
    """When each account was asked for last, by this slice."""

    def __init__(self) -> None:
        self._asked: dict[UUID, float] = {}

    def look(self, lease: LeaseHandle, bots: Iterable[Bot]) -> None:
        """Ask for one account whose time has come; one at a time, so that no beat waits for many."""
        now = clock.monotonic()
        for bot in bots:
            if now - self._asked.get(bot.account_id, -EVERY) >= EVERY:
                self._asked[bot.account_id] = now
                self._ask(lease, bot)
                return

    def _ask(self, lease: LeaseHandle, bot: Bot) -> None:
        try:
            answer = lease.balances(bot.grant)
        except (Refused, Retry, OutcomeUnknown) as why:
            log.info("bot %s: its account's balances are not known: %s", bot.pk, why)
            return
        keep(bot.account_id, answer.free, answer.total)


def keep(account: UUID, free: dict[str, str], total: dict[str, str]) -> None:
    """These are an account's balances now; what it has nothing of is not among them."""
    now = clock.now()
    rows = [
        Balance(
            account_id=account, asset=asset, free=Decimal(free.get(asset, "0")), total=Decimal(total[asset]), at=now
        )
        for asset in sorted(total)
        if Decimal(total[asset]) != ZERO
    ]
    with transaction.atomic():
        Balance.objects.filter(account=account).delete()
        Balance.objects.bulk_create(rows)
