"""From a webhook's message to a signal, or to the reason why there is none.

The message is that of 3Commas' signal bot, custom signals and TradingView strategies alike. A strategy's alert only
says that it bought or sold; what it means is told by the position before and after:

    before   after    order   long bot            short bot
    flat     long     buy     enter_long          -
    long     long     buy     enter_long (more)   -
    long     long     sell    exit_long (a part)  -
    long     flat     sell    exit_long           -
    long     short    sell    exit_long           enter_short
    short    long     buy     enter_long          exit_short

Who asks has checked the secret, and keeps the wishes that it has passed on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from strategies.events import Signalled
from strategies.exits.funds import refused
from strategies.market import ZERO, Market
from strategies.orders import Side
from strategies.settings import SettingsRefused
from strategies.signal_bot import message as parts
from strategies.signal_bot.order import Action, AmountIn, SignalOrder, signalled
from strategies.signal_bot.settings import SignalSettings

_AHEAD = 60  # seconds by which a sender's clock may be ahead of ours
_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no signal, as a sentence that names field and remedy."""

    reason: str


def translate(
    message: Mapping[str, Any],
    settings: SignalSettings,
    market: Market,
    *,
    now: int,
    last_price: Decimal,
    heard: Container[str] = (),
) -> Signalled | Refusal:
    """The signal that a message is, or why it is none.

    `now` in milliseconds since 1970, when the message came; `last_price` counts where the message names no price;
    `heard` are the wishes of signals that were passed on before.
    """
    try:
        parts.only(message, parts.FIELDS)
        at = _at(message, settings, now)
        _check_market(message, market)
        wish = identity(message, now)
        if wish in heard:
            raise refused("timestamp", "this message was heard before.", "Send each signal once.")
        action, order = _meant(message, settings.side)
        said = message.get("trigger_price")
        price = last_price if said is None else parts.number(said, "trigger_price")
        if price <= ZERO:
            raise refused("trigger_price", f"{price} is no price.", "Give more than 0, or leave it out.")
        return signalled(wish, at, action, price, order, parts.exits_of(message))
    except SettingsRefused as why:
        return Refusal(str(why))


def identity(message: Mapping[str, Any], now: int) -> str:
    """The wish that a message is: 24 hex digits. The same message is the same wish.

    A message that does not say when it was sent could rightly come again with the same words, so for one of these the
    time at which it came is part of it.
    """
    said = {name: value for name, value in message.items() if name != "secret"}
    if said.get("timestamp") is None:
        said["came_at"] = now
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def too_late(sent_at: int | None, now: int, max_lag: int | None) -> str | None:
    """Why a signal is too old to be heeded, or None. Times in milliseconds, `max_lag` in seconds; None: any age."""
    if max_lag is None:
        return None
    if sent_at is None:
        return f"it does not say when it was sent, and may be {max_lag} seconds old."
    if now - sent_at > max_lag * _SECOND:
        return f"it was sent {(now - sent_at) // _SECOND} seconds ago, and may be {max_lag} seconds old."
    if sent_at - now > _AHEAD * _SECOND:
        return f"it was sent {(sent_at - now) // _SECOND} seconds from now."
    return None


def while_enabled(signals: Iterable[Signalled]) -> Iterator[Signalled]:
    """Signals in their order up to the first that disables the bot: what a backtest may be told.

    Live, such a signal also ends the opening of deals; only who runs the bot can do that.
    """
    for signal in signals:
        yield signal
        if signal.action == Action.DISABLE:
            return


def _at(message: Mapping[str, Any], settings: SignalSettings, now: int) -> int:
    """When the message was sent. Raises SettingsRefused if it is too old, by the bot's settings or its own word."""
    at = parts.sent_at(message)
    limits = [] if settings.max_lag is None else [settings.max_lag]
    if "max_lag" in message:
        limits.append(int(parts.number(message["max_lag"], "max_lag")))
    why = too_late(at, now, min(limits, default=None))
    if why is not None:
        raise refused("timestamp", why, "Send it again with {{timenow}}, or allow more seconds.")
    return now if at is None else at


def _check_market(message: Mapping[str, Any], market: Market) -> None:
    said = message.get("tv_instrument")
    if said is None:
        return
    name = str(said).rpartition(":")[2].upper().replace("/", "").replace("-", "").replace("_", "")
    ours = market.base + market.quote
    if name != ours:
        kind = " is a derivative's" if name.startswith(ours) else ""
        problem = f"{said}{kind or ' is another market'}; this bot trades {market.symbol}."
        raise refused("tv_instrument", problem, f"Send alerts of {ours}.")


def _meant(message: Mapping[str, Any], side: Side) -> tuple[Action, SignalOrder | None]:
    """What a message asks for. Raises SettingsRefused if nothing that this bot could do."""
    action, order = message.get("action"), parts.order_of(message)
    info = parts.part_of(message, "strategy_info", parts.STRATEGY_FIELDS)
    if action in tuple(Action):
        return Action(action), order
    if action not in ("buy", "sell"):
        if isinstance(action, str) and "{{" in action:
            raise refused("action", f"the placeholder {action} was not filled in.", "Use it in a strategy's alert.")
        known = ", ".join((*Action, "buy", "sell"))
        raise refused("action", f"there is no action {action!r}.", f"Send one of: {known}.")
    bought = action == "buy"
    opens = Action.ENTER_LONG if side is Side.BUY else Action.ENTER_SHORT
    closes = Action.EXIT_LONG if side is Side.BUY else Action.EXIT_SHORT
    if not info:
        return (opens if bought is (side is Side.BUY) else closes), order
    ours = "long" if side is Side.BUY else "short"
    before, after = (_position(info, name) for name in ("prev_market_position", "market_position"))
    if before != ours and after == ours:
        # A reversal's order closes the other way first: only what is held after it was bought for this position.
        return opens, _size(info, order) if before != "flat" else order
    if before == ours and after != ours:
        return closes, parts.everything()
    if before == ours and after == ours:
        return (opens if bought is (side is Side.BUY) else closes), order
    problem = f"the strategy went from {before} to {after}, and this bot only goes {ours}."
    raise refused("strategy_info", problem, "Nothing has to be done: the signal is for another bot.")


def _position(info: Mapping[str, Any], name: str) -> str:
    value = info.get(name)
    if value not in ("long", "short", "flat"):
        raise refused(f"strategy_info.{name}", f"{value!r} is no position.", "Give long, short or flat.")
    return str(value)


def _size(info: Mapping[str, Any], order: SignalOrder | None) -> SignalOrder | None:
    if order is None or order.amount_in is not AmountIn.BASE or "market_position_size" not in info:
        return order
    size = abs(parts.number(info["market_position_size"], "strategy_info.market_position_size"))
    return replace(order, amount=size) if size else order
