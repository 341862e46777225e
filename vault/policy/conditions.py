"""The conditions, a small class each. `refusal` answers None, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vault.messages.money import written
from vault.messages.refusals import Code, Refused
from vault.policy.facts import Facts


class Condition(Protocol):
    def refusal(self, facts: Facts) -> Refused | None:
        """Why this order may not be signed, or None."""


@dataclass(frozen=True, slots=True)
class PositiveNumbers:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.amount > 0 and facts.price > 0:
            return None
        return Refused(Code.MALFORMED, "amount and price: they must be more than 0.")


@dataclass(frozen=True, slots=True)
class MarketGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.intent.market in facts.limits.markets:
            return None
        return Refused(Code.MARKET_NOT_GRANTED, f"It allows {', '.join(facts.limits.markets)}.")


@dataclass(frozen=True, slots=True)
class SideGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        return None if facts.intent.side in facts.limits.sides else Refused(Code.SIDE_NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class TypeGranted:
    def refusal(self, facts: Facts) -> Refused | None:
        return None if facts.intent.type in facts.limits.types else Refused(Code.TYPE_NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class WithinNotional:
    def refusal(self, facts: Facts) -> Refused | None:
        if facts.notional <= facts.order_notional:
            return None
        asked, allowed = written(facts.notional), written(facts.order_notional)
        return Refused(Code.OVER_NOTIONAL, f"It is {asked}, and {allowed} is allowed.")


CONDITIONS: tuple[Condition, ...] = (
    PositiveNumbers(),
    MarketGranted(),
    SideGranted(),
    TypeGranted(),
    WithinNotional(),
)
