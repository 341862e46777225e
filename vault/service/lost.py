"""Orders of this installation that rest at its accounts and that its database does not know: a lost past sent them.

They are looked for while the signer is in recovery, and as long after it as it looks before it sends. What is found is
written into the audit once, and told to people. Nothing is cancelled: whose it is only its runner knows, and finds it
by asking for it again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NoReturn

from vault import clock
from vault.audit import chain
from vault.audit.models import Entry
from vault.grants import grants
from vault.grants.models import Credential, Grant
from vault.ledger.identity import installation, prefix
from vault.ledger.models import Order
from vault.messages.refusals import Refused, Retry
from vault.service import sending
from vault.service.signer import Signer
from vault.service.standing import Mode
from vault.settings import VAULT
from vault.signing import binance

log = logging.getLogger(__name__)

_TURNS = 30  # of the accounts' watch between two looks: each reads every market of every key


async def watch(signer: Signer) -> NoReturn:
    """For ever; a look that fails is told in the log and tried again."""
    while True:
        try:
            looks = signer.standing.mode is Mode.RECOVERY or signer.standing.looks_first
            signer.standing.lost = await look(signer) if looks else 0
        except (Refused, Retry) as why:
            log.warning("looking for lost orders: %s", why)
        except Exception:
            log.exception("looking for lost orders failed; trying again")
        await asyncio.sleep(_TURNS * VAULT.poll_seconds)


async def look(signer: Signer) -> int:
    """How many there are now. Raises Refused and Retry of the exchange or the key store."""
    found = 0
    for credential, market in await signer.database.run(_places):
        venue = signer.venue(credential.exchange)
        await sending.markets_known(venue)
        if not venue.workshop.spot_markets([market]):
            continue
        listed = await sending.ask(signer, credential, binance.open_orders(venue.workshop, symbol=market))
        found += await signer.database.run(_unknown, listed)
    return found


def _places() -> list[tuple[Credential, str]]:
    """Every market on which a bot may ever have traded with a key that is still connected."""
    ready = Credential.objects.filter(state=Credential.State.READY)
    places = {}
    for grant in Grant.objects.filter(credential__in=ready).select_related("credential"):
        for market in grants.limits(grant).markets:
            places[grant.credential_id, market] = grant.credential
    return [(credential, market) for (_, market), credential in places.items()]


def _unknown(listed: list[dict[str, Any]]) -> int:
    ours = prefix(installation())
    named = {str(each["clientOrderId"]): each for each in listed if str(each["clientOrderId"]).startswith(ours)}
    known = set(Order.objects.filter(client_order_id__in=named).values_list("client_order_id", flat=True))
    told = set(Entry.objects.filter(kind="order.lost", subject__in=named).values_list("subject", flat=True))
    for name in named.keys() - known - told:
        words = {word: str(named[name][word]) for word in ("id", "symbol", "side", "price", "amount")}
        chain.append("order.lost", name, words, now=clock.now())
    return len(named.keys() - known)
