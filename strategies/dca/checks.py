"""What cannot work on a market, and what works but hardly as it was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from strategies.dca.averaging_orders import ladder
from strategies.dca.choices import Direction, From, Reckoned
from strategies.dca.settings import DCASettings, StepSetting
from strategies.market import ONE, Market
from strategies.opening import AT_ONCE, Opening
from strategies.settings import Problem

_SECOND = 1000


def opening(settings: DCASettings) -> Opening:
    """When deals may open."""
    found = Opening(
        conditions=settings.start_conditions,
        deals_at_once=settings.deals_at_once,
        cooldown=settings.cooldown * _SECOND,
        deals=settings.stop_after,
        lowest_price=settings.lowest_price,
        highest_price=settings.highest_price,
        least_volume=settings.least_volume,
        not_on=frozenset(settings.blacklist),
    )
    return AT_ONCE if found == AT_ONCE else found


def only_profit_moves(settings: DCASettings) -> bool:
    """Whether a fill after the base order changes one take profit and nothing else: no level, no other order."""
    return (
        settings.take_profit is not None
        and settings.trailing is None
        and settings.stop_loss_from is Reckoned.BASE
        and not settings.trailing_stop
        and settings.close_conditions is None
        and settings.step_from is From.BASE
        and settings.rests_whole
    )


def problems(
    settings: DCASettings, steps: Sequence[StepSetting], base: Decimal, price: Decimal, market: Market
) -> Iterator[Problem]:
    """What cannot work on this market while it stands at `price`; `base` is the base order's amount."""
    least = f"{smallest(market, price)} {market.quote}"
    if not market.accepts(base, price):
        yield Problem(
            "base_order",
            f"{settings.base_order} {market.quote} is below the smallest order of {market.symbol}.",
            f"Give at least {least}.",
        )
    field = "own_ladder" if settings.own_ladder else "averaging_order"
    for rung in ladder(settings, price, market):
        if not market.accepts(rung.amount, rung.price):
            yield Problem(
                field,
                f"averaging order {rung.number} would be {rung.notional:f} {market.quote}, below the smallest"
                f" order of {market.symbol}.",
                f"Give at least {least}, or a larger volume scale.",
            )
            break
    for number, step in enumerate(steps, 1):
        if len(steps) > 1 and not market.accepts(market.amount_down(base * step.share), price):
            yield Problem(
                f"take_profit_steps[{number - 1}].share",
                f"{step.share:.0%} of the base order is below the smallest order of {market.symbol}.",
                "Use fewer steps, or a larger base order.",
            )
            break
    if settings.direction is Direction.SHORT and any(step.profit >= 1 for step in steps):
        yield Problem("take_profit", "a short deal cannot gain 100 % or more.", "Give less.")
    yield from _at_once(settings, price, market)
    yield from _too_many(settings, len(steps), market)


def _at_once(settings: DCASettings, price: Decimal, market: Market) -> Iterator[Problem]:
    """A stop that is reached by paying the fee of the base order."""
    direction, stop = settings.direction, settings.stop_loss
    if stop is None or settings.stop_loss_from is Reckoned.BASE:
        return
    fee = ONE - market.taker_fee
    average = price / fee if direction is Direction.LONG else price * fee
    if direction.worse(price, direction.against(average, stop, market)):
        yield Problem(
            "stop_loss",
            f"the fee of the base order alone is a loss of {market.taker_fee:.2%}: it would be reached at once.",
            "Give more than that, or measure it from the base order.",
        )


def _too_many(settings: DCASettings, steps: int, market: Market) -> Iterator[Problem]:
    averaging = settings.orders_of_a_deal - 1
    if settings.active_orders is not None:
        averaging = min(averaging, settings.active_orders)
    if averaging + max(steps, 1) > market.max_orders:
        yield Problem(
            "averaging_orders" if settings.active_orders is None else "active_orders",
            f"{market.symbol} allows {market.max_orders} open orders.",
            f"Give at most {market.max_orders - max(steps, 1)}, or keep fewer of them on the book with active_orders.",
        )


def warnings(settings: DCASettings, anchor: Decimal, market: Market) -> Iterator[Problem]:
    """What works, but hardly as it was meant, when the base order costs `anchor` a coin."""
    stop = settings.stop_loss
    if stop is not None and (settings.stop_loss_from is Reckoned.BASE or settings.trailing_stop):
        level = settings.direction.against(anchor, stop, market)
        never = [rung for rung in ladder(settings, anchor, market) if settings.direction.worse(rung.price, level)]
        if never:
            yield Problem(
                "stop_loss",
                f"it is reached before {len(never)} of the averaging orders, which then never work.",
                f"Give more than {max(rung.deviation for rung in never):.2%}, or measure it from the total.",
            )
    if settings.trailing is not None:
        last = settings.take_profit_steps[-1].profit if settings.take_profit_steps else settings.take_profit
        if last is not None and settings.trailing >= last:
            yield Problem(
                "trailing",
                f"turning by {settings.trailing:.2%} from a profit of {last:.2%} may end in a loss.",
                "Trail at less than the take profit.",
            )


def fixed(settings: DCASettings, before: DCASettings) -> Iterator[Problem]:
    """What these settings change of those `before` though a deal that has begun keeps it to its end."""
    for name in ("direction", "base_order", "base_order_type", "volume_in", "more_each"):
        was = getattr(before, name)
        if getattr(settings, name) != was:
            yield Problem(name, "a deal that has begun cannot change it.", f"Leave it at {was}; new deals can have it.")


def smallest(market: Market, price: Decimal) -> Decimal:
    """Notional of the smallest order that the market takes, in quote."""
    return max(market.min_notional, market.min_amount * price, market.lot_size * price)
