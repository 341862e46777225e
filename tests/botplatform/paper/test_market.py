"""The market that moves by itself, what is public about it, and its streams."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import pairwise

import aiohttp
import pytest

from botplatform.paper import clock
from botplatform.paper.candles import MINUTE, Candle, Candles
from botplatform.paper.markets import MARKETS
from botplatform.paper.money import ZERO
from botplatform.paper.path import SeededPath
from tests.botplatform.paper.conftest import running, until


async def test_history_ends_where_the_live_path_begins(short_folder):
    async with running(short_folder, history_minutes=30) as place:
        _, rows = await place.get("/api/v3/klines", "symbol=BTCUSDT&interval=1m")
        health = await place.control("GET", "/health")
        assert len(rows) == 31
        assert [later[0] - row[0] for row, later in pairwise(rows)] == [60_000] * 30
        assert all(row[4] == later[1] for row, later in pairwise(rows))
        assert rows[-1][1] == health["markets"]["BTCUSDT"]["price"]
        assert 0 <= time.time_ns() // 1_000_000 - rows[-1][0] < 61_000
        assert all(float(row[3]) <= min(float(row[1]), float(row[4])) for row in rows)


async def test_longer_klines_are_made_of_the_minutes_they_cover(short_folder):
    async with running(short_folder, history_minutes=700) as place:
        _, minutes = await place.get("/api/v3/klines", "symbol=ETHUSDT&interval=1m&limit=1000")
        for interval, length in (("3m", 3), ("15m", 15), ("1h", 60), ("6h", 360)):
            _, rows = await place.get("/api/v3/klines", f"symbol=ETHUSDT&interval={interval}&limit=3")
            for row in rows:
                parts = [m for m in minutes if row[0] <= m[0] <= row[6]]
                assert row[0] % (length * 60_000) == 0
                assert (row[1], row[4]) == (parts[0][1], parts[-1][4])
                assert float(row[2]) == max(float(part[2]) for part in parts)
                assert float(row[5]) == pytest.approx(sum(float(part[5]) for part in parts))


async def test_klines_are_cut_by_start_end_and_limit(short_folder):
    async with running(short_folder, history_minutes=50) as place:
        _, rows = await place.get("/api/v3/klines", "symbol=BTCUSDT&interval=1m")
        opened = [row[0] for row in rows]

        async def ask(query):
            return [row[0] for row in (await place.get("/api/v3/klines", f"symbol=BTCUSDT&interval=1m&{query}"))[1]]

        assert await ask("limit=3") == opened[-3:]
        assert await ask(f"startTime={opened[10]}&limit=3") == opened[10:13]
        assert await ask(f"startTime={opened[10] + 1}&limit=3") == opened[11:14]
        assert await ask(f"endTime={opened[10]}&limit=3") == opened[8:11]
        assert await ask(f"startTime={opened[10]}&endTime={opened[12]}") == opened[10:13]
        assert await ask(f"startTime={opened[-1] + 600_000}") == []
        assert await ask("startTime=0&limit=3") == opened[:3]
        status, answer = await place.get("/api/v3/klines", "symbol=BTCUSDT&interval=2s")
        assert (status, answer["code"]) == (400, -1120)


def test_minutes_in_which_nothing_happened_become_flat_candles():
    candles = Candles("BTCUSDT", MARKETS["BTCUSDT"].start, 0)
    price = MARKETS["BTCUSDT"].start
    candles.load([Candle(opened=0, open=price, high=price, low=price, close=price + 1)])
    rows = candles.klines("1m", None, None, 10, 3 * MINUTE + 5)
    assert [row[0] for row in rows] == [0, MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert all(row[1] == row[4] == "60001.00000000" for row in rows[1:])
    assert candles.day(3 * MINUTE + 5).volume == ZERO


def test_no_more_than_three_days_of_minutes_are_kept():
    candles = Candles("BTCUSDT", MARKETS["BTCUSDT"].start, 0)
    candles.roll(10 * 1440 * MINUTE)
    assert len(candles.minutes) == 3 * 1440
    assert candles.minutes[-1].opened == 10 * 1440 * MINUTE


def test_the_path_is_lively_within_the_hour_and_does_not_run_away_within_months():
    moves, extremes = [], []
    for seed in range(5):
        path = SeededPath(MARKETS["BTCUSDT"], seed, 15.0)
        for _ in range(6):
            before = float(path.price)
            for _ in range(240):  # a wall minute at speed 60
                path.advance()
            moves.append(abs(float(path.price) / before - 1))
        extremes.extend(abs(float(candle.close) / 60000 - 1) for candle in path.history(2 * 1440, 60.0, 0))
    assert 0.002 < sum(moves) / len(moves) < 0.012
    assert max(extremes) < 0.5


async def test_the_market_moves_by_itself_and_makes_trades(short_folder):
    async with running(short_folder, step=False) as place:

        async def moved():
            markets = (await place.control("GET", "/health"))["markets"]
            return all(market["index"] >= 2 for market in markets.values())

        await until(moved)
        for symbol in MARKETS:
            _, trades = await place.get("/api/v3/aggTrades", f"symbol={symbol}")
            assert trades
        assert (await place.control_status("POST", "/step", {}))[0] == 409


async def test_public_lists_can_be_asked_for_one_some_or_all_markets(place):
    for path in ("/api/v3/ticker/24hr", "/api/v3/ticker/price", "/api/v3/ticker/bookTicker"):
        _, one = await place.get(path, "symbol=BTCUSDT")
        _, some = await place.get(path, "symbols=%5B%22BTCUSDT%22,%22ETHBTC%22%5D")
        _, every = await place.get(path)
        assert one["symbol"] == "BTCUSDT"
        assert [row["symbol"] for row in some] == ["BTCUSDT", "ETHBTC"]
        assert [row["symbol"] for row in every] == list(MARKETS)
    _, info = await place.get("/api/v3/exchangeInfo", "symbol=ETHBTC")
    assert [market["symbol"] for market in info["symbols"]] == ["ETHBTC"]
    assert (await place.get("/api/v3/ticker/price", "symbols=nonsense"))[1]["code"] == -1100
    assert (await place.get("/api/v3/ticker/price", "symbol=XXX"))[1]["code"] == -1121
    assert (await place.get("/api/v3/avgPrice", "symbol=BTCUSDT"))[0] == 200


async def test_trades_are_public_and_aggregated_by_taker_and_price(place):
    person = await place.person(USDT="900000")
    await person.must("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="50000")
    _, trades = await place.get("/api/v3/trades", "symbol=BTCUSDT")
    _, aggregates = await place.get("/api/v3/aggTrades", "symbol=BTCUSDT")
    assert sum(float(row["qty"]) for row in trades) == pytest.approx(sum(float(row["q"]) for row in aggregates))
    assert not any(row["isBuyerMaker"] for row in trades)
    first = aggregates[0]["a"]
    assert (await place.get("/api/v3/aggTrades", f"symbol=BTCUSDT&fromId={first + 1}"))[1] == aggregates[1:]
    assert (await place.get("/api/v3/aggTrades", f"symbol=BTCUSDT&startTime={clock.now() + 1000}"))[1] == []


async def test_a_price_set_by_hand_is_where_the_path_goes_on(place):
    await place.price("45000.004")
    health = await place.control("GET", "/health")
    assert health["markets"]["BTCUSDT"]["price"] == "45000.00000000"
    after = await place.step()
    assert float(after["markets"]["BTCUSDT"]["price"]) == pytest.approx(45000, rel=0.01)


# Streams


async def socket_of(place, path="/ws"):
    return await place.http.ws_connect(f"ws://{place.address}{path}")


async def test_streams_are_subscribed_listed_and_left(place):
    async with await socket_of(place) as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@trade", "ethusdt@depth5"], "id": 1})
        assert await socket.receive_json(timeout=60) == {"result": None, "id": 1}
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["ethusdt@depth5"], "id": 2})
        while (await socket.receive_json(timeout=60)).get("id") != 2:
            pass
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        assert await socket.receive_json(timeout=60) == {"result": ["btcusdt@trade"], "id": 3}
        await place.step()
        event = await socket.receive_json(timeout=60)
        assert (event["e"], event["s"]) == ("trade", "BTCUSDT")


@pytest.mark.parametrize("text", ["nonsense", "[]", "1", '{"method": "DANCE", "id": 1}'])
async def test_nonsense_is_answered_with_an_error(place, text):
    async with await socket_of(place) as socket:
        await socket.send_str(text)
        assert "error" in await socket.receive_json(timeout=60)


@pytest.mark.parametrize("name", ["btcusdt@dance", "xxxusdt@trade", "BTCUSDT@trade", "btcusdt@kline_2s", 7])
async def test_an_unknown_stream_is_refused(place, name):
    async with await socket_of(place) as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": [name], "id": 1})
        assert (await socket.receive_json(timeout=60))["error"]["msg"] == "Invalid request: invalid stream"


async def test_combined_streams_say_which_stream_a_message_is_of(place):
    path = "/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@kline_1m/!miniTicker@arr/btcusdt@depth10@100ms"
    async with await socket_of(place, path) as socket:
        seen = {}
        while len(seen) < 5:
            await place.step()
            message = await socket.receive_json(timeout=60)
            seen[message["stream"]] = message["data"]
    assert seen["btcusdt@aggTrade"]["e"] == "aggTrade"
    assert seen["btcusdt@kline_1m"]["k"]["x"] is False
    assert len(seen["btcusdt@depth10@100ms"]["bids"]) == 10
    assert seen["!miniTicker@arr"][0]["e"] == "24hrMiniTicker"


async def test_depth_updates_follow_each_other_without_a_gap_and_keep_a_copy_true(place):
    async with await socket_of(place, "/ws/btcusdt@depth@100ms") as socket:
        _, copy = await place.get("/api/v3/depth", "symbol=BTCUSDT&limit=5000")
        sides = {"b": dict(copy["bids"]), "a": dict(copy["asks"])}
        last = copy["lastUpdateId"]
        for _ in range(3):
            await place.step()
            event = await socket.receive_json(timeout=60)
            assert event["U"] == last + 1
            last = event["u"]
            for side, levels in sides.items():
                levels.update(event[side])
        _, now = await place.get("/api/v3/depth", "symbol=BTCUSDT&limit=5000")
        assert now["lastUpdateId"] == last
        for side, name in (("b", "bids"), ("a", "asks")):
            mine = {price: amount for price, amount in sides[side].items() if float(amount)}
            assert mine == dict(now[name])


async def test_a_reader_who_does_not_read_is_dropped_and_the_others_go_on(place, monkeypatch):
    monkeypatch.setattr("botplatform.paper.connection.BACKLOG", 50)
    host, port = place.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        b"GET /ws/btcusdt@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    async with await socket_of(place, "/ws/btcusdt@trade") as other:
        hub = place.server.hub
        assert len(hub.readers) == 2
        slow = next(
            r
            for r in hub.readers
            if r.request.transport.get_extra_info("peername")[1] == writer.get_extra_info("sockname")[1]
        )
        blob = b'"' + b"x" * 100_000 + b'"'
        async with asyncio.timeout(10):
            while slow in hub.readers:
                slow.send(blob)
                await asyncio.sleep(0)
        await place.step()
        assert (await other.receive_json(timeout=60))["e"] == "trade"
    writer.close()


async def test_all_streams_can_be_cut_at_once(place):
    async with await socket_of(place, "/ws/btcusdt@trade") as socket:
        assert await place.control("POST", "/streams/drop") == {"dropped": 1}
        assert (await socket.receive(timeout=60)).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_json_of_a_stream_carries_money_as_text(place):
    async with await socket_of(place, "/ws/btcusdt@trade") as socket:
        await place.step()
        message = json.loads((await socket.receive(timeout=60)).data)
        assert isinstance(message["p"], str)
        assert isinstance(message["t"], int)
