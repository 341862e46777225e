"""What the limits of a grant come to: numbers, each with a default where none was written.

| limit | not written, on a paper host | not written, on any other host |
|---|---|---|
| time in force | what its types are | what its types are |
| turnover, slippage, loss | no limit | 0: nothing opens |
| open orders | 1,000 | 20 |
| orders, exits, reads a minute | 600, 600, 1,200 | 30, 30, 120 |
| collar, and for exits | 50 %, 90 % | 5 %, 20 % |
| least market volume | none | 1,000,000 in quote |
| start inventory | no limit | nothing |
| expiry | never | since ever: exits only |

Grants that were written before these limits existed are read by the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vault.messages import money
from vault.messages.refusals import Code, Refused
from vault.messages.words import Limits

WIDEST_COLLAR = Decimal("0.99")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one version of a grant allows. None: without limit."""

    markets: frozenset[str]
    sides: frozenset[str]
    types: frozenset[str]
    time_in_force: frozenset[str]
    order_notional: Decimal
    turnover: Decimal | None
    slippage: Decimal | None
    loss: Decimal | None
    open_orders: int
    orders_a_minute: int
    exits_a_minute: int
    reads_a_minute: int
    collar: Decimal
    exit_collar: Decimal
    market_volume: Decimal
    inventory: Mapping[str, Decimal] | None
    expires: int | None  # seconds since 1970

    def given(self, asset: str) -> Decimal | None:
        """How much of an asset was there before the first order. None: as much as one likes."""
        return None if self.inventory is None else self.inventory.get(asset, _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defaults:
    budget: Decimal | None
    open_orders: int
    orders_a_minute: int
    exits_a_minute: int
    reads_a_minute: int
    collar: Decimal
    exit_collar: Decimal
    market_volume: Decimal
    inventory: Mapping[str, Decimal] | None
    expires: int | None


_PAPER = _Defaults(
    budget=None,
    open_orders=1000,
    orders_a_minute=600,
    exits_a_minute=600,
    reads_a_minute=1200,
    collar=Decimal("0.5"),
    exit_collar=Decimal("0.9"),
    market_volume=_NOTHING,
    inventory=None,
    expires=None,
)
_REAL = _Defaults(
    budget=_NOTHING,
    open_orders=20,
    orders_a_minute=30,
    exits_a_minute=30,
    reads_a_minute=120,
    collar=Decimal("0.05"),
    exit_collar=Decimal("0.2"),
    market_volume=Decimal(1_000_000),
    inventory={},
    expires=0,
)


def terms(limits: Limits, *, paper: bool) -> Terms:
    """The limits as numbers, with defaults for a paper host or for any other. Raises Refused(MALFORMED)."""
    default = _PAPER if paper else _REAL
    assets = None if limits.inventory is None else limits.inventory.items()
    collar = _number("collar", limits.collar, default.collar)
    return Terms(
        markets=frozenset(limits.markets),
        sides=frozenset(limits.sides),
        types=frozenset(limits.types),
        time_in_force=frozenset(limits.time_in_force or _lasting(limits)),
        order_notional=_number("order_notional", limits.order_notional, _NOTHING),
        turnover=_maybe("turnover", limits.turnover, default.budget),
        slippage=_maybe("slippage", limits.slippage, default.budget),
        loss=_maybe("loss", limits.loss, default.budget),
        open_orders=_or(limits.open_orders, default.open_orders),
        orders_a_minute=_or(limits.orders_a_minute, default.orders_a_minute),
        exits_a_minute=_or(limits.exits_a_minute, default.exits_a_minute),
        reads_a_minute=_or(limits.reads_a_minute, default.reads_a_minute),
        collar=collar,
        # Exits are never held narrower than what opens.
        exit_collar=max(collar, _number("exit_collar", limits.exit_collar, default.exit_collar)),
        market_volume=_number("market_volume", limits.market_volume, default.market_volume),
        inventory=default.inventory
        if assets is None
        else {asset: _number(f"inventory of {asset}", text, _NOTHING) for asset, text in assets},
        expires=default.expires if limits.expires is None else limits.expires,
    )


def check(limits: Limits) -> None:
    """What is written into a grant is canonical and makes sense. Raises Refused(MALFORMED) naming the limit.

    Stricter than reading: two ways to write one grant would be two hashes of it.
    """
    for name, text in _moneys(limits):
        try:
            money.canonical_amount(text)
        except ValueError as why:
            raise Refused(Code.MALFORMED, f"{name}: {text[:40]!r} is {why}.") from why
    for name, listed in _lists(limits):
        if len(set(listed)) != len(listed):
            raise Refused(Code.MALFORMED, f"{name}: something is in it twice.")
    if len({market.partition("/")[2] for market in limits.markets}) > 1:
        raise Refused(Code.MALFORMED, "markets: all of them must be paid in one currency, which is that of the limits.")
    if money.amount(limits.order_notional) <= 0:
        raise Refused(Code.MALFORMED, "order_notional: it must be more than 0.")
    for name, collar in (("collar", limits.collar), ("exit_collar", limits.exit_collar)):
        if collar is not None and not 0 < money.amount(collar) <= WIDEST_COLLAR:
            raise Refused(Code.MALFORMED, f"{name}: it must be more than 0 and at most {WIDEST_COLLAR}.")
    if limits.collar and limits.exit_collar and money.amount(limits.exit_collar) < money.amount(limits.collar):
        raise Refused(Code.MALFORMED, "exit_collar: it must not be narrower than the collar.")


def wider_than(old: Terms, new: Terms) -> tuple[str, ...]:
    """The names of everything that `new` allows more of than `old`. Empty: it is as narrow, or narrower."""
    allowed_sets = ("markets", "sides", "types", "time_in_force")
    least_first = ("market_volume",)
    apart = (*allowed_sets, *least_first, "inventory")
    wider = [name for name in allowed_sets if getattr(new, name) - getattr(old, name)]
    wider += [name for name in least_first if getattr(new, name) < getattr(old, name)]
    numbers = [name for name in Terms.__dataclass_fields__ if name not in apart]
    wider += [name for name in numbers if _more(getattr(old, name), getattr(new, name))]
    assets = {*(old.inventory or ()), *(new.inventory or ())}
    unlimited = old.inventory is not None and new.inventory is None
    if unlimited or any(_more(old.given(asset), new.given(asset)) for asset in assets):
        wider.append("inventory")
    return tuple(wider)


def _more(old: Any, new: Any) -> bool:
    """Whether a limit was raised; None is no limit."""
    return old is not None and (new is None or new > old)


def _lasting(limits: Limits) -> tuple[str, ...]:
    return tuple("ioc" if each == "ioc" else "gtc" for each in limits.types)


def _maybe(name: str, text: str | None, default: Decimal | None) -> Decimal | None:
    return default if text is None else _number(name, text, _NOTHING)


def _number(name: str, text: str | None, default: Decimal) -> Decimal:
    if text is None:
        return default
    try:
        return money.amount(text)
    except ValueError as why:
        raise Refused(Code.MALFORMED, f"{name}: {text[:40]!r} is {why}.") from why


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _moneys(limits: Limits) -> list[tuple[str, str]]:
    names = ("order_notional", "turnover", "slippage", "loss", "collar", "exit_collar", "market_volume")
    written = [(name, text) for name in names if (text := getattr(limits, name)) is not None]
    return written + [(f"inventory of {asset}", text) for asset, text in (limits.inventory or {}).items()]


def _lists(limits: Limits) -> list[tuple[str, tuple[str, ...]]]:
    return [
        ("markets", limits.markets),
        ("sides", limits.sides),
        ("types", limits.types),
        ("time_in_force", limits.time_in_force or ()),
    ]
