"""Other settings for a bot that exists: what that changes, in words and on the exchange, and doing it.

New settings count for new deals. A deal that is open keeps the ones with which it was opened, unless its owner says
that it gets them, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from botplatform.bots.actions import NoPrice, allow, note, problems_on
from botplatform.bots.models import Bot, Deal, Order, SettingsChange
from botplatform.lib import clock
from strategies import kinds
from strategies.orders import OpenOrder
from strategies.orders import Order as Wanted
from strategies.reconcile import Cancel, reconcile
from strategies.settings import Problem, SettingsRefused
from strategies.shapes import ConditionList, Names, Number, Part, Rows, Switch, shape_of

_UNITS = {"fraction": " %", "factor": " \N{MULTIPLICATION SIGN}", "seconds": " s", "minutes": " min"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting, as a person reads it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What giving an open deal other settings does to its orders. `after` are those that it then waits to place."""

    deal: Deal
    cancelled: tuple[Order, ...]
    placed: tuple[Wanted, ...]
    kept: int


def changes(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The settings that differ, in the order in which they are filled in."""
    found = []
    for field in kinds.settings_of(kind):
        old, new = _text(field, before), _text(field, after)
        if old != new:
            found.append(Change(name=field.name.replace("_", " ").capitalize(), before=old, after=new))
    return found


def effects(bot: Bot, settings: Mapping[str, Any]) -> Iterator[Effect]:
    """What these settings would do to each open deal. Raises SettingsRefused for what an open deal cannot change."""
    strategy = kinds.from_json(bot.kind, settings)
    going_on = bot.deals.filter(closed_at=None).select_related("market").prefetch_related("orders__fills")
    for deal in going_on:
        deal.bot = bot
        rows = [row for row in deal.orders.all() if not row.over]
        state = deal.state([fill for row in deal.orders.all() for fill in row.fills.all()])
        strategy.takes_over(state, deal.strategy)
        price = deal.market.last_price
        if price is None:
            raise NoPrice(f"{deal.market.symbol} has no price yet.")
        wanted = {order.name: order for order in strategy.orders(state)}
        steps = reconcile(
            wanted.values(),
            [OpenOrder(order=row.wanted, remaining=row.remaining) for row in rows],
            state.filled_amounts,
            state.market,
            held=state.held,
            last_price=price,
            owed=state.most_bought_back,
        )
        gone = {step.name for step in steps if isinstance(step, Cancel)}
        # An order whose terms change is cancelled first, and placed again once the exchange has confirmed that.
        again = [wanted[name] for name in gone if name in wanted]
        new = [step.order for step in steps if not isinstance(step, Cancel)]
        yield Effect(
            deal=deal,
            cancelled=tuple(row for row in rows if row.name in gone),
            placed=tuple(sorted((*again, *new), key=lambda order: order.price or Decimal(0), reverse=True)),
            kept=sum(row.name not in gone for row in rows),
        )


def edit(bot: Bot, *, name: str, settings: dict[str, Any]) -> None:
    """Give a bot another name and other settings, for the deals to come.

    A bot that runs gets the grant that they need. Raises SettingsRefused with every problem, and for one that runs
    NoPrice and the vault's Refused, Retry and OutcomeUnknown; then nothing has changed.
    """
    strategy = kinds.from_json(bot.kind, settings)
    problems: list[Problem] = []
    for pair in bot.pairs.select_related("market"):
        if pair.market.last_price is not None:
            problems += problems_on(strategy, pair.market, pair.market.last_price)
    if not name.strip():
        problems.append(Problem("name", "it is empty.", "Give the bot a name."))
    if strategy.opens_with is not bot.strategy.opens_with and bot.deals.filter(closed_at=None).exists():
        problems.append(Problem("direction", "a deal is open the other way.", "Wait for its end, or make another bot."))
    if problems:
        raise SettingsRefused(tuple(dict.fromkeys(problems)))
    before, called = bot.settings, bot.name
    changed = changes(bot.kind, before, settings)
    bot.name, bot.settings = name.strip(), settings
    if bot.enabled and changed:
        # Before the rows: what is not granted would be refused, and a vault that is away must not keep the rows locked.
        allow(bot)
    with transaction.atomic():
        bot.save(update_fields=["name", "settings"])
        if changed:
            SettingsChange.objects.create(bot=bot, at=clock.now(), before=before, after=settings)
            note(bot, "You changed its settings: " + "; ".join(_said(each) for each in changed) + ".")
        if called != bot.name:
            note(bot, f"You renamed it; it was “{called}”.")


def _said(change: Change) -> str:
    return f"{change.name.lower()} {change.before} → {change.after}"


def _text(field: dataclasses.Field[Any], settings: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one for each shape
    shape = shape_of(field)
    value = settings.get(field.name)
    if value is None and field.default is not dataclasses.MISSING and field.default is not None:
        value = shape.write(field.default)
    if value in (None, "", [], ()):
        return "none"
    match shape:
        case Number(bounds=bounds):
            number = Decimal(str(value)).scaleb(2) if bounds.unit == "fraction" else Decimal(str(value))
            return f"{number.normalize():f}{_UNITS.get(bounds.unit, '')}"
        case Switch():
            return "yes" if value else "no"
        case Names():
            return ", ".join(value)
        case Rows():
            return f"{len(value)} rows: " + "; ".join(_row(each) for each in value)
        case Part():
            return _row(value)
        case ConditionList():
            conditions = shape.read(value)
            return " and ".join(each.words() for each in conditions)
        case _:
            return str(value)


def _row(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value not in (None, False))
