"""The platform's only door to the vault."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from django.conf import settings

from vault.client import BadKeyFile, KeyFile, LeaseHandle, RunnerClient, WebClient, seal
from vault.messages.answers import Event, OrderAnswer, OverviewAnswer, RightsAnswer, State
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry
from vault.messages.words import Cancel, Limits, Lookup, Place, StopLevel, WriteGrant

__all__ = [
    "BadKeyFile",
    "Cancel",
    "Code",
    "Event",
    "LeaseHandle",
    "Limits",
    "Lookup",
    "OrderAnswer",
    "OutcomeUnknown",
    "OverviewAnswer",
    "Place",
    "Refused",
    "Retry",
    "RightsAnswer",
    "State",
    "StopLevel",
    "WriteGrant",
    "connect_key",
    "runner",
    "web",
]


@cache
def web() -> WebClient:
    """The web's client. Raises BadKeyFile when the web was not enrolled."""
    return WebClient(settings.LAYOUT.signer_socket, KeyFile.read(settings.PLATFORM_DIR / "web.key"))


@cache
def runner() -> RunnerClient:
    """The runner's client. Raises BadKeyFile when the runner was not enrolled."""
    return RunnerClient(settings.LAYOUT.signer_socket, KeyFile.read(settings.PLATFORM_DIR / "runner.key"))


def connect_key(owner: UUID, *, exchange: str, label: str, key: str, secret: str) -> RightsAnswer:
    """Seal a key and hand the sealed form to the signer's intake. Raises Refused, Retry, OutcomeUnknown.

    For commands, which end at once: a process that stays must never see a secret.
    """
    client = web()
    announced = client.announce_key(owner, exchange, label)
    return client.connect_key(owner, UUID(announced.credential), seal(key, secret, owner=owner, answer=announced))
