"""What a grant lets a bot do, in sentences that its owner can check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from botplatform.exchanges.vault import Limits


def in_words(limits: Limits, quote: str) -> Iterator[str]:
    """A sentence for each limit that is written, those of what and how much first."""
    markets = ", ".join(limits.markets)
    yield f"It may {' and '.join(limits.sides)} on {markets}, and on no other market. It can never withdraw."
    yield f"No single order is worth more than {_money(limits.order_notional)} {quote}."
    if limits.turnover is not None:
        yield f"In 24 hours it trades at most {_money(limits.turnover)} {quote}."
    if limits.open_orders is not None:
        yield f"At most {limits.open_orders} of its orders are open at one time."
    if limits.collar is not None:
        out = f"; to get out, {_percent(limits.exit_collar)}" if limits.exit_collar is not None else ""
        yield (
            f"It buys at most {_percent(limits.collar)} above, and sells at most {_percent(limits.collar)} below, the"
            f" price that the vault itself sees{out}."
        )
    if limits.loss is not None:
        yield f"Once a day has cost it {_money(limits.loss)} {quote}, it opens nothing more until the next."
    if limits.inventory:
        coins = ", ".join(f"{_money(amount)} {coin}" for coin, amount in limits.inventory.items())
        yield f"Of your own coins it may sell {coins}; of others only what it bought itself."
    else:
        yield "It sells only what it bought itself."
    if limits.expires is not None:
        until = datetime.fromtimestamp(limits.expires, UTC)
        yield f"It ends on {until:%Y-%m-%d}; from then on it may only get out."


def _money(text: str) -> str:
    value = Decimal(text)
    return f"{value:,.2f}" if value >= 1 else f"{value.normalize():f}"


def _percent(text: str) -> str:
    return f"{Decimal(text).scaleb(2).normalize():f} %"
