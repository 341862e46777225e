"""Reading what the markets stand at, in bulk, in the background: never while an order waits.

1. Every `VAULT.reference_seconds`: one request for the bids and asks of all markets that some grant of the exchange
   names, however many bots there are. Every minute: one for what they traded in 24 hours.
2. Once a minute the middles are kept, in memory and in the database: the slow median is over them.
3. A signer that starts reads back what was kept, and the present prices, before it listens. With nothing kept of the
   last hour it waits, on hosts that are not paper, until it has seen enough minutes itself; meanwhile nothing opens,
   and exits are held by the collar around what there is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from vault import clock
from vault.grants import grants
from vault.grants.models import Grant
from vault.messages.refusals import Refused, Retry
from vault.prices import samples
from vault.prices.board import Quote
from vault.service import sending
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.outcomes import NotSent, NotThere, Rejected, Unsure
from vault.signing.workshop import Call

log = logging.getLogger(__name__)

_VOLUMES_EVERY = 60.0
_PATIENCE = 3.0  # seconds for one reading: a start, or a grant, waits for it
_NO_ANSWER = (NotSent, NotThere, Rejected, Unsure, Refused, Retry)


async def begin(signer: Signer) -> None:
    """What was kept, and the present if the exchange answers at once."""
    for exchange in signer.venues:
        board = signer.board(exchange)
        for minute, middles in await signer.database.run(_kept, exchange):
            board.remember(minute, middles)
    await _turn(signer, volumes=True)


async def gather(signer: Signer) -> NoReturn:
    """For ever; a turn that fails is told in the log and tried again."""
    volumes_at = clock.monotonic()
    while True:
        await asyncio.sleep(VAULT.reference_seconds)
        volumes = clock.monotonic() - volumes_at >= _VOLUMES_EVERY
        if volumes:
            volumes_at = clock.monotonic()
        try:
            await _turn(signer, volumes=volumes)
        except Exception:
            log.exception("reading prices failed; trying again")


async def cover(signer: Signer, exchange: str, markets: Iterable[str]) -> None:
    """Read markets that were never read. Where the exchange does not answer, the next turn will."""
    unknown = [market for market in markets if market not in signer.board(exchange).symbols]
    if unknown:
        await _read(signer, exchange, unknown, volumes=True)


async def _turn(signer: Signer, *, volumes: bool) -> None:
    for exchange in signer.venues:
        if signer.venue(exchange).budget.paused:
            continue
        watched = signer.board(exchange).symbols | await signer.database.run(
            _granted, exchange, paper=signer.venue(exchange).paper
        )
        if watched:
            await _read(signer, exchange, sorted(watched), volumes=volumes)
        minute = clock.seconds() // 60
        middles = signer.board(exchange).sample(minute, clock.monotonic())
        if middles:
            await signer.database.run(samples.keep, exchange, minute, middles)


async def _read(signer: Signer, exchange: str, markets: list[str], *, volumes: bool) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await _hear(signer, exchange, markets, volumes=volumes)
    except (*_NO_ANSWER, TimeoutError) as why:
        log.warning("prices of %s: %s", exchange, str(why) or "no answer")


async def _hear(signer: Signer, exchange: str, markets: list[str], *, volumes: bool) -> None:
    board = signer.board(exchange)
    await sending.markets_known(signer.venue(exchange))
    symbols = signer.venue(exchange).workshop.spot_markets(markets)
    if not symbols:
        return
    asked = clock.monotonic()  # an answer that was long on its way is as old as its question
    quotes = await _ask(signer, exchange, binance.bids_asks(symbols))
    board.hear({symbol: quote for symbol, row in quotes.items() if (quote := _quote(row, asked))})
    if volumes:
        tickers = await _ask(signer, exchange, binance.day_tickers(symbols))
        traded = {symbol: volume for symbol, row in tickers.items() if (volume := _number(row, "quoteVolume"))}
        board.hear_volumes(traded, asked)


async def _ask(signer: Signer, exchange: str, call: Call) -> dict[str, Any]:
    venue = signer.venue(exchange)
    answer: dict[str, Any] = venue.workshop.read(call, await venue.send(venue.workshop.build(call)))
    return answer


def _quote(row: dict[str, Any], at: float) -> Quote | None:
    bid, ask = _number(row, "bid"), _number(row, "ask")
    return None if bid is None or ask is None else Quote(bid=bid, ask=ask, at=at)


def _number(row: dict[str, Any], name: str) -> Decimal | None:
    try:
        number = Decimal(str(row.get(name)))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def _kept(exchange: str) -> list[tuple[int, dict[str, Decimal]]]:
    return list(samples.kept(exchange))


def _granted(exchange: str, *, paper: bool) -> frozenset[str]:
    """Every market that a grant in force names."""
    rows = Grant.objects.filter(revoked_at=None, credential__exchange=exchange).values_list("id", "version")
    return frozenset(market for row in rows for market in grants.allowed(*row, paper=paper).markets)
