"""What a bot would do if it started now: its first orders, those that follow, and the worst that can come of it.

Nothing here has formulas of its own: a deal is played through with the strategy that will trade it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from strategies.backtest.candles import Candles
from strategies.backtest.engine import NeverRests, run
from strategies.deal import Deal
from strategies.events import Awaited
from strategies.market import ONE, ZERO, Market
from strategies.opening import Past
from strategies.orders import Fill, Order, Side
from strategies.rebalance import Rebalance
from strategies.recurring import Recurring
from strategies.settings import SettingsRefused
from strategies.signal_bot import SignalBot
from strategies.signal_bot.settings import ExitsFrom
from strategies.strategy import Strategy
from strategies.twap import TWAP

_ROUNDS = 8  # of orders that trade at once, one after the other
_FALL_BARS = 240
_DEEPEST, _HIGHEST = 0.001, 10.0  # of the price: how far the worst case goes
_MINUTE = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The first deal, at one moment. `now` are the orders that are sent at once; `then` those once these have traded.

    `deal` has these trades. `awaited` is what it waits for besides orders.
    """

    price: Decimal
    deal: Deal
    now: tuple[Order, ...]
    then: tuple[Order, ...]
    awaited: tuple[Awaited, ...]


def sized(strategy: Strategy, balance: Decimal | None) -> Strategy:
    """Its sizes in quote. Raises SettingsRefused if they need a balance that is not known."""
    return strategy.for_deal(Past(balance=balance))


def outlook(strategy: Strategy, market: Market, price: Decimal, at: int = 0) -> Outlook:
    """The first deal of this strategy if it opens at `price`. What trades at once does so at that price."""
    given = strategy.given(price, market)
    deal = Deal(market=market, price=price, opened_at=at, carried=given, opens=strategy.opens_with)
    now = _missing(strategy.orders(deal), deal)
    for _ in range(_ROUNDS):
        ready = [order for order in _missing(strategy.orders(deal), deal) if _at_once(order, price)]
        entry = ready or ([] if deal.started else [*_missing(strategy.orders(deal), deal)][:1])
        if not entry:
            break
        for order in entry:
            trade(deal, order, price if order.price is None else order.price, maker=order not in ready)
    then = _missing(strategy.orders(deal), deal)
    return Outlook(price=price, deal=deal, now=now, then=then, awaited=tuple(strategy.watches(deal)))


def trade(deal: Deal, order: Order, price: Decimal, *, maker: bool) -> None:
    """Let what is missing of this order trade at this price."""
    market = deal.market
    amount = order.amount - deal.filled(order.name)
    rate = market.maker_fee if maker else market.taker_fee
    buys = order.side is Side.BUY
    deal.record(
        Fill(
            order=order.name,
            side=order.side,
            amount=amount,
            price=price,
            fee=amount * rate if buys else amount * price * rate,
            fee_asset=market.base if buys else market.quote,
            at=deal.opened_at,
            trade_id=f"{order.name} {len(deal.by_order)} {deal.filled(order.name)}",
        )
    )


def _missing(orders: Iterable[Order], deal: Deal) -> tuple[Order, ...]:
    return tuple(order for order in orders if order.amount > deal.filled(order.name))


def _at_once(order: Order, price: Decimal) -> bool:
    if order.price is None:
        return True
    return order.price >= price if order.side is Side.BUY else order.price <= price


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The worst that one deal can come to if the price goes against it without a turn.

    `loss` in quote, `share` of the capital. `ends`: whether something of the bot's own ends it on the way.
    """

    loss: Decimal
    share: Decimal | None
    ends: bool
    rises: bool  # the price that hurts rises


def worst(strategy: Strategy, market: Market, price: Decimal, capital: Decimal) -> Worst | None:
    """The engine's answer over candles that fall to almost nothing, or for a short rise tenfold; None: it has none.

    A stop is taken at its own price: a market that jumps over it costs more. What only ever buys can lose all of it.
    """
    short = strategy.opens_with is Side.SELL
    if isinstance(strategy, Recurring | Rebalance | TWAP):
        return Worst(loss=capital, share=ONE, ends=False, rises=False)
    if isinstance(strategy, SignalBot):
        return _of_signals(strategy, capital)
    candles = _against(price, market, rises=short)
    try:
        found = run(strategy, market, candles)
    except (NeverRests, SettingsRefused):
        return None
    last = Decimal(repr(float(candles.close[-1])))
    deals = found.deals[:1]
    result = sum((deal.realised for deal in deals), ZERO)
    open_ones = [deal for deal in deals if deal.closed_bar is None]
    result += sum((deal.held * last - deal.cost_of_held for deal in open_ones), ZERO)
    loss = max(-result, ZERO)
    return Worst(loss=loss, share=loss / capital if capital else None, ends=not open_ones, rises=short)


def _of_signals(bot: SignalBot, capital: Decimal) -> Worst | None:
    """Of a full position; None where the signals bring the stop loss, or it stands at none of the entry's prices."""
    stop = bot.stop_loss
    if bot.exits_from is ExitsFrom.SIGNAL or bot.opens_with is Side.SELL:
        return None
    share = ONE if stop is None or stop.loss is None else stop.loss
    return Worst(loss=capital * share, share=share, ends=share < 1, rises=False)


def _against(price: Decimal, market: Market, *, rises: bool) -> Candles:
    """Minutes in which the price goes evenly from here to there."""
    end = _HIGHEST if rises else _DEEPEST
    start, tick = float(price), float(market.tick_size)
    path = start * end ** (np.arange(_FALL_BARS + 1) / _FALL_BARS)
    path = np.maximum(np.round(path / tick) * tick, tick)
    path[0] = start
    places = max(0, -int(market.tick_size.normalize().as_tuple().exponent))
    path = np.round(path, places)
    opened, closed = path[:-1], path[1:]
    return Candles(
        opened_at=np.arange(_FALL_BARS, dtype=np.int64) * _MINUTE,
        open=opened,
        high=np.maximum(opened, closed),
        low=np.minimum(opened, closed),
        close=closed,
        volume=np.ones(_FALL_BARS),
        span=_MINUTE,
    )
