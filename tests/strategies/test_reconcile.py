"""The rules that keep the steps from wanted to open orders safe; others are told in the tests of each bot."""

from decimal import Decimal as D

from strategies.market import Market
from strategies.orders import OpenOrder, Order, Side
from strategies.reconcile import Place, reconcile

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
TARGET = Order(name="take-profit-step-1", side=Side.BUY, amount=D(1), price=D(95))
CLOSE = Order(name="close", side=Side.BUY, amount=D(1))


def placed(wanted, open_orders, owed):
    steps = reconcile(wanted, open_orders, {}, MARKET, held=D(0), last_price=D(100), owed=owed)
    return [step.order.name for step in steps if isinstance(step, Place)]


def test_a_short_is_not_bought_back_twice_while_a_take_profit_may_still_fill():
    leaving = OpenOrder(order=TARGET, remaining=D(1), leaving=True)
    assert placed([CLOSE], [leaving], owed=D(1)) == []
    assert placed([CLOSE], [], owed=D(1)) == ["close"]


def test_a_deal_that_owes_nothing_in_particular_buys_as_it_wishes():
    assert placed([CLOSE, TARGET], [], owed=None) == ["close", "take-profit-step-1"]
