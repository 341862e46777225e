"""Orders that the exchange takes only near the price."""

from decimal import Decimal as D

from strategies.market import Market
from strategies.orders import Order, Side
from strategies.reconcile import Place, reconcile

MARKET = Market(
    symbol="BTC/USDT",
    tick_size=D("0.01"),
    lot_size=D("0.001"),
    min_notional=D(5),
    lowest_buy=D("0.8"),
    highest_sell=D("1.2"),
)


def placed(*orders, last):
    steps = reconcile(orders, (), {}, MARKET, held=D(1), last_price=D(last))
    return [step.order.name for step in steps if isinstance(step, Place)]


def order(name, side, price):
    return Order(name=name, side=side, amount=D("0.1"), price=D(price))


def test_a_line_too_deep_for_the_exchange_waits_until_the_price_is_nearer():
    near, deep = order("near", Side.BUY, 90), order("deep", Side.BUY, 75)
    assert placed(near, deep, last=100) == ["near"]
    assert placed(near, deep, last=93) == ["near", "deep"]


def test_a_sell_too_high_for_the_exchange_waits_until_the_price_is_nearer():
    high = order("high", Side.SELL, 130)
    assert placed(high, last=100) == []
    assert placed(high, last=110) == ["high"]
