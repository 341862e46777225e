"""A portfolio of two coins, against the real signer and exchange."""

from decimal import Decimal

import pytest

from botplatform.bots import actions
from botplatform.bots.models import Deal, Fill
from botplatform.runner.portfolio import tell_portfolios
from tests.botplatform.runner.runs import Run
from tests.support.processes import wait_until

pytestmark = pytest.mark.django_db
SETTINGS = {
    "coins": [{"symbol": "BTC/USDT", "weight": "0.5"}, {"symbol": "ETH/USDT", "weight": "0.3"}],
    "cash": "1000",
    "drift": "0.05",
    "smallest_trade": "10",
}


class Prices:
    """What the listener last heard, by hand."""

    def __init__(self, *runs):
        self.runs = runs

    def last(self, market):
        return next(run.tick for run in self.runs if run.keeper.market == market)


@pytest.fixture
def coins(machine, lease, account, market, ether):
    bot = actions.create(account.owner, account, market, (ether,), name="Mix", kind="rebalance", settings=SETTINGS)
    actions.start(bot)
    bitcoin, ethereum = Run(machine, lease, bot), Run(machine, lease, bot, "ETH/USDT")
    bitcoin.price(50000)
    ethereum.price(2500)
    return bitcoin, ethereum


def turn(coins, enough):
    def act():
        for run in coins:
            run.beat()
        tell_portfolios([run.keeper for run in coins], Prices(*coins))
        return enough()

    wait_until(act, what="the portfolio")


def worth(run):
    return run.deal().state().held * run.tick.price


def test_the_first_round_buys_every_coin_at_its_weight(coins):
    turn(coins, lambda: Fill.objects.count() >= 2)
    assert abs(worth(coins[0]) - 500) < 5
    assert abs(worth(coins[1]) - 300) < 5


def test_after_a_rise_the_coin_is_sold_before_the_other_is_bought(coins):
    turn(coins, lambda: Fill.objects.count() >= 2)
    coins[0].price(65000)
    turn(coins, lambda: Fill.objects.count() >= 4)
    sold, bought = Fill.objects.order_by("learned")[2:4]
    assert (sold.order.side, bought.order.side) == ("sell", "buy")
    total = sum(worth(run) for run in coins) + 1000 + sum(deal_cash(run.deal()) for run in coins)
    assert abs(worth(coins[0]) / total - Decimal("0.5")) < Decimal("0.01")


def deal_cash(deal):
    tally = deal.state().tally
    return tally.proceeds - tally.cost


def test_nobody_is_told_anything_while_a_coin_has_no_deal_yet(coins):
    coins[0].beat()
    tell_portfolios([run.keeper for run in coins], Prices(*coins))
    assert Deal.objects.get().memory == ""
