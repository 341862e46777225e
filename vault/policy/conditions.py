"""The conditions, a small class each. `refusal` answers None, or why not.

An *exit*, which only reduces what the grant's own trades have made its position, is not held by budgets that protect
from getting in: turnover, slippage, loss, market volume, expiry. It is held by everything else, with a collar and a
rate of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from vault.messages.money import EXACT, written
from vault.messages.refusals import Code, Refused
from vault.policy.facts import Facts


class Condition(Protocol):
    def refusal(self, facts: Facts) -> Refused | None:
        """Why this order may not be signed, or None."""


@dataclass(frozen=True, slots=True)
class PresentFence:
    """A runner that was overtaken is told so, whatever its token says."""

    def refusal(self, facts: Facts) -> Refused | None:
        said, present = facts.present.fence, facts.present.present_fence
        return None if said == present else Refused(Code.STALE_FENCE, f"Yours is {said}, the present one {present}.")


@dataclass(frozen=True, slots=True)
class PresentEpoch:
    """What was revoked since the token was made counts."""

    def refusal(self, facts: Facts) -> Refused | None:
        return None if facts.present.epoch == facts.present.present_epoch else Refused(Code.GRANT_REVOKED)


@dataclass(frozen=True, slots=True)
class PositiveNumbers:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.amount.is_finite() and facts.price.is_finite() and facts.amount > 0 and facts.price > 0:
            return None
        return Refused(Code.MALFORMED, "amount and price: they must be more than 0.")


@dataclass(frozen=True, slots=True)
class MarketGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.intent.market in facts.terms.markets:
            return None
        return Refused(Code.MARKET_NOT_GRANTED, f"It allows {', '.join(sorted(facts.terms.markets))}.")


@dataclass(frozen=True, slots=True)
class SideGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        return None if facts.intent.side in facts.terms.sides else Refused(Code.SIDE_NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class TypeGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        return None if facts.intent.type in facts.terms.types else Refused(Code.TYPE_NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class TimeInForceGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.intent.time_in_force in facts.terms.time_in_force:
            return None
        return Refused(Code.TIME_IN_FORCE_NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class WithinNotional:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.notional <= facts.terms.order_notional:
            return None
        asked, allowed = written(facts.notional), written(facts.terms.order_notional)
        return Refused(Code.OVER_NOTIONAL, f"It is {asked}, and {allowed} is allowed.")


@dataclass(frozen=True, slots=True)
class NotExpired:
    def refusal(self, facts: Facts) -> Refused | None:
        expires = facts.terms.expires
        return None if facts.exits or expires is None or facts.at < expires else Refused(Code.GRANT_EXPIRED)


@dataclass(frozen=True, slots=True)
class CoinsHeld:
    """Sell only what was given or bought: net of fees in the coin, less what is offered already."""

    def refusal(self, facts: Facts) -> Refused | None:
        given = facts.terms.given(facts.intent.base)
        if facts.intent.side == "buy" or given is None:
            return None
        free = EXACT.subtract(EXACT.add(given, facts.coins.net), facts.coins.selling)
        if facts.amount <= free:
            return None
        has = written(max(free, Decimal(0)))
        return Refused(
            Code.COINS_NOT_HELD, f"It may sell {has} {facts.intent.base}, and asks for {facts.intent.amount}."
        )


@dataclass(frozen=True, slots=True)
class FewEnoughOpen:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.spent.open_orders < facts.terms.open_orders:
            return None
        return Refused(Code.TOO_MANY_OPEN, f"It allows {facts.terms.open_orders}.")


@dataclass(frozen=True, slots=True)
class SlowEnough:
    """Exits have a rate of their own: neither can use up the other's."""

    def refusal(self, facts: Facts) -> Refused | None:
        if facts.exits:
            if facts.spent.exits_this_minute < facts.terms.exits_a_minute:
                return None
            return Refused(Code.TOO_MANY_EXITS, f"It allows {facts.terms.exits_a_minute}.")
        if facts.spent.orders_this_minute < facts.terms.orders_a_minute:
            return None
        return Refused(Code.TOO_MANY_ORDERS, f"It allows {facts.terms.orders_a_minute}.")


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """Opening takes a fresh reference, and a median that is worth its name. An exit takes any that there ever was."""

    def refusal(self, facts: Facts) -> Refused | None:
        reference = facts.reference
        if reference is None or not (facts.exits or (reference.fresh and reference.warm)):
            return Refused(Code.NO_REFERENCE)
        return None


@dataclass(frozen=True, slots=True)
class WithinCollar:
    """One-sided: a buy not too dear, a sell not too cheap."""

    def refusal(self, facts: Facts) -> Refused | None:
        if facts.reference is None:
            return Refused(Code.NO_REFERENCE)
        room = facts.terms.exit_collar if facts.exits else facts.terms.collar
        fair = facts.reference.price(facts.intent.side)
        if facts.intent.side == "buy":
            edge = EXACT.multiply(fair, 1 + room)
            return None if facts.price <= edge else Refused(Code.OUTSIDE_COLLAR, f"A buy is at most {written(edge)}.")
        edge = EXACT.multiply(fair, 1 - room)
        return None if facts.price >= edge else Refused(Code.OUTSIDE_COLLAR, f"A sell is at least {written(edge)}.")


@dataclass(frozen=True, slots=True)
class MarketTradesEnough:
    """The defence against counter-trading: a market that nobody trades is one that an attacker owns."""

    def refusal(self, facts: Facts) -> Refused | None:
        least = facts.terms.market_volume
        if facts.exits or not least:
            return None
        volume = None if facts.reference is None else facts.reference.volume
        if volume is not None and volume >= least:
            return None
        traded = "an unknown amount" if volume is None else written(volume)
        return Refused(Code.THIN_MARKET, f"It traded {traded} in 24 hours, and {written(least)} is the least.")


@dataclass(frozen=True, slots=True)
class WithinTurnover:
    """Trades of 24 hours, what rests, and this order."""

    def refusal(self, facts: Facts) -> Refused | None:
        most = facts.terms.turnover
        if facts.exits or most is None:
            return None
        traded = EXACT.add(facts.spent.traded, facts.notional)
        if traded <= most:
            return None
        return Refused(Code.OVER_TURNOVER, f"It would be {written(traded)}, and {written(most)} is allowed.")


@dataclass(frozen=True, slots=True)
class WithinSlippage:
    """What was given away in 24 hours, what resting orders may give away, and what this one may."""

    def refusal(self, facts: Facts) -> Refused | None:
        most = facts.terms.slippage
        if facts.exits or most is None:
            return None
        slipped = EXACT.add(facts.spent.slipped, facts.may_slip)
        if slipped <= most:
            return None
        return Refused(Code.OVER_SLIPPAGE, f"It could be {written(slipped)}, and {written(most)} is allowed.")


@dataclass(frozen=True, slots=True)
class WithinLoss:
    """Once the day's loss is there, nothing opens until the next day."""

    def refusal(self, facts: Facts) -> Refused | None:
        most = facts.terms.loss
        if facts.exits or most is None or facts.spent.lost < most:
            return None
        return Refused(Code.OVER_LOSS, f"It is {written(facts.spent.lost)}, and {written(most)} is allowed.")


@dataclass(frozen=True, slots=True)
class CrossesNoneOfOurs:
    """Whose order it would meet is not told: it may be somebody else's."""

    def refusal(self, facts: Facts) -> Refused | None:
        if facts.opposite is None:
            return None
        buys = facts.intent.side == "buy"
        crosses = facts.price >= facts.opposite if buys else facts.price <= facts.opposite
        return Refused(Code.WOULD_CROSS_OWN) if crosses else None


CONDITIONS: tuple[Condition, ...] = (
    PresentFence(),
    PresentEpoch(),
    PositiveNumbers(),
    MarketGranted(),
    SideGranted(),
    TypeGranted(),
    TimeInForceGranted(),
    WithinNotional(),
    NotExpired(),
    CoinsHeld(),
    FewEnoughOpen(),
    SlowEnough(),
    KnownPrice(),
    WithinCollar(),
    MarketTradesEnough(),
    WithinTurnover(),
    WithinSlippage(),
    WithinLoss(),
    CrossesNoneOfOurs(),
)
