"""Misbehaviour on demand. `docs/paper-exchange.md` lists the faults and says what each does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec

from botplatform.paper.engine import Cut
from botplatform.paper.errors import Refusal
from botplatform.paper.orders import Order

Facts = dict[str, str]
T = TypeVar("T")

BEFORE = frozenset(
    {"drop_before", "hang_before", "delay", "error_500", "error_503", "error_429", "error_418", "reject"}
)
AFTER = frozenset({"accept_then_hang", "accept_then_drop", "accept_then_500", "delay_answer"})
READING = frozenset({"not_found", "stale", "duplicate_trades", "reorder"})
OF_KEYS = frozenset({"untold", "expires"})
EVENTS = frozenset({"event_lost", "event_late", "event_twice", "event_after_next"})  # of private streams
KINDS = BEFORE | AFTER | READING | OF_KEYS | EVENTS | {"partial_fill", "cancel_then_reject", "no_pong"}

LOOK_UPS = frozenset(
    {
        "GET /api/v3/order",
        "GET /api/v3/openOrders",
        "GET /api/v3/allOrders",
        "GET /api/v3/myTrades",
    }
)
STREAMS = frozenset(
    {
        "userDataStream.subscribe.signature",
        "userDataStream.unsubscribe",
        "executionReport",
        "outboundAccountPosition",
        "ping",
    }
)
_MATCHABLE = frozenset({"symbol", "side", "type", "clientOrderId", "orderId", "account"})
_ERRORS = {
    "error_500": (500, -1000, "An unknown error occurred while processing the request."),
    "error_503": (503, -1001, "Internal error; unable to process your request. Please try again."),
    "error_429": (429, -1003, "Too many requests; current limit is 6000 request weight per 1 MINUTE."),
    "error_418": (418, -1003, "Way too many requests; IP banned."),
    "accept_then_500": (500, -1000, "An unknown error occurred while processing the request."),
    "reject": (400, -2010, "This action is disabled on this account."),
    "cancel_then_reject": (400, -2010, "This action is disabled on this account."),
}


class Wish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the control API may be asked for; see Fault."""

    do: str
    on: str = "*"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    nth: Annotated[int, msgspec.Meta(ge=1)] = 1
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    share: Decimal = Decimal("0.5")
    match: dict[str, str | int] = {}
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    code: int | None = None
    msg: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share: {self.share} is not between 0 and 1")


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One fault that was ordered; `seen` counts the occasions, `fired` the times it struck."""

    id: int
    on: str
    do: str
    times: int | None  # None: without end
    nth: int
    probability: float
    seed: int
    seconds: float | None
    share: Decimal
    match: Facts
    status: int | None
    code: int | None
    msg: str | None
    seen: int = 0
    fired: int = 0
    source: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.source = random.Random(self.seed)  # noqa: S311  (repeatable on purpose)

    def concerns(self, facts: Facts) -> bool:
        """Whether the occasion has what `match` asks for; a client order id is matched by its beginning."""
        for name, wanted in self.match.items():
            value = facts.get(name, "")
            if not (value.startswith(wanted) if name == "clientOrderId" else value.upper() == wanted.upper()):
                return False
        return True

    def strikes(self) -> bool:
        """Counts one occasion and decides."""
        if self.times is not None and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen % self.nth or self.source.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def error(self) -> Refusal:
        status, code, message = _ERRORS[self.do]
        limited = self.do in {"error_429", "error_418"}
        return Refusal(
            code if self.code is None else self.code,
            message if self.msg is None else self.msg,
            status if self.status is None else self.status,
            retry_after=int(1 if self.seconds is None else self.seconds) if limited else None,
        )

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "on": self.on,
            "do": self.do,
            "times": self.times,
            "nth": self.nth,
            "probability": self.probability,
            "seed": self.seed,
            "seconds": self.seconds,
            "share": str(self.share),
            "match": self.match,
            "seen": self.seen,
            "fired": self.fired,
        }


class Faults:
    """The faults in force, in the order in which they were ordered; the first that strikes wins."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self._next = 1
        self._waiting: list[tuple[Fault, int, asyncio.Future[None]]] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Raises ValueError with a sentence if the wish makes no sense."""
        try:
            ordered = msgspec.convert(wish, Wish)
        except msgspec.ValidationError as mistake:
            raise ValueError(str(mistake)) from None
        if ordered.do not in KINDS:
            raise ValueError(f"do: there is no fault '{ordered.do}'; use one of {', '.join(sorted(KINDS))}.")
        known = ordered.on == "*" or ordered.on in STREAMS or ordered.on.startswith(("GET /", "POST /", "DELETE /"))
        if not known:
            raise ValueError(f"on: '{ordered.on}' is no method and path; write it as in POST /api/v3/order.")
        strange = ordered.match.keys() - _MATCHABLE
        if strange:
            raise ValueError(f"match: cannot match {min(strange)}; use {', '.join(sorted(_MATCHABLE))}.")
        match = {name: str(value) for name, value in ordered.match.items()}
        fault = Fault(id=self._next, **{**msgspec.structs.asdict(ordered), "match": match})
        self._next += 1
        self.faults[fault.id] = fault
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        if fault_id is None:
            self.faults.clear()
        else:
            self.faults.pop(fault_id, None)

    def take(self, kinds: Iterable[str], on: str, facts: Facts) -> Fault | None:
        """The first fault of these kinds that strikes on an occasion."""
        return self._first(
            fault
            for fault in list(self.faults.values())
            if fault.do in kinds and fault.on in {"*", on} and fault.concerns(facts)
        )

    def take_named(self, kinds: Iterable[str], on: str, facts: Facts) -> Fault | None:
        """The same, of those faults alone that name the occasion: to a request's faults `*` means HTTP."""
        return self._first(
            fault
            for fault in list(self.faults.values())
            if fault.do in kinds and fault.on == on and fault.concerns(facts)
        )

    def _first(self, fitting: Iterable[Fault]) -> Fault | None:
        for fault in fitting:
            if fault.strikes():
                self._tell()
                return fault
        return None

    def cut(self, customer: Order) -> Cut | None:
        """For the engine: whether a match is cut to a share."""
        if not self.faults:
            return None
        fault = self.take({"partial_fill"}, "match", order_facts(customer))
        return None if fault is None else Cut(fault.share, fault.seconds or 0.0)

    def visible(self, on: str, items: list[T], facts_of: Callable[[T], Facts]) -> list[T]:
        """What a look-up may show: an item is hidden by `not_found`, once counted a request."""
        for fault in self._reading("not_found", on):
            hidden = [item for item in items if fault.concerns(facts_of(item))]
            if hidden and fault.strikes():
                self._tell()
                items = [item for item in items if item not in hidden]
        return items

    def listed(self, on: str, items: list[T], facts_of: Callable[[T], Facts]) -> list[T]:
        """Lists that come doubled or backwards."""
        for fault in self._reading("duplicate_trades", on):
            if any(fault.concerns(facts_of(item)) for item in items) and fault.strikes():
                self._tell()
                items = [item for item in items for _ in range(2 if fault.concerns(facts_of(item)) else 1)]
        for fault in self._reading("reorder", on):
            if any(fault.concerns(facts_of(item)) for item in items) and fault.strikes():
                self._tell()
                items = items[::-1]
        return items

    def is_stale(self, on: str, order: Order) -> bool:
        """Whether a look-up shows the order as it was when it was placed."""
        for fault in self._reading("stale", on):
            if fault.concerns(order_facts(order)) and fault.strikes():
                self._tell()
                return True
        return False

    async def wait(self, fault_id: int, count: int, seconds: float) -> Fault:
        """Returns when the fault has struck so often. Raises KeyError and TimeoutError."""
        fault = self.faults[fault_id]
        if fault.fired < count:
            fired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((fault, count, fired))
            async with asyncio.timeout(seconds):
                await fired
        return fault

    def _reading(self, do: str, on: str) -> list[Fault]:
        everywhere = on in LOOK_UPS and (do != "duplicate_trades" or on.endswith("myTrades"))
        return [
            fault
            for fault in self.faults.values()
            if fault.do == do and (fault.on == on or (fault.on == "*" and everywhere))
        ]

    def _tell(self) -> None:
        for fault, count, fired in self._waiting:
            if fault.fired >= count and not fired.done():
                fired.set_result(None)
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]


def order_facts(order: Order) -> Facts:
    return {
        "symbol": order.symbol,
        "side": order.side,
        "type": order.type,
        "clientOrderId": order.client_id,
        "orderId": str(order.id),
        "account": str(order.account),
    }
