"""The control API: JSON over HTTP on a private unix socket. `docs/paper-exchange.md` describes it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from aiohttp import web

from botplatform.paper import clock
from botplatform.paper.accounts import RIGHTS, Account
from botplatform.paper.errors import Refusal
from botplatform.paper.exchange import Exchange
from botplatform.paper.faults import Faults
from botplatform.paper.limits import Limits
from botplatform.paper.markets import ASSETS
from botplatform.paper.money import EIGHT, ZERO, wire
from botplatform.paper.private_streams import LIFETIME, PrivateHub
from botplatform.paper.streams import Hub

LARGEST = Decimal(10) ** 12
Wish = dict[str, Any]
_DAY = 24 * 60 * 60 * 1000


class Mistake(Exception):
    """Answered as `{"error": sentence}`."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def _amount(name: str, value: Any, *, least: Decimal = ZERO) -> Decimal:
    try:
        amount = Decimal(value)  # a JSON number would have been a float once: only strings are exact
    except (InvalidOperation, TypeError, ValueError):
        raise Mistake(f"{name}: '{value}' is no decimal; send a string such as \"100.5\".") from None
    if isinstance(value, float) or not amount.is_finite() or not least <= amount <= LARGEST or amount % EIGHT:
        raise Mistake(f"{name}: {value} is not between {least} and {LARGEST} with at most eight decimals.")
    return amount


def _rights(wish: Wish) -> frozenset[str]:
    rights = frozenset(wish.get("rights", ["trade"]))
    if not rights <= RIGHTS:
        raise Mistake(f"rights: there is no right {min(rights - RIGHTS)}; use trade and withdraw.")
    return rights


def _balances(wish: Wish) -> dict[str, Decimal]:
    balances = {}
    for asset, value in wish.get("balances", {}).items():
        if asset not in ASSETS:
            raise Mistake(f"balances: there is no asset {asset}; use {', '.join(ASSETS)}.")
        balances[asset] = _amount(f"balances.{asset}", value)
    return balances


class Control:
    """Every method answers one request; its docstring in the routes table is the documentation's heading."""

    def __init__(self, exchange: Exchange, faults: Faults, limits: Limits, hub: Hub, private: PrivateHub) -> None:
        self.exchange = exchange
        self.faults = faults
        self.limits = limits
        self.hub = hub
        self.private = private
        self._started = clock.monotonic()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=1024 * 1024)
        for method, path, answer in (
            ("GET", "/health", self.health),
            ("POST", "/accounts", self.open_account),
            ("GET", "/accounts/{account}", self.balances),
            ("POST", "/accounts/{account}/keys", self.add_key),
            ("POST", "/accounts/{account}/deposit", self.deposit),
            ("GET", "/accounts/{account}/orders", self.orders),
            ("GET", "/accounts/{account}/trades", self.trades),
            ("DELETE", "/keys/{key}", self.delete_key),
            ("POST", "/step", self.step),
            ("POST", "/price", self.price),
            ("POST", "/limits", self.set_limits),
            ("POST", "/clock", self.set_clock),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{fault}", self.clear_faults),
            ("POST", "/faults/{fault}/wait", self.wait_for_fault),
            ("POST", "/streams/drop", self.drop_streams),
            ("POST", "/streams/lifetime", self.set_lifetime),
            ("GET", "/accounts/{account}/streams", self.streams),
            ("POST", "/accounts/{account}/streams/drop", self.drop_private),
            ("POST", "/accounts/{account}/streams/say", self.say),
        ):
            app.router.add_route(method, path, _handler(answer))
        return app

    async def health(self, _request: web.Request, _wish: Wish) -> Any:
        mistakes = self.exchange.audit()
        return {
            "ok": not mistakes and not self.exchange.broken.is_set(),
            "mistakes": mistakes,
            "time": clock.now(),
            "uptime": round(clock.monotonic() - self._started, 3),
            "step_mode": self.exchange.options.step,
            "speed": self.exchange.options.speed,
            "steps": self.exchange.steps,
            "done": self.exchange.done,
            "connections": len(self.hub.readers),
            "markets": self._markets(),
        }

    def _markets(self) -> dict[str, Any]:
        return {
            symbol: {"price": wire(maker.path.price), "index": maker.path.index, "done": maker.path.done}
            for symbol, maker in self.exchange.makers.items()
        }

    async def open_account(self, _request: web.Request, wish: Wish) -> Any:
        key = self.exchange.open_account(
            rights=_rights(wish),
            balances=_balances(wish),
            maker=_amount("maker", wish.get("maker", "0.001")),
            taker=_amount("taker", wish.get("taker", "0.001")),
            ips=tuple(wish.get("ips", ())),
        )
        return {"account": key.account, "key": key.key, "secret": key.secret}

    async def add_key(self, request: web.Request, wish: Wish) -> Any:
        account = self._account(request)
        key = self.exchange.add_key(account, rights=_rights(wish), ips=tuple(wish.get("ips", ())))
        return {"account": key.account, "key": key.key, "secret": key.secret}

    def _account(self, request: web.Request) -> Account:
        number = request.match_info["account"]
        account = self.exchange.engine.accounts.get(int(number)) if number.isdigit() else None
        if account is None or account.id <= 0:
            raise Mistake(f"There is no account {number}.", 404)
        return account

    async def balances(self, request: web.Request, _wish: Wish) -> Any:
        account = self._account(request)
        return {
            "account": account.id,
            "maker": str(account.maker),
            "taker": str(account.taker),
            "balances": {
                asset: {"free": wire(balance.free), "locked": wire(balance.locked)}
                for asset, balance in sorted(account.balances.items())
            },
        }

    async def deposit(self, request: web.Request, wish: Wish) -> Any:
        account = self._account(request)
        for asset, amount in _balances({"balances": {wish.get("asset"): wish.get("amount")}}).items():
            self.exchange.deposit(account, asset, amount)
        return await self.balances(request, wish)

    async def orders(self, request: web.Request, _wish: Wish) -> Any:
        orders = self.exchange.store.orders(self._account(request).id, request.query.get("symbol"), limit=100_000)
        return [{**order.looked_up(), "locked": wire(order.locked)} for order in orders]

    async def trades(self, request: web.Request, _wish: Wish) -> Any:
        trades = self.exchange.store.trades(self._account(request).id, request.query.get("symbol"), limit=100_000)
        return [trade.listed() for trade in trades]

    async def delete_key(self, request: web.Request, _wish: Wish) -> Any:
        if not self.exchange.delete_key(request.match_info["key"]):
            raise Mistake("There is no such key.", 404)
        return {}

    async def step(self, _request: web.Request, wish: Wish) -> Any:
        """Answers after everything that came of the steps is done."""
        if not self.exchange.options.step:
            raise Mistake("The market moves by itself; start the exchange with --step to move it by hand.", 409)
        for _ in range(int(wish.get("count", 1))):
            self.exchange.step()
        return {"steps": self.exchange.steps, "done": self.exchange.done, "markets": self._markets()}

    async def price(self, _request: web.Request, wish: Wish) -> Any:
        symbol = str(wish.get("symbol", ""))
        market = self.exchange.markets.get(symbol)
        if market is None:
            raise Mistake(f"symbol: there is no market {symbol}; use {', '.join(self.exchange.markets)}.")
        price = _amount("price", wish.get("price"), least=market.tick)
        if price > market.max_price:
            raise Mistake(f"price: {price} is above {market.max_price}.")
        return {"symbol": symbol, "price": wire(self.exchange.move(symbol, price))}

    async def set_limits(self, _request: web.Request, wish: Wish) -> Any:
        given = {name: int(wish[name]) for name in ("weight", "orders") if name in wish}
        if any(limit < 0 for limit in given.values()):
            raise Mistake("weight and orders: a limit is 0 or more.")
        self.limits.set(**given)
        return {"weight": self.limits.weight.limit, "orders": self.limits.orders.limit}

    async def set_clock(self, _request: web.Request, wish: Wish) -> Any:
        ahead = wish.get("ahead")
        if not isinstance(ahead, int) or abs(ahead) > _DAY:
            raise Mistake(f"ahead: send whole milliseconds, at most {_DAY} either way.")
        clock.set_ahead(ahead)
        return {"time": clock.now()}

    async def list_faults(self, _request: web.Request, _wish: Wish) -> Any:
        return [fault.described() for fault in self.faults.faults.values()]

    async def add_fault(self, _request: web.Request, wish: Wish) -> Any:
        try:
            return self.faults.add(wish).described()
        except (ValueError, TypeError, InvalidOperation) as mistake:
            raise Mistake(str(mistake)) from None

    async def clear_faults(self, request: web.Request, _wish: Wish) -> Any:
        number = request.match_info.get("fault")
        self.faults.clear(None if number is None else int(number))
        return {}

    async def wait_for_fault(self, request: web.Request, wish: Wish) -> Any:
        try:
            fault = await self.faults.wait(
                int(request.match_info["fault"]), int(wish.get("count", 1)), float(wish.get("timeout", 10))
            )
        except KeyError:
            raise Mistake("There is no such fault.", 404) from None
        except TimeoutError:
            raise Mistake("The fault has not struck in time.", 408) from None
        return fault.described()

    async def drop_streams(self, _request: web.Request, _wish: Wish) -> Any:
        return {"dropped": self.hub.drop_all() + self.private.drop()}

    async def set_lifetime(self, _request: web.Request, wish: Wish) -> Any:
        seconds = wish.get("seconds")
        if not isinstance(seconds, (int, float)) or not 0 < seconds <= LIFETIME:
            raise Mistake(f"seconds: send a number above 0, at most {LIFETIME:.0f}.")
        self.private.live_for(seconds)
        return {"seconds": seconds}

    async def streams(self, request: web.Request, _wish: Wish) -> Any:
        """How many connections are subscribed to the account's events."""
        account = self._account(request).id
        return {"subscribed": sum(account in session.subscriptions for session in self.private.sessions)}

    async def drop_private(self, request: web.Request, _wish: Wish) -> Any:
        return {"dropped": self.private.drop(self._account(request).id)}

    async def say(self, request: web.Request, wish: Wish) -> Any:
        """Sends the account's readers an event that nothing has caused."""
        event = wish.get("event")
        if not isinstance(event, dict):
            raise Mistake("event: send the event's own object.")
        return {"heard": self.private.say(self._account(request).id, event)}


def _handler(
    answer: Callable[[web.Request, Wish], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            wish = json.loads(await request.read() or b"{}")
            if not isinstance(wish, dict):
                raise Mistake("Send a JSON object.")  # noqa: TRY301  (one place makes the answer)
            return _answer(await answer(request, wish), 200)
        except Mistake as mistake:
            return _answer({"error": str(mistake)}, mistake.status)
        except Refusal as refusal:
            return _answer({"error": refusal.message}, refusal.status)
        except (ValueError, TypeError, AttributeError) as mistake:
            return _answer({"error": f"The request makes no sense: {mistake}."}, 400)

    return handle


def _answer(answer: Any, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")
