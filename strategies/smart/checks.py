"""What a SmartTrade needs, what cannot work on a market, and what works but hardly as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from strategies.deal import Deal
from strategies.events import Crossing
from strategies.exits import NOTHING_SEEN, Position, doubtful, unfit
from strategies.exits.funds import limit_price
from strategies.market import ONE, ZERO, Market
from strategies.orders import Side
from strategies.settings import Problem
from strategies.smart import entry
from strategies.smart.settings import Entry, SmartSettings

_WITHOUT_BOUND = 2  # how far an exit that has no price may rise, for the largest order


def entry_price(settings: SmartSettings, price: Decimal, market: Market) -> Decimal:
    """The price at which the position is taken, as far as can be said while the market stands at `price`."""
    if settings.price is not None and settings.entry is not Entry.HELD:
        return limit_price(market, settings.side, settings.price) or price
    if settings.entry is Entry.CONDITIONAL and settings.trigger is not None and not entry.reached(settings, price):
        return settings.trigger
    return price


def highest_entry(settings: SmartSettings, price: Decimal, market: Market) -> Decimal:
    """The worst price that a buy may be sent at, the trailing counted; a price that jumps may be worse."""
    likely = entry_price(settings, price, market)
    if settings.price is not None:
        return likely
    return max(likely, price) * (ONE + (settings.entry_trailing or ZERO))


def coins(settings: SmartSettings, price: Decimal, market: Market) -> Decimal:
    """Coins that the trade is for, on lots."""
    return entry.amount_of(settings, market, entry_price(settings, price, market))


def position(settings: SmartSettings, price: Decimal, market: Market) -> Position:
    """The position as it will be after the entry and its fee."""
    amount, taken = coins(settings, price, market), entry_price(settings, price, market)
    fee = max(market.maker_fee, market.taker_fee)
    if settings.side is Side.SELL:
        amount, cost = market.amount_up(amount / (ONE - fee)), taken * (ONE - fee)
    elif settings.entry is Entry.HELD:
        taken = cost = settings.price or price
    else:
        amount, cost = market.amount_down(amount * (ONE - fee)), taken / (ONE - fee)
    return Position(market=market, opens=settings.side, amount=amount, price=taken, entry_price=taken, cost=cost)


def capital(settings: SmartSettings, price: Decimal, market: Market) -> Decimal:
    """Quote needed: the entry at its worst price with its fee; for a short what a stop loss takes beyond the sale."""
    if settings.entry is Entry.HELD:
        return ZERO
    if settings.side is Side.SELL:
        short = position(settings, price, market)
        got = coins(settings, price, market) * short.cost
        return max(short.amount * _given_up_at(settings, short) - got, ZERO)
    worst = highest_entry(settings, price, market)
    spent = coins(settings, price, market) * worst
    if settings.quote_amount is not None:
        spent = min(spent, settings.quote_amount)
    return spent * (ONE + market.taker_fee)


def largest_order(settings: SmartSettings, price: Decimal, market: Market) -> Decimal:
    """Notional of the largest order it can send: the entry, or everything closed at its best or worst price.

    An exit that has no price of its own (trailing, or none but the user's) is reckoned at twice the price.
    """
    taken = position(settings, price, market)
    prices = [highest_entry(settings, price, market), price, *(step.at(taken) for step in settings.take_profit)]
    highest = max(prices)
    if taken.long:
        unbounded = settings.trailing is not None or not settings.take_profit
    else:
        highest, unbounded = max(highest, _given_up_at(settings, taken)), settings.stop_loss is None
    amount = max(taken.amount, coins(settings, price, market))
    return amount * highest * (_WITHOUT_BOUND if unbounded else 1)


def problems(settings: SmartSettings, price: Decimal, market: Market) -> Iterator[Problem]:
    """What cannot work on this market while it stands at `price`."""
    field = "base_amount" if settings.quote_amount is None else "quote_amount"
    amount, taken = coins(settings, price, market), entry_price(settings, price, market)
    if not market.accepts(amount, taken):
        smallest = max(market.min_notional, market.smallest * taken)
        yield Problem(
            field,
            f"{amount} {market.base} at {taken} are below the smallest order of {market.symbol}.",
            f"Let them be worth more than {smallest.normalize():f} {market.quote}.",
        )
        return
    held = settings.entry is Entry.HELD
    yield from unfit(settings.exits, position(settings, price, market), price if held else taken)
    if len(settings.take_profit) + 1 > market.max_orders:
        yield Problem("take_profit", f"{market.symbol} allows {market.max_orders} open orders.", "Use fewer steps.")


def warnings(settings: SmartSettings, price: Decimal, market: Market) -> Iterator[Problem]:
    """What will work, but hardly as the user expects."""
    yield from doubtful(settings.exits, position(settings, price, market))
    if settings.entry is Entry.CONDITIONAL and entry.reached(settings, price):
        where = "below" if settings.crossing is Crossing.BELOW else "above"
        what = "sent at once" if settings.entry_trailing is None else "trailing at once"
        yield Problem(
            "trigger",
            f"the price, {price}, is {where} {settings.trigger} already: the entry is {what}.",
            "Move the trigger, or wait for the other crossing.",
        )
    if settings.entry is Entry.LIMIT and settings.price is not None:
        buys = settings.side is Side.BUY
        if price < settings.price if buys else price > settings.price:
            yield Problem(
                "price",
                f"the market stands at {price}: the limit order trades at once.",
                "Choose a limit that is not reached yet, or an entry at market.",
            )
    if not settings.take_profit and settings.stop_loss is None and settings.timeout is None:
        yield Problem("take_profit", "nothing ends this trade but you.", "Add a take profit or a stop loss.")
    if settings.side is Side.SELL and settings.stop_loss is None:
        yield Problem(
            "stop_loss",
            "if the price rises, buying the coins back may cost any amount more than they were sold for.",
            "Add a stop loss.",
        )


def edits(old: SmartSettings, new: SmartSettings, deal: Deal) -> Iterator[Problem]:
    """What cannot be changed any more in a trade that goes on: how it got in, once something has traded."""
    if not deal.started and old.entry is not Entry.HELD:
        if new.side is not old.side:
            yield Problem("side", "the trade has begun the other way round.", "Cancel it and begin a new one.")
        return
    for name in ("side", "entry", "base_amount", "quote_amount", "price", "trigger", "crossing", "entry_trailing"):
        if getattr(old, name) != getattr(new, name):
            yield Problem(name, "the trade is in already.", "Leave it as it was; add or reduce funds instead.")


def _given_up_at(settings: SmartSettings, taken: Position) -> Decimal:
    """The price at which a stop loss buys back; without one, the price of the sale."""
    stop = settings.stop_loss
    level = None if stop is None else stop.level(taken, NOTHING_SEEN, break_even=False)
    if stop is None or level is None:
        return taken.price
    return stop.order_price(taken, level) or level
