"""The market along a file of candles."""

from __future__ import annotations

import pytest

from tests.botplatform.paper.conftest import running

# rising: open, low, high, close; falling: open, high, low, close
BARS = """open_time,open,high,low,close,volume
1700000000000,100.00,110.00,95.00,105.00,8
1700000060000,105.00,108.00,90.00,92.00,4
"""
CORNERS = ["100", "95", "110", "105", "105", "108", "90", "92"]


@pytest.fixture
def bars(short_folder):
    file = short_folder / "SOLUSDT-1m-2023-11.csv"
    file.write_text(BARS)
    return file


@pytest.fixture(params=["through", "touch"])
def fill(request):
    return request.param


@pytest.fixture
async def along(short_folder, bars, fill):
    async with running(short_folder, candles=(str(bars),), fill=fill) as place:
        yield place


def sol(answer):
    return answer["markets"]["SOLUSDT"]


async def test_every_corner_is_released_in_its_order(along):
    health = await along.control("GET", "/health")
    seen = [sol(health)["price"]]
    while not health["done"]:
        health = await along.step()
        seen.append(sol(health)["price"])
    assert [float(price) for price in seen] == [float(corner) for corner in CORNERS]
    assert sol(health)["index"] == len(CORNERS)
    after = await along.step()
    assert (sol(after)["price"], after["done"]) == ("92.00000000", True)


async def test_what_the_path_passes_fills_completely_at_its_own_price(along):
    whale = await along.person(USDT="9000000")
    order = await whale.order("BUY", "97.50", "50000", "SOLUSDT")
    await along.step()
    found = await whale.look(order)
    assert (found["status"], found["cummulativeQuoteQty"]) == ("FILLED", "4875000.00000000")
    assert len(await whale.must("GET", "/api/v3/myTrades", symbol="SOLUSDT")) == 1


async def test_a_price_that_is_only_touched_fills_as_told(along, fill):
    person = await along.person(USDT="1000")
    order = await person.order("BUY", "95", "1", "SOLUSDT")
    await along.step()
    assert (await person.look(order))["status"] == ("FILLED" if fill == "touch" else "NEW")


async def test_orders_fill_in_the_order_in_which_the_path_passes_them(along):
    person = await along.person(USDT="10000")
    for price in ("96", "99", "98"):
        await person.order("BUY", price, "1", "SOLUSDT")
    await along.step()
    trades = await person.must("GET", "/api/v3/myTrades", symbol="SOLUSDT")
    assert [float(trade["price"]) for trade in trades] == [99, 98, 96]


async def test_an_order_that_can_trade_at_once_does_so_at_the_path_s_price(along):
    person = await along.person(USDT="1000000", SOL="10")
    wish = {"symbol": "SOLUSDT", "type": "MARKET", "quantity": "5"}
    bought = await person.must("POST", "/api/v3/order", side="BUY", **wish)
    sold = await person.must("POST", "/api/v3/order", side="SELL", **wish)
    limit = await person.order("BUY", "104", "1000", "SOLUSDT")
    for order in (bought, sold, limit):
        assert [fill["price"] for fill in order["fills"]] == ["100.00000000"]


async def test_the_book_never_crosses_and_the_books_add_up(along):
    person = await along.person(USDT="10000", SOL="100")
    await person.order("BUY", "95", "1", "SOLUSDT")
    await person.order("SELL", "110", "1", "SOLUSDT")
    done = False
    while not done:
        done = (await along.step())["done"]
        _, depth = await along.get("/api/v3/depth", "symbol=SOLUSDT")
        assert float(depth["bids"][0][0]) < float(depth["asks"][0][0])
    health = await along.control("GET", "/health")
    assert (health["ok"], health["mistakes"]) == (True, [])


async def test_a_cut_fill_is_completed_by_the_next_step_that_passes(along):
    person = await along.person(USDT="10000")
    order = await person.order("BUY", "97", "1", "SOLUSDT")
    await along.fault("partial_fill", share="0.25")
    await along.step()
    assert (await person.look(order))["executedQty"] == "0.25000000"
    await along.step(5)
    assert (await person.look(order))["status"] == "FILLED"


async def test_the_path_goes_on_after_a_restart(short_folder, bars):
    async with running(short_folder, candles=(f"SOLUSDT={bars}",)) as place:
        await place.step(2)
    async with running(short_folder, candles=(f"SOLUSDT={bars}",)) as place:
        assert sol(await place.control("GET", "/health"))["price"] == "110.00000000"
        assert sol(await place.step())["price"] == "105.00000000"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "holds no candle"),
        ("a.csv", "1,2,3\n", "line 1: no candle"),
        ("XXX=a.csv", "1,2,3\n", "there is no market XXX"),
    ],
)
async def test_a_file_that_is_none_is_named(short_folder, name, text, words):
    symbol, equals, file = name.rpartition("=")
    (short_folder / file).write_text(text)
    with pytest.raises(ValueError, match=words):
        async with running(short_folder, candles=(f"{symbol}{equals}{short_folder / file}",)):
            pass
