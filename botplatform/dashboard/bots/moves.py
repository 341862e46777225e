"""What a bot will do next: at which price, at what time, and what still has to come true first.

Taken from the strategy's own answers: the orders that it wants, what it waits for, the conditions that it asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from botplatform.bots.models import Bot
from botplatform.dashboard import figures
from botplatform.dashboard.standing import OpenDeal, Standing
from botplatform.lib import clock
from botplatform.markets import history
from botplatform.markets.models import Market
from strategies.conditions import Conditions, Stream
from strategies.conditions.words import next_words
from strategies.events import Alarm
from strategies.market import ZERO
from strategies.orders import Order, Side
from strategies.settings import SettingsRefused

_NEAREST = 3  # orders of a side that are told; the others stand in the table below
_MINUTE = 60_000
_KEPT = 1000  # minutes that conditions look back on
_MOST_STREAMS = 64
_LATE = 5_000  # milliseconds after which a candle that is late is looked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that happens next. `when` is a price, a time or nothing; `away` how far the price is from it."""

    when: str
    what: str
    kind: str  # buy, sell, stop, time, condition
    away: Decimal | None = None


def moves(standing: Standing, price: Decimal | None) -> list[Move]:
    """Of the open deals, nearest first; then what has to be so that the next one opens."""
    found: list[Move] = []
    for deal in standing.deals:
        at = price if deal.row.market_id == standing.bot.market_id else deal.row.market.last_price
        found += _of_deal(deal, at)
    if standing.bot.enabled:
        found += _of_opening(standing, price)
    return found


def _of_deal(deal: OpenDeal, price: Decimal | None) -> Iterator[Move]:
    try:
        strategy = deal.row.strategy
    except SettingsRefused:
        return
    market, rules, state = deal.row.market, deal.row.market.rules, deal.state
    wanted = [order for order in strategy.orders(state) if order.amount > state.filled(order.name)]
    priced = [order for order in wanted if order.price is not None]
    for side in (Side.SELL, Side.BUY):
        nearest = sorted((abs((o.price or ZERO) - (price or ZERO)), o.name, o) for o in priced if o.side is side)
        for _, _, order in nearest[:_NEAREST]:
            yield _order(order, deal, price, market)
    yield from (
        Move(when="now", what=f"{_verb(order)} {_coins(order, deal, market)} {rules.base} at market", kind=order.side)
        for order in wanted
        if order.price is None
    )
    for awaited in strategy.watches(state):
        if isinstance(awaited, Alarm):
            yield Move(when=_time(awaited.at), what=awaited.then, kind="time")
        else:
            when = f"{awaited.crossing.value} {figures.price(awaited.price, market.tick_size)}"
            yield Move(when=when, what=awaited.then, kind="stop", away=_away(awaited.price, price))
    for conditions in strategy.asks.values():
        for words in _words(conditions, market):
            yield Move(when="", what=words, kind="condition")


def _order(order: Order, deal: OpenDeal, price: Decimal | None, market: Market) -> Move:
    at = order.price or ZERO
    missing = order.amount - deal.state.filled(order.name)
    whole = order.side is not deal.state.opens and missing >= deal.state.to_exit > 0
    what = f"{_verb(order)} {'all, ' if whole else ''}{figures.amount(missing, market.lot_size)} {market.rules.base}"
    worth = figures.money(missing * at)
    return Move(
        when=figures.price(at, market.tick_size),
        what=f"{what} for {worth} {market.rules.quote}",
        kind=order.side.value,
        away=_away(at, price),
    )


def _of_opening(standing: Standing, price: Decimal | None) -> Iterator[Move]:
    """What still keeps the next deal from opening on the bot's first market."""
    bot, market = standing.bot, standing.bot.market
    try:
        opening = bot.strategy.opening
    except SettingsRefused:
        return
    going_on = len(standing.deals)
    if not opening.next_one(standing.closed + going_on, going_on) or any(
        deal.row.market_id == market.pk for deal in standing.deals
    ):
        return
    against = [] if price is None else list(opening.against(market.symbol, price, market.volume))
    for reason in against:
        yield Move(when="", what=f"No deal opens: {reason[:1].lower()}{reason[1:]}", kind="condition")
    if opening.conditions is not None:
        for words in _words(opening.conditions, market):
            yield Move(when="", what=f"For the next deal: {words}", kind="condition")
    elif not against:
        yield Move(when="now", what=_first(bot), kind="condition")


def _first(bot: Bot) -> str:
    if bot.kind == "signal":
        return "Waits for a signal"
    return "The next deal opens as soon as the runner gets to it"


def _verb(order: Order) -> str:
    return "buys" if order.side is Side.BUY else "sells"


def _coins(order: Order, deal: OpenDeal, market: Market) -> str:
    return figures.amount(order.amount - deal.state.filled(order.name), market.lot_size)


def _away(at: Decimal, price: Decimal | None) -> Decimal | None:
    return at / price - 1 if price else None


def _time(milliseconds: int) -> str:
    at, now = datetime.fromtimestamp(milliseconds / 1000, UTC), clock.now()
    return at.strftime("%H:%M UTC") if at.date() == now.date() else at.strftime("%Y-%m-%d %H:%M UTC")


# Conditions, with what they say now

_STREAMS: OrderedDict[tuple[int, str], tuple[int, Stream]] = OrderedDict()  # with the time until which each is good


def _words(conditions: Conditions, market: Market) -> tuple[str, ...]:
    """Each condition: what must be, what is, when it is looked at next."""
    # Seen from where the latest candle can be here: a minute's first seconds still show what the one before said.
    now = int((clock.now() - history.GRACE).timestamp() * 1000)
    return next_words(conditions, _stream(conditions, market, now), now)


def _stream(conditions: Conditions, market: Market, now: int) -> Stream:
    """What the conditions say of the minutes that are kept, worked out once a minute."""
    key, minute = (market.pk, repr(conditions)), now - now % _MINUTE
    known = _STREAMS.get(key)
    if known is not None and now < known[0]:
        return known[1]
    stream = Stream(conditions)
    longer: Mapping[int, int] = conditions.history()
    for interval in sorted(longer, reverse=True):
        if interval * longer[interval] > _KEPT:
            stream.prime(history.closed(market, interval, 0, longer[interval]))
    stream.prime(history.closed(market, 1, 0, _KEPT))
    _STREAMS[key] = (minute + _MINUTE if stream.closed_at >= minute else now + _LATE), stream
    while len(_STREAMS) > _MOST_STREAMS:
        _STREAMS.popitem(last=False)
    return stream
