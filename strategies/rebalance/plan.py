"""Who sells and who buys for how much: worked out from what all coins are worth, the same for each of them.

    target_i = weight_i x total
    sell_i   = worth_i - target_i
    buy_i    = (target_i - worth_i) x min(1, cash / (1 + spare) / sum of all buys)

Less than the smallest trade is neither sold nor bought, and counts in no sum. The buys together never spend more than
the cash that is there.
"""

from __future__ import annotations

from decimal import Decimal

from strategies.events import Valued
from strategies.market import ONE, ZERO
from strategies.rebalance.settings import Drift, RebalanceSettings


def to_sell(settings: RebalanceSettings, now: Valued, symbol: str) -> Decimal:
    """Quote that this coin is worth too much; zero if it is not."""
    return max(_excess(settings, now, now.total, symbol), ZERO)


def to_buy(settings: RebalanceSettings, now: Valued, symbol: str) -> Decimal:
    """Quote for which this coin is to be bought from the cash that is there; zero if it is not."""
    total = now.total
    missing = {each: max(-_excess(settings, now, total, each), ZERO) for each, _ in now.worth}
    wanted = sum(missing.values(), ZERO)
    if not wanted:
        return ZERO
    cash = max(now.cash, ZERO) / (ONE + settings.spare)
    # Multiplied first: a share of everything is then everything, and not a digit more.
    return missing[symbol] if wanted <= cash else missing[symbol] * cash / wanted


def drifted(settings: RebalanceSettings, now: Valued) -> bool:
    """Whether a coin is so far from its target that all are to be brought back."""
    if settings.drift is None:
        return False
    total = now.total
    for symbol, _ in now.worth:
        coin = settings.coin(symbol)
        if coin is not None:
            apart = abs(_excess(settings, now, total, symbol))
            of = total if settings.measured is Drift.POINTS else total * coin.weight
            if apart and apart >= settings.drift * of:
                return True
    return False


def _excess(settings: RebalanceSettings, now: Valued, total: Decimal, symbol: str) -> Decimal:
    """Quote that a coin is above its target, below zero when below; zero if it is too little to trade."""
    coin = settings.coin(symbol)
    if coin is None:
        return ZERO
    excess = dict(now.worth)[symbol] - coin.weight * total
    return excess if abs(excess) >= settings.smallest_trade else ZERO
