"""What a trader fills in for a DCA bot. Percentages are fractions of one, times whole seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from strategies.dca.choices import Direction, From, Reckoned, VolumeIn
from strategies.dca.ladder import Offer, deviations, scaled
from strategies.market import ONE, ZERO
from strategies.opening import Past
from strategies.orders import OrderType
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice, conditions, names, rows, switch
from strategies.strategy import Strategy

if TYPE_CHECKING:
    from strategies.conditions import Conditions

_MOST_STEPS = 4
_PERCENT = 100
_MONTH = "2592000"  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RungSetting:
    """One averaging order of a ladder of one's own."""

    deviation: Decimal = setting(
        "How far from the base order it waits, on the losing side. Below zero: on the other, bought when reached.",
        unit="fraction",
        low="-10",
        high="0.99",
    )
    size: Decimal = setting("What it spends, in the unit of the base order.", unit="quote", low="0", above_low=True)

    def __post_init__(self) -> None:
        if problems := tuple(out_of_bounds(self)):
            raise SettingsRefused(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSetting:
    """One step of a take profit in several."""

    profit: Decimal = setting("Profit at which it sells.", unit="fraction", low="0", above_low=True, high="100")
    share: Decimal = setting("How much of the position it sells.", unit="fraction", low="0", above_low=True, high="1")

    def __post_init__(self) -> None:
        if problems := tuple(out_of_bounds(self)):
            raise SettingsRefused(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes(Strategy):
    """How much each order of a deal trades, and where."""

    direction: Direction = choice(
        "Long buys first and sells higher. Short sells coins that you hold and buys them back lower.", Direction.LONG
    )
    base_order: Decimal = setting("What the first order of a deal spends.", unit="quote", low="0", above_low=True)
    volume_in: VolumeIn = choice(
        "The unit of all sizes: quote, base (coins), or percent of the free quote when a deal opens (5 is 5 %).",
        VolumeIn.QUOTE,
    )
    most_balance: Decimal | None = setting(
        "Sizes in percent are reckoned from at most this much. It bounds what the bot's grant allows.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    base_order_type: OrderType = choice(
        "Market trades at once. Limit waits at the price at which the deal opened.", OrderType.MARKET
    )
    averaging_order: Decimal | None = setting(
        "What the first averaging order spends.", unit="quote", low="0", above_low=True, default=None
    )
    averaging_orders: int = setting(
        "How many times the bot may buy more as the price falls.", unit="count", low="0", high="200", default=0
    )
    step: Decimal | None = setting(
        "How far below the base order the first averaging order waits.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    step_scale: Decimal = setting(
        "Each further step is the one before times this.", unit="factor", low="0.1", high="10", default=ONE
    )
    volume_scale: Decimal = setting(
        "Each further averaging order spends what the one before did, times this.",
        unit="factor",
        low="0.1",
        high="10",
        default=ONE,
    )
    own_ladder: tuple[RungSetting, ...] = rows(
        "A ladder of your own, instead of steps and scales: how far and how much, one row for each order.", RungSetting
    )
    step_from: From = choice(
        "What a step is measured from: the base order, or the averaging order that filled before.", From.BASE
    )
    active_orders: int | None = setting(
        "How many averaging orders stand on the book at a time. Empty: all. 0: none, each is sent at market when the"
        " price gets there.",
        unit="count",
        low="0",
        high="200",
        default=None,
    )
    averaging_conditions: Conditions | None = conditions(
        "Averaging orders are sent at market, and only while these hold and the price is a step further down."
    )
    reinvest: Decimal = setting(
        "Share of the profits so far that is added to the next deals, spread evenly over all their orders.",
        unit="fraction",
        low="0",
        high="1",
        default=ZERO,
    )
    risk_reduction: Decimal = setting(
        "Share of the losses so far that is taken from the next deals, spread evenly over all their orders.",
        unit="fraction",
        low="0",
        high="1",
        default=ZERO,
    )
    more_each: Decimal = setting(
        "Added to each order of this deal. The bot works it out from reinvest and risk reduction.",
        unit="quote",
        default=ZERO,
    )

    offers: tuple[Offer, ...] = field(init=False, repr=False, compare=False)  # the ladder, not rounded yet
    rests_whole: bool = field(init=False, repr=False, compare=False)  # all averaging orders stand on the book at once

    def _offered(self) -> Iterator[Offer]:
        """The rungs as the settings describe them, each distance as `step_from` wants it measured."""
        more, count = self.more_each, self.averaging_orders
        sign = -1 if self.direction is Direction.LONG else 1
        if self.own_ladder:
            for number, row in enumerate(self.own_ladder, 1):
                yield Offer(number, row.deviation, row.size + more, ONE + sign * row.deviation)
        elif self.averaging_order is not None and self.step is not None:
            sizes = scaled(self.averaging_order, self.volume_scale, count)
            distances = deviations if self.step_from is From.BASE else scaled
            for number, distance in enumerate(distances(self.step, self.step_scale, count), 1):
                yield Offer(number, distance, sizes[number - 1] + more, ONE + sign * distance)

    @property
    def orders_of_a_deal(self) -> int:
        """How many orders can add to a deal."""
        return 1 + (len(self.own_ladder) or self.averaging_orders)

    def for_deal(self, past: Past) -> Self:
        """Sizes in quote: percents of the balance worked out, and what reinvest and risk reduction add to each order.

        Each order gets the same: `(reinvest x profits - risk_reduction x losses) / orders of a deal`. That it is
        flat and not scaled is 3Commas' way; how they derive the sum is not known, so this is ours.
        """
        if not (self.reinvest or self.risk_reduction or self.volume_in is VolumeIn.PERCENT):
            return self
        more = (self.reinvest * past.profit - self.risk_reduction * past.loss) / self.orders_of_a_deal
        if self.volume_in is not VolumeIn.PERCENT:
            return replace(self, more_each=more)
        if past.balance is None:
            raise SettingsRefused(
                (Problem("volume_in", "the free balance is not known.", "Choose sizes in quote, or give a balance."),)
            )
        if past.balance <= 0:
            raise SettingsRefused(
                (Problem("volume_in", "nothing is free on the account.", "Deposit quote, or wait for a deal to end."),)
            )
        one = (past.balance if self.most_balance is None else min(past.balance, self.most_balance)) / _PERCENT
        first = self.averaging_order
        return replace(
            self,
            volume_in=VolumeIn.QUOTE,
            base_order=self.base_order * one,
            averaging_order=None if first is None else first * one,
            own_ladder=tuple(replace(row, size=row.size * one) for row in self.own_ladder),
            more_each=more,
        )

    def _size_problems(self) -> Iterator[Problem]:
        if self.averaging_orders and not self.own_ladder:
            for name in ("averaging_order", "step"):
                if getattr(self, name) is None:
                    yield Problem(name, "it is missing.", "Give one, or set averaging_orders to 0.")
        if self.own_ladder and self.averaging_orders not in (0, len(self.own_ladder)):
            yield Problem(
                "averaging_orders",
                f"{self.averaging_orders} do not fit a ladder of {len(self.own_ladder)} rows.",
                f"Leave it out, or give {len(self.own_ladder)}.",
            )
        if self.own_ladder and self.step_from is From.LAST:
            yield Problem("step_from", "the rows of a ladder are measured from the base order.", "Choose base order.")
        if any(after.deviation < before.deviation for before, after in pairwise(self.own_ladder)):
            yield Problem("own_ladder", "a row lies nearer than the one before.", "Sort them by deviation.")
        if self.direction is Direction.SHORT and any(row.deviation <= -ONE for row in self.own_ladder):
            yield Problem("own_ladder", "no price is 100 % or more below the base order.", "Give more than -1.")
        if self.volume_in is VolumeIn.BASE and (self.reinvest or self.risk_reduction):
            yield Problem("reinvest", "profits are in quote, and sizes are in coins.", "Choose sizes in quote.")
        if self.volume_in is VolumeIn.PERCENT and self.base_order > _PERCENT:
            yield Problem("base_order", f"{self.base_order} % is more than there is.", "Give at most 100.")
        yield from self._depth_problems()

    def _depth_problems(self) -> Iterator[Problem]:
        if self.direction is Direction.SHORT or self.step is None:
            return
        if self.step_from is From.BASE:
            deepest = max(deviations(self.step, self.step_scale, self.averaging_orders), default=ZERO)
            if deepest >= ONE:
                yield Problem(
                    "averaging_orders",
                    f"the last averaging order would stand {deepest:.1%} below the base order.",
                    "Use fewer averaging orders, or a smaller step or step scale.",
                )
        elif self.step * max(ONE, self.step_scale ** max(0, self.averaging_orders - 1)) >= ONE:
            yield Problem(
                "step_scale", "the last step would be a fall of 100 % or more.", "Use fewer orders or a smaller scale."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits(Sizes):
    """How a deal ends."""

    take_profit: Decimal | None = setting(
        "Profit, after fees, at which everything is sold. Empty: only the close conditions end a deal in profit.",
        unit="fraction",
        low="0",
        above_low=True,
        high="100",
        default=None,
    )
    take_profit_from: Reckoned = choice(
        "Whether that is a percentage of the whole cost, or measured from the base order alone.", Reckoned.TOTAL
    )
    take_profit_steps: tuple[StepSetting, ...] = rows(
        "Up to 4 steps instead of one take profit: at which profit, how much of the position.", StepSetting
    )
    trailing: Decimal | None = setting(
        "The last take profit does not sell at once: it follows the price, and sells when it turns by this much.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    close_conditions: Conditions | None = conditions(
        "The deal is closed at market when these hold. If they hold as it begins, and no minimum profit is given, they"
        " have to come to hold anew."
    )
    close_profit: Decimal | None = setting(
        "The close conditions count only at this profit or more, after fees. Empty: at any price.",
        unit="fraction",
        low="-0.99",
        high="100",
        default=None,
    )
    stop_loss: Decimal | None = setting(
        "Fall from the base order's price at which everything is sold at a loss. Empty: never.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    stop_loss_from: Reckoned = choice(
        "Whether the stop loss is measured from the base order's price or from the average of the whole deal.",
        Reckoned.BASE,
    )
    stop_loss_timeout: int = setting(
        "The price must stay at or below the stop loss for so long.", unit="seconds", low="0", high=_MONTH, default=0
    )
    trailing_stop: bool = switch("The stop loss follows the best price of the deal, at the same distance.")
    break_even_after: int | None = setting(
        "After so many take profit steps have filled, the stop loss moves to where the rest loses nothing, after fees.",
        unit="count",
        low="1",
        high="3",
        default=None,
    )
    deal_timeout: int | None = setting(
        "A deal that is older is closed at market. Empty: never.", unit="seconds", low="1", default=None
    )

    def _exit_problems(self) -> Iterator[Problem]:
        steps = self.take_profit_steps
        if self.take_profit is None and not steps and self.close_conditions is None:
            yield Problem("take_profit", "nothing would end a deal in profit.", "Give one, or close conditions.")
        if self.take_profit is not None and steps:
            yield Problem("take_profit", "it stands beside take_profit_steps.", "Give one of the two.")
        if len(steps) > _MOST_STEPS:
            yield Problem("take_profit_steps", f"{len(steps)} are too many.", f"Give at most {_MOST_STEPS}.")
        if steps and sum(step.share for step in steps) != ONE:
            total = sum(step.share for step in steps)
            yield Problem("take_profit_steps", f"the shares add up to {total:.2%}.", "Make them 100 % together.")
        if any(after.profit <= before.profit for before, after in pairwise(steps)):
            yield Problem("take_profit_steps", "a step does not lie above the one before.", "Sort them by profit.")
        yield from self._stop_problems(max(len(steps), 1))

    def _stop_problems(self, steps: int) -> Iterator[Problem]:
        if self.trailing is not None and self.take_profit is None and not self.take_profit_steps:
            yield Problem("trailing", "there is no take profit that it could follow.", "Give a take profit.")
        if self.close_profit is not None and self.close_conditions is None:
            yield Problem("close_profit", "there are no close conditions.", "Give some, or leave this empty.")
        if self.stop_loss is None:
            for name in ("stop_loss_timeout", "trailing_stop"):
                if getattr(self, name):
                    yield Problem(name, "there is no stop loss.", "Give one, or leave this empty.")
        if self.break_even_after is not None and self.break_even_after >= steps:
            yield Problem(
                "break_even_after",
                f"nothing is left after step {self.break_even_after} of {steps}.",
                "Give more take profit steps, or an earlier one.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DCASettings(Exits):
    """When a deal opens, and everything above."""

    start_conditions: Conditions | None = conditions("A deal opens while these hold. Empty: as soon as it can.")
    deals_at_once: int = setting(
        "How many deals may be open at the same time, over all markets of the bot; one a market.",
        unit="count",
        low="1",
        high="199",
        default=1,
    )
    cooldown: int = setting(
        "Wait after a deal before the next one on that market.", unit="seconds", low="0", high=_MONTH, default=0
    )
    stop_after: int | None = setting(
        "Open so many deals in all and then no more. Empty: for ever.", unit="count", low="1", default=None
    )
    lowest_price: Decimal | None = setting("Open no deal below this price.", unit="quote", low="0", default=None)
    highest_price: Decimal | None = setting(
        "Open no deal above this price.", unit="quote", low="0", above_low=True, default=None
    )
    least_volume: Decimal | None = setting(
        "Open no deal where less than this was traded in 24 hours.", unit="quote", low="0", default=None
    )
    blacklist: tuple[str, ...] = names("Markets on which no deal is opened.")

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if not problems:
            problems += [*self._size_problems(), *self._exit_problems()]
            low, high = self.lowest_price, self.highest_price
            if low is not None and high is not None and low > high:
                problems.append(Problem("highest_price", f"{high} is below the lowest price.", f"Give at least {low}."))
        if problems:
            raise SettingsRefused(tuple(problems))
        object.__setattr__(self, "offers", tuple(self._offered()))
        released = self.active_orders is not None or self.averaging_conditions is not None
        behind = any(offer.deviation < 0 for offer in self.offers)
        object.__setattr__(self, "rests_whole", not released and not behind)
