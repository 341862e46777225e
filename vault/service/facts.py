"""Gathering what a decision rests on: the grant's terms and book, the market's reference, what else of ours rests."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from vault import clock
from vault.grants import grants
from vault.grants.models import Grant
from vault.ledger.book import Book, best_price
from vault.messages.refusals import Code, Refused
from vault.messages.terms import Terms
from vault.messages.words import Place
from vault.policy import Coins, Facts, Present, Reference, Spent
from vault.service.identify import Admission, Bearer
from vault.service.signer import Signer

_OTHER = {"buy": "sell", "sell": "buy"}


def present(caller: Bearer, admission: Admission) -> Present:
    """What the caller's token says beside what is so."""
    return Present(
        fence=caller.claims.fence,
        present_fence=admission.fence,
        epoch=caller.claims.epoch,
        present_epoch=admission.grant.epoch,
    )


def gather(
    signer: Signer,
    intent: Place,
    *,
    numbers: tuple[Decimal, Decimal],
    grant: Grant,
    terms: Terms,
    present: Present,
    book: Book,
    now: datetime,
) -> Facts:
    """Everything that the policy asks about this order, as it is at this moment. Inside its transaction."""
    exchange = grant.credential.exchange
    holding = book.holding(intent.base)
    return Facts(
        intent=intent,
        amount=numbers[0],
        price=numbers[1],
        terms=terms,
        at=int(now.timestamp()),
        present=present,
        coins=Coins(net=Decimal(holding.net), selling=Decimal(holding.selling), buying=Decimal(holding.buying)),
        spent=Spent(
            traded=book.traded,
            slipped=book.slipped,
            lost=book.lost(_Marks(signer, exchange, intent.quote, now), now),
            open_orders=book.open_orders,
            orders_this_minute=signer.pace.of(grant.id, "order"),
            exits_this_minute=signer.pace.of(grant.id, "exit"),
        ),
        reference=reference(signer, exchange, intent.market, now),
        opposite=best_price(exchange, intent.market, _OTHER[intent.side]),
    )


def terms(signer: Signer, grant: Grant) -> Terms:
    """What the newest version of a grant allows on the host that its key belongs to."""
    return grants.allowed(grant.id, grant.version, paper=signer.venue(grant.credential.exchange).paper)


def reference(signer: Signer, exchange: str, market: str, now: datetime) -> Reference | None:
    """The signer's own price of a market. On a paper host nobody waits until the median is worth its name."""
    minute = int(now.timestamp()) // 60
    known = signer.board(exchange).standing(market, minute=minute, at=clock.monotonic())
    if known is None:
        return None
    return Reference(
        bid=known.bid,
        ask=known.ask,
        median=known.median,
        fresh=known.fresh,
        warm=known.warm or signer.venue(exchange).paper,
        volume=known.volume,
    )


class _Marks:
    """What an asset is reckoned at: at the worse of present and median, whichever way the grant leans."""

    def __init__(self, signer: Signer, exchange: str, quote: str, now: datetime) -> None:
        self._signer, self._exchange, self._quote, self._now = signer, exchange, quote, now

    def __call__(self, asset: str, net: Decimal) -> Decimal | None:
        known = reference(self._signer, self._exchange, f"{asset}/{self._quote}", self._now)
        if known is None:
            return None
        return min(known.bid, known.median) if net > 0 else max(known.ask, known.median)


def slow_enough_to_read(signer: Signer, grant: Grant) -> None:
    """Count a reading. Raises Refused(TOO_MANY_READS)."""
    most = terms(signer, grant).reads_a_minute
    if signer.pace.of(grant.id, "read") >= most:
        raise Refused(Code.TOO_MANY_READS, f"It allows {most}.")
    signer.pace.count(grant.id, "read")
