"""The unmodified ccxt trades here."""

from __future__ import annotations

import asyncio

import ccxt
import ccxt.pro
import pytest

from tests.botplatform.paper.conftest import ccxt_options


async def call(function, *args):
    return await asyncio.to_thread(function, *args)


async def test_ccxt_finds_the_markets_with_their_grids_and_least_amounts(binance):
    markets = await call(binance.load_markets)

    bitcoin = markets["BTC/USDT"]
    assert {"BTC/USDT", "ETH/USDT", "SOL/USDT", "DOGE/USDT", "ETH/BTC"} <= set(markets)
    assert (bitcoin["precision"]["amount"], bitcoin["precision"]["price"]) == (1e-05, 0.01)
    assert bitcoin["limits"]["cost"]["min"] == 5


async def test_ccxt_reads_prices_klines_depth_and_trades(place, binance):
    await place.step(3)

    ticker = await call(binance.fetch_ticker, "BTC/USDT")
    tickers = await call(binance.fetch_tickers, ["BTC/USDT", "ETH/USDT"])
    every = await call(binance.fetch_tickers)
    candles = await call(binance.fetch_ohlcv, "BTC/USDT", "1m", None, 5)
    book = await call(binance.fetch_order_book, "BTC/USDT")
    trades = await call(binance.fetch_trades, "BTC/USDT")

    assert ticker["bid"] < ticker["ask"]
    assert set(tickers) == {"BTC/USDT", "ETH/USDT"}
    assert len(every) == 5
    assert len(candles) == 5
    assert len(book["bids"]) == len(book["asks"]) == 10
    assert trades[-1]["price"] == ticker["last"]
    assert await call(binance.fetch_time) > 0


async def test_ccxt_places_looks_up_and_cancels_an_order(place, binance):
    await place.price("60000")
    params = {"clientOrderId": "mine-1"}
    placed = await call(binance.create_order, "BTC/USDT", "limit", "buy", 0.01, 50000, params)
    found = await call(binance.fetch_order, placed["id"], "BTC/USDT")
    by_client_id = await call(binance.fetch_order, None, "BTC/USDT", params)
    opened = await call(binance.fetch_open_orders, "BTC/USDT")
    locked = (await call(binance.fetch_balance))["USDT"]
    cancelled = await call(binance.cancel_order, placed["id"], "BTC/USDT")

    assert placed["status"] == found["status"] == "open"
    assert by_client_id["id"] == opened[0]["id"] == placed["id"]
    assert opened[0]["clientOrderId"] == "mine-1"
    assert locked == {"free": 99500.0, "used": 500.0, "total": 100000.0}
    assert cancelled["status"] == "canceled"
    assert (await call(binance.fetch_balance))["USDT"]["used"] == 0
    assert [order["status"] for order in await call(binance.fetch_orders, "BTC/USDT")] == ["canceled"]


async def test_ccxt_buys_at_market_and_sees_its_trades_with_fees(binance):
    order = await call(binance.create_order, "BTC/USDT", "market", "buy", 0.01)
    trades = await call(binance.fetch_my_trades, "BTC/USDT")

    assert order["status"] == "closed"
    assert order["filled"] == 0.01
    assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
    assert trades[0]["fee"] == {"cost": pytest.approx(trades[0]["amount"] / 1000), "currency": "BTC"}


async def test_ccxt_amends_an_order_in_one_request(place, binance):
    await place.price("60000")
    first = await call(binance.create_order, "BTC/USDT", "limit", "buy", 0.01, 50000)
    second = await call(binance.edit_order, first["id"], "BTC/USDT", "limit", "buy", 0.02, 51000)

    assert second["id"] != first["id"]
    assert [order["price"] for order in await call(binance.fetch_open_orders, "BTC/USDT")] == [51000]


@pytest.mark.parametrize(
    ("amount", "price", "error"),
    [
        (9001, 50000, ccxt.InvalidOrder),
        (1.9, 59000, ccxt.InsufficientFunds),
        (0.00001, 50000, ccxt.BadRequest),
    ],
)
async def test_ccxt_understands_the_refusals(place, binance, amount, price, error):
    await place.price("60000")
    with pytest.raises(error):
        await call(binance.create_order, "BTC/USDT", "limit", "buy", amount, price)


async def test_ccxt_understands_that_an_order_does_not_exist(binance):
    with pytest.raises(ccxt.OrderNotFound):
        await call(binance.fetch_order, "123456", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        await call(binance.cancel_order, "123456", "BTC/USDT")


async def test_ccxt_reads_the_rights_of_its_key(binance):
    rights = await call(binance.sapiGetAccountApiRestrictions)

    assert rights["enableSpotAndMarginTrading"] is True
    assert rights["enableWithdrawals"] is False


@pytest.mark.parametrize(
    "watch",
    [
        lambda pro: pro.watch_ticker("BTC/USDT"),
        lambda pro: pro.watch_tickers(["BTC/USDT", "ETH/USDT"]),
        lambda pro: pro.watch_ohlcv("BTC/USDT", "1m"),
        lambda pro: pro.watch_trades("BTC/USDT"),
        lambda pro: pro.watch_order_book("BTC/USDT"),
        lambda pro: pro.watch_bids_asks(["BTC/USDT"]),
    ],
    ids=["ticker", "tickers", "ohlcv", "trades", "order book", "bids and asks"],
)
async def test_ccxt_pro_watches(place, watch):
    pro = ccxt.pro.binance(ccxt_options(place, None))

    async def move():
        while True:
            await place.step()
            await asyncio.sleep(0.02)

    moving = asyncio.create_task(move())
    try:
        async with asyncio.timeout(10):
            assert await watch(pro)
            assert await watch(pro)
    finally:
        moving.cancel()
        await pro.close()
