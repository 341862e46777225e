"""What a watched page is to the broadcaster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from botplatform.dashboard.live.prices import MarketKey, Prices

Parts = Mapping[str, Any]  # name of a part: what a browser is told when it changes


class Whose(NamedTuple):
    """All bots of an owner, or one bot."""

    by: Literal["owner", "pk"]
    id: UUID


class Page(Protocol):
    """One page of one person; hashable. `load` reads rows, `show` only renders what was read at today's prices."""

    def whose(self) -> Whose:
        """The bots that it shows."""

    def load(self) -> Any:
        """Their rows, whenever one of them has changed."""

    def show(self, loaded: Any, prices: Prices) -> Parts:
        """Everything on it that can change."""

    def market(self, loaded: Any) -> MarketKey | None:
        """The one market whose every tick it wants."""
