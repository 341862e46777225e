"""What an asset is worth in another, at the last prices of one exchange's markets."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from botplatform.markets.models import Market
from strategies.market import ONE


class Rates:
    """Last prices of some exchanges. An asset without a market of its own is valued over one other."""

    def __init__(self, exchanges: Iterable[str]) -> None:
        self._rates: dict[tuple[str, str, str], Decimal] = {}
        self._next: dict[tuple[str, str], list[str]] = {}
        rows = Market.objects.filter(exchange__in=exchanges, last_price__isnull=False).order_by()
        for exchange, symbol, price in rows.values_list("exchange", "symbol", "last_price"):
            base, _, quote = symbol.partition("/")
            if price:
                self._add(exchange, base, quote, price)
                self._add(exchange, quote, base, ONE / price)

    def rate(self, exchange: str, asset: str, into: str) -> Decimal | None:
        """None where no market leads there."""
        if asset == into:
            return ONE
        if (direct := self._rates.get((exchange, asset, into))) is not None:
            return direct
        for over in sorted(self._next.get((exchange, asset), ())):
            second = self._rates.get((exchange, over, into))
            if second is not None:
                return self._rates[exchange, asset, over] * second
        return None

    def _add(self, exchange: str, one: str, other: str, price: Decimal) -> None:
        self._rates[exchange, one, other] = price
        self._next.setdefault((exchange, one), []).append(other)
