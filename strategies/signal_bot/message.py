"""The parts of a webhook message, as alert senders for 3Commas' signal bot write them, in this bot's own words.

Numbers come as texts or numbers, percentages as percent, and what is not described here is refused by its name: a
stop loss that is misspelt must not be lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from strategies.exits import Step, StopLoss
from strategies.exits.funds import refused
from strategies.market import ONE
from strategies.orders import OrderType
from strategies.settings import SettingsRefused
from strategies.signal_bot.order import AmountIn, SignalExits, SignalOrder

FIELDS = (
    "secret",
    "max_lag",
    "timestamp",
    "trigger_price",
    "tv_exchange",
    "tv_instrument",
    "action",
    "bot_uuid",
    "strategy_info",
    "order",
    "take_profit",
    "stop_loss",
)
STRATEGY_FIELDS = (
    "market_position",
    "market_position_size",
    "prev_market_position",
    "prev_market_position_size",
)
_ORDER_FIELDS = ("amount", "currency_type", "order_type", "price", "price_percent")
_STEP_FIELDS = ("order_type", "price_percent", "volume_percent", "trailing")
_PERCENT = Decimal(100)
Made = TypeVar("Made")
_AMOUNTS = {"quote": AmountIn.QUOTE, "base": AmountIn.BASE, "position_percent": AmountIn.POSITION}


def part_of(message: Mapping[str, Any], name: str, fields: Iterable[str]) -> Mapping[str, Any]:
    """An object of a message, empty where there is none. Raises SettingsRefused for unknown fields, with their path."""
    value = message.get(name)
    return {} if value is None else _object(value, name, fields)


def _object(value: Any, path: str, fields: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refused(path, f"{value!r} is no object.", f"Give an object with: {', '.join(fields)}.")
    only(value, fields, f"{path}.")
    return value


def only(value: Mapping[str, Any], fields: Iterable[str], path: str = "") -> None:
    """Raises SettingsRefused for fields that are not known."""
    known = tuple(fields)
    unknown = [f"{path}{name}" for name in value if name not in known]
    if unknown:
        raise refused(unknown[0], f"not known: {', '.join(unknown)}.", f"Remove it; known are: {', '.join(known)}.")


def number(value: Any, field: str) -> Decimal:
    """A number of a message. Raises SettingsRefused, and names a placeholder that was not filled in."""
    if isinstance(value, str) and "{{" in value:
        raise refused(field, f"the placeholder {value} was not filled in.", "Use it in an alert that knows it.")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            pass
        else:
            if found.is_finite():
                return found
    raise refused(field, f"{value!r} is no number.", "Give a plain number.")


def yes(value: Any, field: str) -> bool:
    """A yes or no of a message."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise refused(field, f"{value!r} is neither true nor false.", "Give true or false.")


def sent_at(message: Mapping[str, Any]) -> int | None:
    """When a message was sent, in milliseconds since 1970; None if it does not say."""
    value = message.get("timestamp")
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise refused("timestamp", f"{value!r} is no time.", "Give one such as 2026-05-01T12:00:00Z.") from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(whole.timestamp() * 1000)


def order_of(message: Mapping[str, Any]) -> SignalOrder | None:
    """The order that a message asks for; None where it does not. Raises SettingsRefused."""
    said = part_of(message, "order", _ORDER_FIELDS)
    if not said:
        return None
    amount = number(said["amount"], "order.amount") if "amount" in said else None
    counts = said.get("currency_type", "quote")
    if counts == "margin_percent":
        problem = "margin_percent is a share of a futures margin, and this is spot."
        raise refused("order.currency_type", problem, "Give quote, base or position_percent.")
    if counts not in _AMOUNTS:
        raise refused("order.currency_type", f"{counts!r} is not known.", f"Give one of: {', '.join(_AMOUNTS)}.")
    if amount is not None and _AMOUNTS[counts] is AmountIn.POSITION:
        amount /= _PERCENT
    price = number(said["price"], "order.price") if "price" in said else None
    better = number(said["price_percent"], "order.price_percent") / _PERCENT if "price_percent" in said else None
    limit = price is not None or better is not None
    kind = _order_type(said.get("order_type", "limit" if limit else "market"), "order.order_type")
    if kind is OrderType.MARKET:
        price = better = None  # senders fill in the last close; an order at market has no use for it
    return _named(
        "order",
        lambda: SignalOrder(amount=amount, amount_in=_AMOUNTS[counts], order=kind, price=price, better_by=better),
    )


def exits_of(message: Mapping[str, Any]) -> SignalExits | None:
    """The exits that come with a message; None where there are none. Raises SettingsRefused."""
    profit = part_of(message, "take_profit", ("enabled", "steps"))
    loss = part_of(message, "stop_loss", ("enabled", "trigger_price_percent", "trailing"))
    steps, trailing = _steps(profit) if _enabled(profit, "take_profit") else ((), None)
    stop = _stop(loss) if _enabled(loss, "stop_loss") else None
    if not steps and stop is None:
        return None
    return _named("take_profit", lambda: SignalExits(take_profit=steps, trailing=trailing, stop_loss=stop))


def _steps(profit: Mapping[str, Any]) -> tuple[tuple[Step, ...], Decimal | None]:
    listed = profit.get("steps")
    if not isinstance(listed, list) or not listed:
        raise refused("take_profit.steps", "there are no steps.", "Give at least one, or set enabled to false.")
    found: list[Step] = []
    trailing = None
    for place, step in enumerate(listed):
        path = f"take_profit.steps[{place}]"
        said = _object(step, path, _STEP_FIELDS)
        if trailing is not None:
            before = f"take_profit.steps[{place - 1}].trailing"
            raise refused(before, "only the last step can trail.", "Leave it out here.")
        trailing = _trailing(said, f"{path}.trailing")
        found.append(_step(said, path))
    return tuple(found), trailing


def _step(step: Mapping[str, Any], path: str) -> Step:
    profit = number(step.get("price_percent"), f"{path}.price_percent") / _PERCENT
    share = number(step.get("volume_percent", 100), f"{path}.volume_percent") / _PERCENT
    kind = _order_type(step.get("order_type", "limit"), f"{path}.order_type")
    return _named(path, lambda: Step(profit=profit, share=share, order=kind))


def _trailing(step: Mapping[str, Any], path: str) -> Decimal | None:
    value = step.get("trailing")
    said = {} if value is None else _object(value, path, ("enabled", "percent"))
    return abs(number(said.get("percent"), f"{path}.percent")) / _PERCENT if _enabled(said, path) else None


def _stop(loss: Mapping[str, Any]) -> StopLoss:
    percent = abs(number(loss.get("trigger_price_percent"), "stop_loss.trigger_price_percent"))
    said = loss.get("trailing", False)
    if isinstance(said, Mapping):
        only(said, ("enabled",), "stop_loss.trailing.")
        said = said.get("enabled", False)
    trailing = yes(said, "stop_loss.trailing")
    return _named("stop_loss", lambda: StopLoss(loss=percent / _PERCENT, trailing=trailing))


def _enabled(said: Mapping[str, Any], path: str) -> bool:
    return bool(said) and yes(said.get("enabled", True), f"{path}.enabled")


def _order_type(value: Any, path: str) -> OrderType:
    if value not in tuple(OrderType):
        raise refused(path, f"{value!r} is not known.", "Give limit or market.")
    return OrderType(value)


def _named(path: str, make: Callable[[], Made]) -> Made:
    """What is made; a refusal's fields are named from the message's beginning."""
    try:
        return make()
    except SettingsRefused as why:
        problems = tuple(
            each if each.field.startswith(path) else replace(each, field=f"{path}.{each.field}")
            for each in why.problems
        )
        raise SettingsRefused(problems) from None


def everything() -> SignalOrder:
    """An exit of the whole position."""
    return SignalOrder(amount=ONE, amount_in=AmountIn.POSITION)
