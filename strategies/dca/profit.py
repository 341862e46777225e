"""Taking profit: at which prices, in how many steps, and of how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from strategies.dca import by_hand
from strategies.dca.averaging_orders import BASE, Plan, incomplete
from strategies.dca.choices import Reckoned
from strategies.dca.settings import Exits, StepSetting
from strategies.deal import Deal
from strategies.market import ONE, ZERO
from strategies.orders import Order, Side

TAKE_PROFIT = "take-profit"


class Position(NamedTuple):
    """What a take profit is for: `amount` to trade, on lots, and its `average` after fees."""

    amount: Decimal
    average: Decimal


def steps_of(settings: Exits) -> tuple[StepSetting, ...]:
    """The take profit as steps, one when there is just one, none without a take profit."""
    if settings.take_profit is not None:
        return (StepSetting(profit=settings.take_profit, share=ONE),)
    return settings.take_profit_steps


def step_name(number: int, steps: Sequence[StepSetting]) -> str:
    """The order name of a step, from 0."""
    return TAKE_PROFIT if len(steps) == 1 else f"{TAKE_PROFIT}-{number + 1}"


def position(deal: Deal) -> Position:
    """What is to be exited, leaving aside averaging orders that have filled in part.

    While an averaging order fills in parts the take profit stays as it was, because a take profit that is replaced at
    every part is off the book for most of that time. If it fills meanwhile, the parts get one of their own.
    """
    plan: Plan | None = deal.plan
    apart = ZERO if deal.state is None else by_hand.reserved(deal)
    whole = Position(deal.to_exit - apart if apart else deal.to_exit, deal.entry_average)
    if plan is None or len(deal.by_order) == 1:  # nothing but the base order has traded
        return whole
    parts = [
        tally
        for name, tally in deal.by_order.items()
        if (order := plan.orders.get(name)) is not None
        and tally.bought + tally.sold < order.amount
        and incomplete(deal, order)
    ]
    if not parts:
        return whole
    market, tally = deal.market, deal.tally
    if deal.opens is Side.BUY:
        received = deal.received - sum((part.received for part in parts), ZERO)
        cost = deal.cost - sum((part.cost for part in parts), ZERO)
        amount = market.amount_down(deal.held - sum((part.held for part in parts), ZERO)) - apart
        settled = Position(amount, cost / received) if received > 0 else whole
    else:
        sold = tally.sold - sum((part.sold for part in parts), ZERO)
        proceeds = tally.proceeds - sum((part.proceeds for part in parts), ZERO)
        owed = deal.owed - sum((part.sold for part in parts), ZERO)
        amount = market.amount_up(max(owed, ZERO) / (ONE - market.maker_fee)) - apart
        settled = Position(amount, proceeds / sold) if sold > 0 else whole
    return settled if market.accepts(settled.amount, settled.average) else whole


def target(settings: Exits, deal: Deal, average: Decimal, profit: Decimal) -> Decimal:
    """The price of a step: on the whole cost, `ceil to tick of (average x (1 + profit) / (1 - fee))`.

    `average` is the position's; a take profit from the base order is reckoned from that one's instead.
    """
    if settings.take_profit_from is Reckoned.BASE:
        average = base_average(deal)
    return settings.direction.target(average, profit, deal.market, deal.market.maker_fee)


def last_target(settings: Exits, deal: Deal, steps: Sequence[StepSetting]) -> Decimal:
    """Where the last step is, of the whole position."""
    return target(settings, deal, deal.entry_average, steps[-1].profit)


def stepwise(settings: Exits, deal: Deal, steps: Sequence[StepSetting]) -> Iterator[Order]:
    """The orders of a take profit in several steps; a trailing last one stands on no book.

    Each step is its share of all that the deal took, so that a later averaging order adds to the steps before it as
    well. A step that is too small for an order is left to the next one, and one that would leave too little for the
    steps after it takes all. The last one takes what rounding left.
    """
    market = deal.market
    left, average = position(deal)
    names = [step_name(number, steps) for number in range(len(steps))]
    whole = left + sum((deal.filled(name) for name in names), ZERO)
    share, before = ZERO, ZERO
    for number, (name, step) in enumerate(zip(names, steps, strict=True), 1):
        last = number == len(steps)
        share += step.share
        filled, price = deal.filled(name), target(settings, deal, average, step.profit)
        missing = left if last else min(max(market.amount_down(whole * share) - before - filled, ZERO), left)
        if not last and not market.accepts(missing, price):
            missing = ZERO
        elif not last and missing < left and not market.accepts(left - missing, price):
            missing = left
        left -= missing
        before += filled + missing
        if not last or settings.trailing is None:
            yield kept(deal, name, filled + missing, price)


def kept(deal: Deal, name: str, amount: Decimal, price: Decimal | None) -> Order:
    """An exit order of the deal: the same object as before while its terms are the same."""
    known = deal.kept.get(name)
    if known is None or known.amount != amount or known.price != price:
        known = deal.kept[name] = Order(name=name, side=deal.opens.other, amount=amount, price=price)
    return known


def base_average(deal: Deal) -> Decimal:
    """What a coin of the base order cost, or brought, after fees."""
    base = deal.by_order[BASE]
    return base.average_cost if deal.opens is Side.BUY else base.proceeds / base.sold
