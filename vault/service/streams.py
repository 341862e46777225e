"""Private streams: one connection for each key that has orders which are not over.

What a stream tells is a hint and nothing more. It names a market in which something may have happened; that market is
then read by `service.watch` as at any other time, and what is booked comes from there alone. So a stream that lies,
repeats itself or mixes things up costs a reading, and one that is silent costs the time until the next one.

While a stream is healthy (subscribed, and its peer answers pings) the account may be read less often; when it breaks
everything is as without it, and it is opened again after a while.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import NoReturn
from uuid import UUID

from vault import clock
from vault.grants import grants
from vault.grants.models import Credential
from vault.ledger.models import Order
from vault.messages.refusals import Code, Refused, Retry
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing.line import Line
from vault.signing.outcomes import NotSent, Rejected, Unsure
from vault.signing.user_stream import Subscription, heard, subscribed
from vault.statements import Select

log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds between two looks at whose orders are not over
_APART = 0.5  # seconds between two readings of one market because of hints, however many there are
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0  # seconds before a broken stream is opened again
_LASTED = 30.0  # seconds after which a stream counts as having worked
_TRADING = Select(Order.objects.filter(alive=True).order_by("credential").values_list("credential").distinct())


async def watch(signer: Signer) -> NoReturn:
    """For ever: a stream for whoever has orders, none for whoever has not had any for a while."""
    running: dict[UUID, asyncio.Task[NoReturn]] = {}
    needed_at: dict[UUID, float] = {}
    try:
        while True:
            try:
                await _tend(signer, running, needed_at)
            except (Refused, Retry) as why:
                log.warning("private streams: %s", why)
            except Exception:
                log.exception("private streams failed; trying again")
            await asyncio.sleep(_LOOK)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _tend(signer: Signer, running: dict[UUID, asyncio.Task[NoReturn]], needed_at: dict[UUID, float]) -> None:
    trading, ready = await signer.database.look(_whose, frozenset(running))
    now = clock.monotonic()
    for credential in trading & ready.keys():
        needed_at[credential] = now
        venue = signer.venues.get(ready[credential])
        if credential not in running and venue is not None and venue.lines is not None:
            running[credential] = asyncio.create_task(_keep(signer, credential))
    for credential, task in list(running.items()):
        # A key that is not connected any more is not listened to for a moment longer.
        idle = now - needed_at.get(credential, 0.0) > VAULT.stream_idle_seconds
        if task.done() or idle or credential not in ready:
            task.cancel()
            del running[credential]
    for credential in needed_at.keys() - running.keys() - trading:
        del needed_at[credential]


def _whose(running: frozenset[UUID]) -> tuple[set[UUID], dict[UUID, str]]:
    """Keys with orders that are not over; of these and of `running`, the ones that are connected: their exchanges."""
    trading = {credential for (credential,) in _TRADING.rows()}
    asked = trading | running
    return trading, {key: exchange for key, exchange in grants.connected().items() if key in asked} if asked else {}


async def _keep(signer: Signer, key: UUID) -> NoReturn:
    """Follow one account for ever, with longer and longer pauses while that fails."""
    failures = 0
    while True:
        began = clock.monotonic()
        wait = 0.0
        try:
            await _follow(signer, await _connected(signer, key))
        except Rejected as why:
            log.warning("private stream of key %s refused: %s", key, why.reason)
            wait = 0.0 if why.busy else _LONGEST_WAIT  # another try will hardly be answered otherwise
        except (Refused, Retry, NotSent, Unsure) as why:
            log.warning("private stream of key %s: %s", key, why)
        except Exception:
            log.exception("private stream of key %s failed", key)
        failures = 0 if clock.monotonic() - began > _LASTED else failures + 1
        wait = max(wait, min(_LONGEST_WAIT, _FIRST_WAIT * 2**failures / 2))
        # Jitter: those that were cut off together do not come back together.
        await asyncio.sleep(wait * (0.5 + secrets.randbelow(501) / 1000))


async def _connected(signer: Signer, key: UUID) -> Credential:
    """The key as it is now. Raises Refused, and Retry."""
    credential = await signer.database.look(grants.key, key)
    if credential is None:
        raise Refused(Code.CREDENTIAL_NOT_READY)
    return credential


async def _follow(signer: Signer, credential: Credential) -> NoReturn:
    """Connect, subscribe, listen. Raises Refused, Retry, Rejected, NotSent or Unsure when that ends."""
    lines = signer.venue(credential.exchange).lines
    if lines is None:
        raise Refused(Code.EXCHANGE_NOT_ALLOWED, "It has no private streams here.")
    line = await lines.connect()
    hints = _Hints(signer, credential)
    try:
        async with asyncio.timeout(VAULT.exchange_timeout):
            number = await _subscribe(signer, credential, line)
        signer.followed[credential.id] = clock.monotonic()
        log.info("private stream of key %s is open", credential.id)
        while True:
            news = heard(await line.hear(), number)
            if news is not None and news.over:
                raise Unsure("the exchange has ended it")
            if news is not None:
                hints.hear(news.market_id)
    except TimeoutError as why:
        raise Unsure("no answer to the subscription") from why
    finally:
        signer.followed.pop(credential.id, None)
        hints.close()
        await line.close()


async def _subscribe(signer: Signer, credential: Credential, line: Line) -> int:
    """The subscription's number. Check, then sign: nothing but this is signed for a stream."""
    signer.standing.may_sign(credential.exchange)
    subscription = Subscription(
        api_key=await signer.api_key(credential),
        timestamp=clock.milliseconds(),
        recv_window=int(VAULT.recv_window * 1000),
    )
    payload = subscription.payload()
    signer.standing.may_sign(credential.exchange)
    await line.say(subscription.request(await signer.keystore.mac(credential.key_name, payload)))
    while True:
        number = subscribed(await line.hear())
        if number is not None:
            return number


class _Hints:
    """Has a market read at once, and then not more often than the exchange's patience allows."""

    def __init__(self, signer: Signer, credential: Credential) -> None:
        self._signer, self._credential = signer, credential
        self._venue = signer.venue(credential.exchange)
        self._passed_on: dict[str, float] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def hear(self, market_id: str) -> None:
        market = self._venue.workshop.symbol_of(market_id)
        if market is None or market in self._waiting:
            return
        now = clock.monotonic()
        due = self._passed_on.get(market, 0.0) + _APART * self._venue.budget.slowness
        if now >= due:
            self._pass_on(market)
        else:
            loop = asyncio.get_running_loop()
            self._waiting[market] = loop.call_later(due - now, self._pass_on, market)

    def _pass_on(self, market: str) -> None:
        self._waiting.pop(market, None)
        self._passed_on[market] = clock.monotonic()
        self._signer.stir(self._credential.id, market)

    def close(self) -> None:
        for market, timer in list(self._waiting.items()):
            timer.cancel()
            self._pass_on(market)
