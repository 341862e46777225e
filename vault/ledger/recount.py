"""The sums of every book, made anew from orders and trades, beside those that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from vault.ledger.book import Book
from vault.ledger.models import Account, Holding, Order, Trade
from vault.messages.money import written

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


def differences() -> list[str]:
    """A sentence for every sum of any grant that is not what orders and trades come to."""
    grants = {
        *Account.objects.values_list("grant", flat=True),
        *Order.objects.values_list("grant", flat=True).distinct(),
    }
    return [sentence for grant in sorted(grants) for sentence in differences_of(grant)]


def differences_of(grant: UUID) -> list[str]:
    """The same of one grant, which is read at one moment."""
    with transaction.atomic():
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
