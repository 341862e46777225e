"""The last price of each market, from whoever knew it last: the feed's ticks or the database."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from botplatform.markets.models import Market

log = logging.getLogger(__name__)
MarketKey = tuple[str, str]  # exchange, symbol
_SHORTEST, _LONGEST = 0.25, 5.0  # seconds between two tries to reach the feed


@dataclass(frozen=True, slots=True)
class Price:
    value: Decimal
    at: int  # milliseconds since 1970


def key(market: Market) -> MarketKey:
    return market.exchange, market.symbol


class Prices:
    """The newest of what was learned."""

    def __init__(self) -> None:
        self._last: dict[MarketKey, Price] = {}

    def learn(self, market: MarketKey, price: Price) -> None:
        known = self._last.get(market)
        if known is None or price.at >= known.at:
            self._last[market] = price

    def learn_row(self, market: Market) -> None:
        """What the database says of this market."""
        if market.last_price is not None and market.last_price_at is not None:
            self.learn(key(market), Price(market.last_price, int(market.last_price_at.timestamp() * 1000)))

    def of(self, market: Market) -> Decimal | None:
        price = self._last.get(key(market))
        return market.last_price if price is None else price.value


async def ticks(path: Path) -> AsyncIterator[tuple[MarketKey, Price]]:
    """Every tick of the feed, for ever: a feed that is away is looked for again, less often the longer it is."""
    pause = _SHORTEST
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST)
            continue
        pause = _SHORTEST
        try:
            async for line in reader:
                word = json.loads(line)
                yield (word["exchange"], word["symbol"]), Price(Decimal(word["price"]), word["at"])
        except (OSError, ValueError, KeyError, ArithmeticError) as why:
            log.warning("The feed's ticks cannot be read (%r); connecting again.", why)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await asyncio.sleep(pause)
