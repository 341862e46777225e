"""A real server in this process on a free loopback port, and people who trade on it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt
import pytest

from botplatform.paper.exchange import Options
from botplatform.paper.server import Server

DEADLINE = 60.0


@pytest.fixture
def short_folder():
    """A folder whose sockets have a short path."""
    folder = Path(tempfile.mkdtemp(prefix="px"))
    yield folder
    shutil.rmtree(folder)


class Person:
    """Somebody with a key, who signs requests by hand."""

    def __init__(self, place: Place, opened: dict[str, Any]) -> None:
        self.place = place
        self.account = opened["account"]
        self.key = opened["key"]
        self.secret = opened["secret"]

    def signed(self, **params: Any) -> str:
        query = urlencode({"timestamp": time.time_ns() // 1_000_000, **params})
        return f"{query}&signature={hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"

    async def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Status and answer."""
        query = self.signed(**params)
        return await self.place.get(path, query, method=method, headers={"X-MBX-APIKEY": self.key})

    async def must(self, method: str, path: str, **params: Any) -> Any:
        status, answer = await self.ask(method, path, **params)
        assert status == 200, answer
        return answer

    async def order(self, side: str, price: str, quantity: str, symbol: str = "BTCUSDT", **more: Any) -> Any:
        """A limit order that must be accepted."""
        wish = {"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": quantity, **more}
        return await self.must("POST", "/api/v3/order", symbol=symbol, side=side, **wish)

    async def look(self, order: dict[str, Any]) -> Any:
        return await self.must("GET", "/api/v3/order", symbol=order["symbol"], orderId=order["orderId"])

    async def balances(self) -> dict[str, tuple[str, str]]:
        account = await self.must("GET", "/api/v3/account", omitZeroBalances="true")
        return {row["asset"]: (row["free"], row["locked"]) for row in account["balances"]}


class Place:
    """A running exchange and its control socket."""

    def __init__(self, server: Server, http: aiohttp.ClientSession, control: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http
        self._control = control
        self.address = f"127.0.0.1:{server.port}"

    async def get(self, path: str, query: str = "", *, method: str = "GET", headers: Any = None) -> tuple[int, Any]:
        url = f"http://{self.address}{path}?{query}"
        async with self.http.request(method, aiohttp.client.URL(url, encoded=True), headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def control(self, method: str, path: str, wish: Any = None) -> Any:
        status, answer = await self.control_status(method, path, wish)
        assert status == 200, answer
        return answer

    async def control_status(self, method: str, path: str, wish: Any = None) -> tuple[int, Any]:
        async with self._control.request(method, f"http://control{path}", json=wish) as response:
            return response.status, await response.json()

    async def person(self, *, rights: tuple[str, ...] = ("trade",), **balances: str) -> Person:
        wish = {"rights": rights, "balances": balances or {"USDT": "100000", "BTC": "2"}}
        return Person(self, await self.control("POST", "/accounts", wish))

    async def price(self, price: str, symbol: str = "BTCUSDT") -> None:
        await self.control("POST", "/price", {"symbol": symbol, "price": price})

    async def step(self, count: int = 1) -> Any:
        return await self.control("POST", "/step", {"count": count})

    async def fault(self, do: str, **more: Any) -> int:
        return (await self.control("POST", "/faults", {"do": do, **more}))["id"]


@asynccontextmanager
async def running(where: Path, **options: Any) -> AsyncIterator[Place]:
    """An exchange in this process; its state and its control socket are below `where`."""
    given = {"folder": where / "state", "port": 0, "control": where / "c.sock", "step": True, "history_minutes": 5}
    server = Server(Options(**{**given, **options}))
    connector = aiohttp.UnixConnector(str(server.options.control))
    try:
        async with aiohttp.ClientSession() as http, aiohttp.ClientSession(connector=connector) as control:
            await server.start()
            yield Place(server, http, control)
    finally:
        await server.stop()


@pytest.fixture
async def place(short_folder):
    """A market that only moves when told to."""
    async with running(short_folder) as place:
        yield place


@pytest.fixture
async def person(place):
    return await place.person()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for something to become true."""
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110  (the condition is in another process)
            await asyncio.sleep(0.01)


def ccxt_options(place: Place, person: Person | None) -> dict[str, Any]:
    """What an unmodified ccxt needs to trade here: other addresses, nothing else of its own."""
    http, ws = f"http://{place.address}", f"ws://{place.address}"
    keys = {} if person is None else {"apiKey": person.key, "secret": person.secret}
    return {
        **keys,
        "enableRateLimit": False,
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
        "urls": {
            "api": {
                "public": f"{http}/api/v3",
                "private": f"{http}/api/v3",
                "v1": f"{http}/api/v1",
                "sapi": f"{http}/sapi/v1",
                "ws": {"spot": f"{ws}/ws", "margin": f"{ws}/ws", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
            }
        },
    }


@pytest.fixture
def binance(place, person) -> ccxt.binance:
    return ccxt.binance(ccxt_options(place, person))
