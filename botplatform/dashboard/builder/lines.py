"""The prices of a bot as lines on a chart, and what dragging one of them means for its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import singledispatch

from botplatform.dashboard.builder.outlook import Outlook
from botplatform.lib.money import written
from strategies.dca import DCA
from strategies.dca.choices import Direction, From, Reckoned
from strategies.dca.ladder import deviations
from strategies.dca.profit import base_average, last_target, target
from strategies.deal import Deal
from strategies.events import Alarm
from strategies.exits import Exits, Position, Seen
from strategies.grid import Grid
from strategies.market import ONE, ZERO, Market
from strategies.orders import Side
from strategies.recurring import Recurring
from strategies.signal_bot import SignalBot
from strategies.smart import SmartTrade
from strategies.smart.settings import Entry
from strategies.strategy import Strategy
from strategies.twap import TWAP

Set = Mapping[str, str]  # what to type into which field
_PERCENT = Decimal("0.001")  # a dragged percentage is typed to so many digits
_LEAST = Decimal("0.001")
_BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`kind` is its colour: buy, sell, stop, entry or limit. Only a line with a `handle` can be dragged."""

    price: Decimal
    title: str
    kind: str
    handle: str = ""


@singledispatch
def lines(strategy: Strategy, out: Outlook) -> Iterator[Line]:
    """The lines of this kind of bot: here those of its orders and of the prices that it waits for."""
    del strategy
    for order in (*out.now, *out.then):
        if order.price is not None:
            yield Line(price=order.price, title=order.name.replace("-", " "), kind=order.side.value)
    for awaited in out.awaited:
        if not isinstance(awaited, Alarm):
            yield Line(price=awaited.price, title=awaited.then.partition(":")[0], kind="stop")


@singledispatch
def dragged(strategy: Strategy, out: Outlook, handle: str, price: Decimal) -> Set:
    """What has to be typed so that the line with this handle lies at `price`; empty where it cannot be dragged."""
    del strategy, out, handle, price
    return {}


# DCA


@lines.register
def _dca(strategy: DCA, out: Outlook) -> Iterator[Line]:
    deal = out.deal
    if _BASE not in deal.by_order:
        return
    adds, exits = ("buy", "sell") if strategy.direction is Direction.LONG else ("sell", "buy")
    yield Line(price=deal.by_order[_BASE].average_price, title="base order", kind="entry")
    for rung in strategy.ladder(_anchor(strategy, deal), deal.market):
        loose = strategy.own_ladder or strategy.step_from is From.BASE or rung.number == 1
        handle = f"rung.{rung.number}" if loose else ""
        yield Line(price=rung.price, title=str(rung.number), kind=adds, handle=handle)
    for number, step in enumerate(strategy.take_profit_steps):
        at = target(strategy, deal, deal.entry_average, step.profit)
        yield Line(price=at, title=f"profit {number + 1}", kind=exits, handle=f"step.{number}")
    if strategy.take_profit is not None:
        at = last_target(strategy, deal, strategy._steps)  # noqa: SLF001 - its one step
        yield Line(price=at, title="take profit", kind=exits, handle="take_profit")
    stop = strategy.stop_price(deal)
    if stop is not None:
        yield Line(price=stop, title="stop loss", kind="stop", handle="stop_loss")


@dragged.register
def _drag_dca(strategy: DCA, out: Outlook, handle: str, price: Decimal) -> Set:
    deal = out.deal
    if _BASE not in deal.by_order:
        return {}
    long = strategy.direction is Direction.LONG
    what, _, number = handle.partition(".")
    if what == "rung":
        away = price / _anchor(strategy, deal)
        return _drag_rung(strategy, int(number), ONE - away if long else away - ONE)
    if what in ("take_profit", "step"):
        average = deal.entry_average if strategy.take_profit_from is Reckoned.TOTAL else base_average(deal)
        fee = ONE - deal.market.maker_fee
        profit = price * fee / average - ONE if long else ONE - price / (average * fee)
        return {"take_profit" if what == "take_profit" else f"take_profit_steps.{number}.profit": _percent(profit)}
    if what == "stop_loss":
        whole = strategy.stop_loss_from is Reckoned.TOTAL
        away = price / (deal.entry_average if whole else deal.by_order[_BASE].average_price)
        return {"stop_loss": _percent(ONE - away if long else away - ONE)}
    return {}


def _drag_rung(strategy: DCA, number: int, deviation: Decimal) -> Set:
    if strategy.own_ladder:
        return {f"own_ladder.{number - 1}.deviation": _percent(deviation, least=None)}
    if strategy.step_from is From.LAST:
        return {"step": _percent(deviation)}
    steps = deviations(ONE, strategy.step_scale, number)[-1]
    return {"step": _percent(deviation / steps)}


def _anchor(strategy: DCA, deal: Deal) -> Decimal:
    """What the ladder is measured from, once the base order has traded."""
    base = deal.by_order[_BASE]
    if strategy.step_from is From.LAST:
        return base.average_price
    return base.average_cost if strategy.direction is Direction.LONG else base.proceeds / base.sold


# Grid


@lines.register
def _grid(strategy: Grid, out: Outlook) -> Iterator[Line]:
    plan = strategy.plan(out.price, out.deal.market)
    count = plan.first_held + 10 if plan.count is None else plan.count
    for number in range(count + 1):
        at = strategy.upper if number == plan.count and strategy.upper is not None else plan.line(number)
        handle = "lower" if number == 0 else "upper" if number == plan.count else ""
        kind = "buy" if at < out.price else "sell"
        title = {"lower": "lowest line", "upper": "highest line"}.get(handle, "")
        yield Line(price=at, title=title, kind=kind, handle=handle)
    for name, title in _GRID_LEVELS.items():
        level = getattr(strategy, name)
        if level is not None:
            kind = "sell" if name == "take_profit_price" else "limit" if name in ("highest", "lowest") else "stop"
            yield Line(price=level, title=title, kind=kind, handle=name)


_GRID_LEVELS = {
    "stop_below": "stop below",
    "stop_above": "stop above",
    "take_profit_price": "take profit",
    "highest": "added up to",
    "lowest": "added down to",
}


@dragged.register
def _drag_grid(strategy: Grid, out: Outlook, handle: str, price: Decimal) -> Set:
    del strategy
    return {handle: _price(price, out.deal.market)} if handle in ("lower", "upper", *_GRID_LEVELS) else {}


# Smart trade and signal bot


@lines.register
def _smart(strategy: SmartTrade, out: Outlook) -> Iterator[Line]:
    side = strategy.side.value
    if strategy.trigger is not None:
        yield Line(price=strategy.trigger, title="trigger", kind="limit", handle="trigger")
    if strategy.price is not None:
        yield Line(price=strategy.price, title="entry", kind="entry", handle="price")
    elif strategy.trigger is None:
        yield Line(price=out.price, title="entry", kind="entry")
    yield from _exits(strategy.exits, _position(out, strategy.trigger or strategy.price, side), side)


@lines.register
def _signal(strategy: SignalBot, out: Outlook) -> Iterator[Line]:
    side = strategy.side.value
    yield Line(price=out.price, title="if a signal came now", kind="entry")
    yield from _exits(strategy.bots_exits, _position(out, None, side), side)


def _position(out: Outlook, entry: Decimal | None, side: str) -> Position:
    """What the exits would be for: of the trade that was played through, or of one coin entered at this price."""
    market = out.deal.market
    if (position := Position.of(out.deal)) is not None:
        return position
    price = entry or out.price
    buys = side == Side.BUY
    cost = price / (ONE - market.taker_fee) if buys else price * (ONE - market.taker_fee)
    opens = Side.BUY if buys else Side.SELL
    return Position(market=market, opens=opens, amount=ONE, price=price, entry_price=price, cost=cost)


def _exits(exits: Exits, position: Position, side: str) -> Iterator[Line]:
    for number, step in enumerate(exits.steps):
        kind = "sell" if side == "buy" else "buy"
        yield Line(price=step.at(position), title=f"profit {number + 1}", kind=kind, handle=f"step.{number}")
    stop = None if exits.stop_loss is None else exits.stop_loss.level(position, Seen(), break_even=False)
    if stop is not None:
        yield Line(price=stop, title="stop loss", kind="stop", handle="stop_loss")


@dragged.register
def _drag_smart(strategy: SmartTrade, out: Outlook, handle: str, price: Decimal) -> Set:
    market = out.deal.market
    if handle in ("price", "trigger"):
        allowed = handle == "price" or strategy.entry is Entry.CONDITIONAL
        return {handle: _price(price, market)} if allowed else {}
    side = strategy.side.value
    return _drag_exits(strategy.exits, _position(out, strategy.trigger or strategy.price, side), handle, price)


@dragged.register
def _drag_signal(strategy: SignalBot, out: Outlook, handle: str, price: Decimal) -> Set:
    return _drag_exits(strategy.bots_exits, _position(out, None, strategy.side.value), handle, price)


def _drag_exits(exits: Exits, position: Position, handle: str, price: Decimal) -> Set:
    market, long = position.market, position.long
    what, _, number = handle.partition(".")
    if what == "step":
        step = exits.steps[int(number)]
        if step.price is not None:
            return {f"take_profit.{number}.price": _price(price, market)}
        fee = ONE - (market.maker_fee if step.order == "limit" else market.taker_fee)
        profit = price * fee / position.cost - ONE if long else ONE - price / (position.cost * fee)
        return {f"take_profit.{number}.profit": _percent(profit)}
    stop = exits.stop_loss
    if what != "stop_loss" or stop is None:
        return {}
    if stop.price is not None:
        return {"stop_loss.price": _price(price, market)}
    away = price / position.entry_price
    return {"stop_loss.loss": _percent(ONE - away if long else away - ONE)}


# Recurring buys, TWAP


@lines.register
def _recurring(strategy: Recurring, out: Outlook) -> Iterator[Line]:
    if strategy.below is not None:
        at = out.deal.market.price_down(out.price * (ONE - strategy.below))
        yield Line(price=at, title="buys at", kind="buy", handle="below")
    if strategy.highest_price is not None:
        yield Line(price=strategy.highest_price, title="no higher", kind="limit", handle="highest_price")


@dragged.register
def _drag_recurring(strategy: Recurring, out: Outlook, handle: str, price: Decimal) -> Set:
    del strategy
    if handle == "below":
        return {"below": _percent(ONE - price / out.price)}
    return {"highest_price": _price(price, out.deal.market)} if handle == "highest_price" else {}


@lines.register
def _twap(strategy: TWAP, out: Outlook) -> Iterator[Line]:
    del out
    if strategy.worst_price is not None:
        yield Line(price=strategy.worst_price, title="worst price", kind="limit", handle="worst_price")


@dragged.register
def _drag_twap(strategy: TWAP, out: Outlook, handle: str, price: Decimal) -> Set:
    del strategy
    return {"worst_price": _price(price, out.deal.market)} if handle == "worst_price" else {}


def price_of(text: str) -> Decimal | None:
    """A price that a browser sends; None for what is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found > 0 else None


def _price(price: Decimal, market: Market) -> str:
    half = market.tick_size / 2
    return written(max(market.price_down(price + half), market.tick_size))


def _percent(fraction: Decimal, least: Decimal | None = _LEAST) -> str:
    """A fraction as it is typed, in percent; at least the least that makes sense."""
    percent = (fraction * 100).quantize(_PERCENT)
    return written(percent if least is None else max(percent, least)) if percent != ZERO or least else "0"
