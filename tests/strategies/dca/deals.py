"""Deals made of a few fills or of a few prices, for tests that read like help texts."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from strategies.backtest.options import FillRule
from strategies.dca import DCA, Direction
from strategies.deal import Deal
from strategies.events import Answered, Tick
from strategies.market import Market
from strategies.orders import Fill, Side
from strategies.reconcile import reconcile
from tests.strategies.book import Book

NOW = 1_767_225_600_000
FREE = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.00001"),
    min_notional=D(5),
    maker_fee=D(0),
    taker_fee=D(0),
)
FEES = replace(FREE, maker_fee=D("0.001"), taker_fee=D("0.001"))
BOT = DCA(
    base_order=D(100),
    averaging_order=D(100),
    averaging_orders=3,
    step=D("0.02"),
    step_scale=D("1.5"),
    volume_scale=D(2),
    take_profit=D("0.015"),
    stop_loss=D("0.15"),
)
SHORT = replace(BOT, direction=Direction.SHORT)
PLAIN = DCA(base_order=D(100), take_profit=D("0.02"))


def fill(order="base", side=Side.BUY, amount="1", price="100", fee="0", asset="USDT", trade="1"):
    return Fill(
        order=order, side=side, amount=D(amount), price=D(price), fee=D(fee), fee_asset=asset, at=NOW, trade_id=trade
    )


def sold(order, amount, price, trade, **more):
    return fill(order, Side.SELL, amount, price, trade=trade, **more)


def deal_of(*fills, market=FREE, price="100", **more):
    return Deal.of(fills, market=market, price=D(price), opened_at=NOW, **more)


def short_of(bot, *fills, market=FREE):
    """A short deal, with the coins that it was given at 100."""
    return deal_of(*fills, market=market, carried=bot.given(D(100), market), opens=Side.SELL)


def wanted(deal, bot=BOT):
    return {order.name: order for order in bot.orders(deal)}


def prices(deal, bot=BOT):
    """What stands on the book, as name: price; None at the market."""
    return {order.name: order.price for order in bot.orders(deal) if order.amount > deal.filled(order.name)}


def stands_at(bot, deal, price, seconds=0):
    """The market stands at this price, so many seconds after the deal opened."""
    bot.on_event(deal, Tick(NOW + 1000 * seconds, D(str(price))))
    return deal.ending


def answered(bot, deal, ask, holds, price=100):
    bot.on_event(deal, Answered(NOW, ask, holds, D(str(price))))
    return deal.ending


def replay(bot, market, *path, rule=FillRule.THROUGH):
    """The deal after these prices, a minute apart, on a book in memory, and its fills."""
    price = D(str(path[0]))
    book, fills = Book(market, rule), []
    deal = Deal(market=market, price=price, opened_at=NOW, carried=bot.given(price, market), opens=bot.opens_with)
    for minute, number in enumerate(path):
        price, at = D(str(number)), NOW + 60_000 * minute
        for _ in range(6):
            for each in book.move(price, at):
                deal.record(each)
                fills.append(each)
            bot.on_event(deal, Tick(at, price))
            steps = reconcile(
                bot.orders(deal),
                book.open_orders,
                deal.filled_amounts,
                market,
                held=deal.held,
                last_price=price,
                owed=deal.most_bought_back,
            )
            if not steps:
                break
            for step in steps:
                book.carry_out(step)
        else:
            pytest.fail(f"the book never comes to rest at {price}")
    return deal, fills


def told(fills):
    return [(each.order, each.price) for each in fills]
