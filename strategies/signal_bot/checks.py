"""What a signal bot needs, what cannot work on a market, and what works but hardly as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from strategies.exits import NOTHING_SEEN, Position, doubtful, unfit
from strategies.market import ONE, ZERO, Market
from strategies.orders import Side
from strategies.settings import Problem
from strategies.signal_bot.settings import ExitsFrom, SignalSettings

_WITHOUT_BOUND = 2  # how far an exit that has no price may be from the entry, for the largest order


def position(settings: SignalSettings, quote: Decimal, price: Decimal, market: Market) -> Position:
    """A position that is worth `quote`, entered at `price`, after the fee."""
    amount, fee = market.amount_down(quote / price), max(market.maker_fee, market.taker_fee)
    if settings.side is Side.SELL:
        amount, cost = market.amount_up(amount / (ONE - fee)), price * (ONE - fee)
    else:
        amount, cost = market.amount_down(amount * (ONE - fee)), price / (ONE - fee)
    return Position(market=market, opens=settings.side, amount=amount, price=price, entry_price=price, cost=cost)


def capital(settings: SignalSettings, price: Decimal, market: Market) -> Decimal:
    """Quote needed for the largest position with its fee; of a short, what a stop loss takes beyond the sale."""
    if settings.side is Side.BUY:
        return settings.max_position * (ONE + market.taker_fee)
    stop = settings.stop_loss
    short = position(settings, settings.max_position, price, market)
    level = None if stop is None else stop.level(short, NOTHING_SEEN, break_even=False)
    if stop is None or level is None:
        return ZERO
    worst = stop.order_price(short, level) or level
    got = market.amount_down(settings.max_position / price) * short.cost
    return max(short.amount * worst - got, ZERO)


def largest_order(settings: SignalSettings, price: Decimal, market: Market) -> Decimal:
    """Notional of everything closed at once, at up to twice what it came at."""
    whole = position(settings, settings.max_position, price, market)
    return max(whole.amount * whole.price, settings.max_position) * _WITHOUT_BOUND


def problems(settings: SignalSettings, price: Decimal, market: Market) -> Iterator[Problem]:
    """What cannot work on this market while it stands at `price`."""
    amount = market.amount_down(settings.order_amount / price)
    if not market.accepts(amount, price):
        smallest = max(market.min_notional, market.smallest * price)
        yield Problem(
            "order_amount",
            f"{settings.order_amount} {market.quote} is below the smallest order of {market.symbol}.",
            f"Give more than {smallest.normalize():f}.",
        )
        return
    if settings.coins is not None and amount > settings.coins:
        yield Problem(
            "coins",
            f"one entry sells {amount} {market.base}, and the bot has {settings.coins}.",
            f"Give it at least {amount}, or a smaller order amount.",
        )
    yield from unfit(settings.bots_exits, position(settings, settings.order_amount, price, market), price)
    resting = len(settings.take_profit) + settings.entries
    if resting > market.max_orders:
        yield Problem("entries", f"{market.symbol} allows {market.max_orders} open orders.", "Allow fewer entries.")


def warnings(settings: SignalSettings, price: Decimal, market: Market) -> Iterator[Problem]:
    """What will work, but hardly as the user expects."""
    yield from doubtful(settings.bots_exits, position(settings, settings.order_amount, price, market))
    if settings.order_amount * settings.entries > settings.max_position:
        yield Problem(
            "max_position",
            f"{settings.entries} entries of {settings.order_amount} are more: not all of them will be heeded.",
            "Allow a larger position, or fewer entries.",
        )
    if settings.exits_from is ExitsFrom.BOT and settings.stop_loss is None:
        what = "if the signals stop coming, a position has no stop loss."
        yield Problem("stop_loss", what, "Add one, unless the signals are to close every position.")
    if settings.max_lag is None:
        yield Problem("max_lag", "a signal that comes late, or again, trades late.", "Say how old a signal may be.")
