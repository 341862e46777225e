"""An order at the market has no price, and on a thin book anything may happen to it.

So it is sent as a limit order that trades at once or not at all (IOC), at a worst acceptable price. What did not
trade is tried again at the price of then; an exit, which has to get out, gives way a little more each time.
"""

from __future__ import annotations

from decimal import Decimal

from strategies.market import ONE, Market
from strategies.orders import Side

_FIRST = Decimal("0.005")
_MOST = Decimal("0.05")


def worst_price(side: Side, last: Decimal, market: Market, *, tries: int, exit_order: bool) -> Decimal:
    """The price, on a tick, that an order at the market may trade at: 0.5 % from the last one, exits up to 5 %."""
    give = min(_FIRST * (2**tries), _MOST) if exit_order else _FIRST
    if side is Side.BUY:
        return market.price_up(last * (ONE + give))
    return max(market.price_down(last * (ONE - give)), market.tick_size)


def short_of_ours(side: Side, worst: Decimal, ours: Decimal | None, market: Market) -> Decimal:
    """The worst price, held a tick short of the best order of this installation on the other side.

    Two orders of one installation never trade with each other: the signer refuses what could.
    """
    if ours is None:
        return worst
    if side is Side.BUY:
        return max(min(worst, ours - market.tick_size), market.tick_size)
    return max(worst, ours + market.tick_size)
