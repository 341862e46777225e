"""Accounts as the vault knows them: keys are connected there, by their owners, and are learned of here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from botplatform.accounts.models import User
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import BadKeyFile, OutcomeUnknown, Refused, Retry, web


def learn(owner: User, rows: Iterable[Mapping[str, Any]] | None = None) -> None:
    """Bring this owner's accounts up to what the vault says: `rows` of its overview, or asked for here.

    Raises Refused, Retry, OutcomeUnknown, BadKeyFile. One that is gone there stays here: bots have traded on it.
    """
    for row in web().overview(owner.pk).credentials if rows is None else rows:
        if row["state"] == "ready":
            ExchangeAccount.objects.update_or_create(
                id=UUID(row["id"]),
                owner=owner,
                defaults={
                    "exchange": row["exchange"],
                    "label": row["label"],
                    "ip_bound": row["ip_bound"],
                    "connected_at": datetime.fromisoformat(row["connected_at"]),
                },
            )


def learn_quietly(owner: User) -> None:
    """The same; while the vault is away, what is known here already will do."""
    with contextlib.suppress(Refused, Retry, OutcomeUnknown, BadKeyFile):
        learn(owner)
