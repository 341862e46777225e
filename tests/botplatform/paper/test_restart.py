"""A real process is stopped and killed, and goes on from where it was."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from botplatform.paper.store import FolderInUse, Store
from tests.botplatform.paper.conftest import Person, running, until


class Remote:
    """An exchange in a process of its own."""

    def __init__(self, process, address, http, control) -> None:
        self.process = process
        self.address = address
        self.http = http
        self._control = control

    async def get(self, path, query="", *, method="GET", headers=None):
        url = aiohttp.client.URL(f"http://{self.address}{path}?{query}", encoded=True)
        async with self.http.request(method, url, headers=headers) as response:
            return response.status, await response.json()

    async def control(self, method, path, wish=None):
        async with self._control.request(method, f"http://control{path}", json=wish) as response:
            return await response.json()


@asynccontextmanager
async def process(folder: Path, *options: str):
    running_ = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "botplatform.paper", "serve", "--folder", str(folder / "state"), "--port", "0"),
        *("--control", str(folder / "c.sock"), "--history-minutes", "3", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        first = (await asyncio.wait_for(running_.stdout.readline(), 20)).decode()
        assert first, (await running_.stderr.read()).decode()
        connector = aiohttp.UnixConnector(str(folder / "c.sock"))
        async with aiohttp.ClientSession() as http, aiohttp.ClientSession(connector=connector) as control:
            yield Remote(running_, first.strip().rpartition("/")[2], http, control)
    finally:
        if running_.returncode is None:
            running_.kill()
        await running_.communicate()


async def test_a_killed_exchange_lost_nothing_it_acknowledged_and_made_no_money(short_folder):
    acknowledged = []
    async with process(short_folder, "--speed", "600") as place:
        person = Person(place, await place.control("POST", "/accounts", {"balances": {"USDT": "100000", "BTC": "1"}}))

        async def trade():
            for number in range(10_000):
                wish = {"newClientOrderId": f"n{number}", "newOrderRespType": "RESULT"}
                kind = {"type": "MARKET"} if number % 2 else {"type": "LIMIT", "timeInForce": "GTC", "price": "40000"}
                side = "SELL" if number % 4 == 3 else "BUY"
                acknowledged.append(
                    await person.must(
                        "POST", "/api/v3/order", symbol="BTCUSDT", side=side, quantity="0.001", **kind, **wish
                    )
                )

        await place.control("POST", "/limits", {"orders": 100_000, "weight": 10_000_000})
        trading = asyncio.create_task(trade())

        async def enough():
            return len(acknowledged) >= 40

        await until(enough)
        before = (await place.control("GET", "/health"))["markets"]["BTCUSDT"]
        place.process.kill()
        with pytest.raises(aiohttp.ClientError):
            await trading

    async with process(short_folder, "--step") as again:
        person = Person(again, {"account": person.account, "key": person.key, "secret": person.secret})
        await again.control("POST", "/limits", {"weight": 10_000_000})
        for order in acknowledged:
            found = await person.must("GET", "/api/v3/order", symbol="BTCUSDT", orderId=order["orderId"])
            assert (found["clientOrderId"], found["executedQty"]) == (order["clientOrderId"], order["executedQty"])
        health = await again.control("GET", "/health")
        assert (health["ok"], health["mistakes"]) == (True, [])
        after = health["markets"]["BTCUSDT"]
        assert before["index"] - 8 <= after["index"]
        assert abs(float(after["price"]) / float(before["price"]) - 1) < 0.05
        last = max(order["orderId"] for order in acknowledged)
        assert (await person.order("BUY", "40000", "0.001"))["orderId"] > last


async def test_sigterm_ends_at_once_with_open_streams_and_hanging_requests(short_folder):
    async with process(short_folder) as place:
        await place.control("POST", "/faults", {"do": "hang_before", "on": "GET /api/v3/time"})
        async with place.http.ws_connect(f"ws://{place.address}/ws/btcusdt@trade") as socket:
            await socket.receive(timeout=60)
            hanging = asyncio.create_task(place.get("/api/v3/time"))
            await place.control("POST", "/faults/1/wait", {})
            place.process.terminate()
            assert await asyncio.wait_for(place.process.wait(), 30) == 0  # the request hangs for ever
            await asyncio.gather(hanging, return_exceptions=True)
    assert not (short_folder / "c.sock").exists()


async def test_a_stopped_exchange_goes_on_at_the_same_price_with_the_same_orders(short_folder):
    async with running(short_folder) as place:
        person = await place.person()
        resting = await person.order("BUY", "30000", "0.01")
        await place.step(3)
        before = (await place.control("GET", "/health"))["markets"]
        _, candles = await place.get("/api/v3/klines", "symbol=BTCUSDT&interval=1m")
    async with running(short_folder, history_minutes=500) as again:
        assert (await again.control("GET", "/health"))["markets"] == before
        person.place = again
        assert (await person.look(resting))["status"] == "NEW"
        assert (await person.balances())["USDT"] == ("99700.00000000", "300.00000000")
        _, later = await again.get("/api/v3/klines", "symbol=BTCUSDT&interval=1m")
        assert later[: len(candles) - 1] == candles[:-1]
        cancelled = await person.must("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=resting["orderId"])
        assert cancelled["status"] == "CANCELED"


async def test_the_same_seed_walks_the_same_path_and_a_restart_does_not_change_it(short_folder):
    async def walk(folder, pieces):
        prices = []
        for count in pieces:
            async with running(folder, seed=11) as place:
                prices += [(await place.step())["markets"]["ETHUSDT"]["price"] for _ in range(count)]
        return prices

    assert await walk(short_folder / "a", (6,)) == await walk(short_folder / "b", (2, 4))


async def test_ids_that_were_seen_are_not_used_again_after_a_crash(short_folder):
    async with running(short_folder) as place:
        await place.step(5)
        _, trades = await place.get("/api/v3/trades", "symbol=BTCUSDT")
        place.server.exchange.broken.set()  # writes nothing more
    async with running(short_folder) as place:
        await place.step()
        _, later = await place.get("/api/v3/trades", "symbol=BTCUSDT")
        assert later[0]["id"] > trades[-1]["id"]


async def test_two_exchanges_do_not_share_a_folder(short_folder):
    async with running(short_folder):
        with pytest.raises(FolderInUse, match="works in"):
            Store(short_folder / "state")


async def test_the_state_is_private(short_folder):
    async with running(short_folder):
        modes = {path.name: path.stat().st_mode & 0o777 for path in (short_folder / "state").iterdir()}
        assert set(modes.values()) == {0o600}
        assert (short_folder / "state").stat().st_mode & 0o777 == 0o700
        assert (short_folder / "c.sock").stat().st_mode & 0o777 == 0o600


async def test_books_that_do_not_add_up_are_refused(short_folder):
    async with running(short_folder) as place:
        await place.person()
        store = place.server.exchange.store
        store._db.execute("UPDATE balances SET free = '100001.00000000' WHERE asset = 'USDT'")
    with pytest.raises(ValueError, match="do not add up: there are 100001"):
        async with running(short_folder):
            pass


async def test_an_exchange_that_cannot_write_answers_errors_and_stops(short_folder):
    async with running(short_folder) as place:
        person = await place.person()
        place.server.exchange.store._db.execute("PRAGMA query_only=ON")
        wish = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        assert (await person.ask("POST", "/api/v3/order", **wish))[0] == 500
        assert place.server.exchange.broken.is_set()
        assert (await person.ask("POST", "/api/v3/order", **wish))[0] == 500
    async with running(short_folder) as again:
        person.place = again
        assert (await person.balances())["USDT"][0] == "100000.00000000"


async def test_a_second_exchange_on_the_same_socket_or_port_says_so(short_folder):
    async with running(short_folder) as place:
        with pytest.raises(OSError, match="Another process listens"):
            async with running(short_folder, folder=short_folder / "other"):
                pass
        with pytest.raises(OSError, match="in use"):
            async with running(
                short_folder, folder=short_folder / "third", control=short_folder / "t.sock", port=place.server.port
            ):
                pass


async def test_a_start_that_fails_says_why_in_one_sentence(short_folder):
    failing = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "botplatform.paper", "serve", "--folder", str(short_folder / "s"), "--port", "0"),
        *("--control", str(short_folder / ("x" * 120))),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(failing.communicate(), 20)
    assert failing.returncode == 2
    assert "is longer than 107 bytes" in said.decode()
    assert "Traceback" not in said.decode()
