"""How a request is answered: faults, rate limits, signature, the endpoint itself, and faults again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from botplatform.paper import errors, faults, signatures
from botplatform.paper.accounts import Account, Key
from botplatform.paper.errors import Refusal
from botplatform.paper.exchange import Exchange
from botplatform.paper.faults import Facts, Fault, Faults
from botplatform.paper.limits import Limits
from botplatform.paper.params import Params

FOREVER = 3600.0
LONGEST_BODY = 64 * 1024

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request on its way to its endpoint. `account` and `key` stand only where the request is signed."""

    exchange: Exchange
    faults: Faults
    limits: Limits
    on: str  # method and path
    params: Params
    headers: dict[str, str] = field(default_factory=dict)
    key: Key | None = None

    @property
    def account(self) -> Account:
        if self.key is None:
            raise errors.key_or_permissions()
        return self.exchange.engine.accounts[self.key.account]

    def count_order(self) -> None:
        """Counts an order against the account's limit; raises a Refusal above it."""
        self.headers["X-MBX-ORDER-COUNT-10S"] = str(self.limits.order(self.account.id))

    def market(self) -> str:
        """The parameter `symbol`, as one of the markets; raises a Refusal."""
        return self.known(self.params.symbol())

    def maybe_market(self) -> str | None:
        return self.market() if self.params.has("symbol") else None

    def known(self, symbol: str) -> str:
        if symbol not in self.exchange.markets:
            raise errors.invalid(-1121, "symbol")
        return symbol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`right` is None where nothing has to be signed, else what the key must be allowed."""

    answer: Callable[[Call], Any]
    weight: Callable[[Params], int]
    right: str | None


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    on: str, *, weight: int | Callable[[Params], int] = 1, right: str | None = None
) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Makes a function the answer to `METHOD /path`; the weight may depend on the parameters."""

    def register(answer: Callable[[Call], Any]) -> Callable[[Call], Any]:
        ENDPOINTS[on] = Endpoint(answer, weight if callable(weight) else lambda _params: weight, right)
        return answer

    return register


class Rest:
    """The one handler of all REST requests."""

    def __init__(self, exchange: Exchange, faults_: Faults, limits: Limits) -> None:
        self.exchange = exchange
        self.faults = faults_
        self.limits = limits

    async def handle(self, request: web.Request) -> web.StreamResponse:
        on = f"{request.method} {request.path}"
        found = ENDPOINTS.get(on)
        if found is None:
            return web.Response(status=404, text="Not found.")
        headers: dict[str, str] = {}
        try:
            # As sent, byte for byte: what was signed is not what a parser would write again.
            query = request.raw_path.partition("?")[2]
            body = (await request.read()).decode("utf-8", "replace")
            params = Params(query, body)
            facts = self._facts(request, params)
            await self._misbehave_before(request, on, facts)
            headers["X-MBX-USED-WEIGHT-1M"] = str(self.limits.spend(request.remote or "", found.weight(params)))
            key = self._authenticate(request, found, query, body, params)
            call = Call(
                exchange=self.exchange,
                faults=self.faults,
                limits=self.limits,
                on=on,
                params=params,
                headers=headers,
                key=key,
            )
            answer = found.answer(call)
            fault = self.faults.take(faults.AFTER, on, facts)
            if fault is not None:
                await self._misbehave_after(request, fault)
        except Refusal as refusal:
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
            return _json(refusal.body(), refusal.status, headers)
        return _json(answer, 200, headers)

    def _facts(self, request: web.Request, params: Params) -> Facts:
        key = self.exchange.keys.get(request.headers.get("X-MBX-APIKEY", ""))
        return {
            "symbol": params.peek("symbol"),
            "side": params.peek("side"),
            "type": params.peek("type"),
            "clientOrderId": params.peek("newClientOrderId", "origClientOrderId", "cancelOrigClientOrderId"),
            "orderId": params.peek("orderId", "cancelOrderId"),
            "account": "" if key is None else str(key.account),
        }

    def _authenticate(self, request: web.Request, found: Endpoint, query: str, body: str, params: Params) -> Key | None:
        if found.right is None:
            return None
        key = signatures.authenticate(
            self.exchange.keys,
            request.headers.get("X-MBX-APIKEY"),
            address=request.remote or "",
            query=query,
            body=body,
            params=params,
        )
        if found.right not in key.rights:
            raise errors.key_or_permissions()
        return key

    async def _misbehave_before(self, request: web.Request, on: str, facts: Facts) -> None:
        fault = self.faults.take(faults.BEFORE, on, facts)
        if fault is None:
            return
        if fault.do == "delay":
            await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
        elif fault.do == "drop_before":
            await _drop(request)
        elif fault.do == "hang_before":
            await asyncio.sleep(FOREVER if fault.seconds is None else fault.seconds)
            await _drop(request)
        else:
            raise fault.error()

    async def _misbehave_after(self, request: web.Request, fault: Fault) -> None:
        if fault.do == "accept_then_500":
            raise fault.error()
        if fault.do == "delay_answer":
            await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
            return
        if fault.do == "accept_then_hang":
            await asyncio.sleep(FOREVER if fault.seconds is None else fault.seconds)
        await _drop(request)


async def _drop(request: web.Request) -> None:
    """Cuts the connection; aiohttp then cancels this handler, so it does not return."""
    if request.transport is not None:
        request.transport.abort()
    await asyncio.sleep(FOREVER)


def _json(answer: Any, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer), status=status, headers=headers, content_type="application/json"
    )
