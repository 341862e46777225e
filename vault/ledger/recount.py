"""The sums of every book, made anew from orders and trades, beside those that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Model

from vault.ledger.book import WINDOW, Book
from vault.ledger.models import Account, Holding, Order, Trade
from vault.messages.money import EXACT, written

_SUMS = ("open_orders", "resting", "resting_slippage", "traded", "slipped", "cash")
_PARTS = ("net", "selling", "buying")


def recount(grant: UUID) -> tuple[Account, dict[str, Holding]]:
    """What the grant's rows should say. Nothing is written."""
    kept = Account.objects.get(grant=grant)
    fresh = Account(grant=grant, since=kept.since, day=kept.day)
    book = Book(fresh, [])
    for order in Order.objects.filter(grant=grant).order_by("id"):
        alive, filled = order.alive, order.filled
        order.alive, order.filled = True, "0"
        book.reserve(order)
        for trade in Trade.objects.filter(order=order).order_by("id"):
            in_the_window = trade.counted_at is not None and trade.counted_at > kept.since
            before = (fresh.traded, fresh.slipped)
            book.count(order, trade)
            if not in_the_window:
                fresh.traded, fresh.slipped = before
            order.filled = written(Decimal(order.filled) + Decimal(trade.amount))
        order.filled = filled
        if not alive:
            book.release(order)
    return fresh, {asset: book.holding(asset) for asset in _assets(grant, book)}


def begin_windows_again(*, now: datetime) -> None:
    """After a clock that ran ahead: windows and days that begin later than they can begin today.

    Trades that were counted in the time that has not come yet stay in the window until it has. Nothing is lost of
    today's loss: the day goes on from what it began with.
    """
    for account in Account.objects.filter(since__gt=now - WINDOW):
        account.since = now - WINDOW
        account.traded = account.slipped = "0"
        for trade in Trade.objects.filter(grant=account.grant, counted_at__gt=account.since):
            worth = EXACT.multiply(Decimal(trade.amount), Decimal(trade.price))
            account.traded = written(EXACT.add(Decimal(account.traded), worth))
            account.slipped = written(EXACT.add(Decimal(account.slipped), Decimal(trade.slippage)))
        account.save()
    Account.objects.filter(day__gt=now.date()).update(day=now.date())


def differences() -> list[str]:
    """A sentence for every sum of any grant that is not what orders and trades come to. Inside a transaction."""
    grants = {
        *Account.objects.values_list("grant", flat=True),
        *Order.objects.values_list("grant", flat=True).distinct(),
    }
    return [sentence for grant in sorted(grants) for sentence in differences_of(grant)]


def differences_of(grant: UUID) -> list[str]:
    """The same of one grant. Inside a transaction, so that all of it is of one moment."""
    kept = Account.objects.filter(grant=grant).first()
    if kept is None:
        return [f"Grant {grant}: it has orders and no books."] if Order.objects.filter(grant=grant).exists() else []
    return list(_differences(kept))


def _differences(kept: Account) -> Iterator[str]:
    grant = kept.grant
    fresh, holdings = recount(grant)
    yield from _unlike(kept, fresh, _SUMS, f"Grant {grant}:")
    rows = {row.asset: row for row in Holding.objects.filter(grant=grant)}
    for asset, right in holdings.items():
        yield from _unlike(rows.get(asset, Holding()), right, _PARTS, f"Grant {grant}, {asset}:")


def _unlike(kept: Model, right: Model, names: Iterable[str], of: str) -> Iterator[str]:
    for name in names:
        said, should = getattr(kept, name), getattr(right, name)
        if said != should:
            yield f"{of} {name} is {said}, and should be {should}."


def _assets(grant: UUID, book: Book) -> set[str]:
    return {*book.assets, *Holding.objects.filter(grant=grant).values_list("asset", flat=True)}
