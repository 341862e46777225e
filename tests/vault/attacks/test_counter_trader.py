"""Somebody who can make a bot trade, and trades against it: the way in which leaked keys were turned into money.

The grant's own numbers end it: collar, slippage, turnover, and markets that enough others trade on.
"""

from decimal import Decimal

import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import Bot, refused
from vault.messages.refusals import Code, Refused

SOL = {"markets": ("SOL/USDT",), "collar": "0.05", "exit_collar": "0.1"}


@pytest.fixture
def sol(machine):
    """What SOL stands at; it stands there again afterwards."""
    price = Decimal(machine.paper.call("GET", "/health")["markets"]["SOLUSDT"]["price"])
    yield price
    machine.paper.set_price("SOLUSDT", price)


def at(price, factor):
    return str((price * Decimal(factor)).quantize(Decimal("0.01")))


def test_a_marked_up_buy_is_refused(machine, sol):
    bot = Bot(machine, **SOL)
    why = refused(Code.OUTSIDE_COLLAR, bot.place, market="SOL/USDT", amount="1", price=at(sol, "1.2"))
    assert why.detail.startswith("A buy is at most ")
    refused(Code.OUTSIDE_COLLAR, bot.place, market="SOL/USDT", side="sell", amount="1", price=at(sol, "0.8"))
    assert bot.at_exchange() == []


def test_pushing_the_market_first_does_not_help(machine, sol):
    """He holds bid and ask 40 % higher; the hour before says otherwise."""
    bot = Bot(machine, **SOL)
    bot.place("before", market="SOL/USDT", amount="1", price=at(sol, "0.9"))
    bot.cancel("before")
    machine.paper.set_price("SOLUSDT", at(sol, "1.4"))
    for name in ("at-once", "later"):
        refused(Code.OUTSIDE_COLLAR, bot.place, name=name, market="SOL/USDT", amount="1", price=at(sol, "1.4"))
    assert [order["status"] for order in bot.at_exchange()] == ["CANCELED"]


def test_a_market_that_hardly_anybody_trades_is_refused(machine):
    bot = Bot(machine, market_volume="1000000000000")
    refused(Code.THIN_MARKET, bot.place)
    assert bot.at_exchange() == []


def test_churning_inside_the_collar_ends_with_the_turnover(machine):
    """Every round trip leaves him the spread. What was bought can still be sold."""
    bot = Bot(machine, inventory={}, turnover="2500", collar="0.05")
    bought = 0
    for number in range(5):
        name = f"in-{number}"
        if number == 2:
            refused(Code.OVER_TURNOVER, bot.place, name=name, type="ioc", amount="0.01", price="61000")
            break
        bot.place(name, type="ioc", amount="0.01", price="61000")
        bot.becomes("filled", name)
        bought += 1
        bot.place(f"out-{number}", type="ioc", side="sell", amount="0.0099", price="59000")
        bot.becomes("filled", f"out-{number}")
    assert bought == 2
    assert len(bot.at_exchange()) == 4


def test_giving_away_inside_the_collar_ends_with_the_slippage(machine):
    """A price 4 % from the reference is within the collar, and what it may cost is counted while it rests."""
    bot = Bot(machine, collar="0.05", slippage="30")
    refused(Code.OVER_SLIPPAGE, bot.place, type="ioc", amount="0.016", price="62400")
    bot.place("small", type="ioc", amount="0.01", price="62000")
    assert bot.becomes("filled", "small")
    # It traded at the market after all: what it might have cost is free again.
    wait_until(lambda: bot.place("next", type="ioc", amount="0.01", price="62000"))
    bot.becomes("filled", "next")


def test_a_day_of_losses_ends_the_opening(machine, sol):
    bot = Bot(machine, markets=("SOL/USDT",), inventory={}, loss="5", collar="0.3", exit_collar="0.5")
    bot.place("in", market="SOL/USDT", type="ioc", amount="2", price=at(sol, "1.05"))
    bot.becomes("filled", "in")
    machine.paper.set_price("SOLUSDT", at(sol, "0.9"))

    def refused_yet():
        try:
            order = bot.place(f"more-{next(names)}", market="SOL/USDT", amount="0.1", price=at(sol, "0.75"))
        except Refused as why:
            return why.code is Code.OVER_LOSS
        bot.cancel(order.name)
        return False

    names = iter(range(1000))
    wait_until(refused_yet, what="the signer's own price being down")
    exits = bot.place("out", market="SOL/USDT", side="sell", type="ioc", amount="1.99", price=at(sol, "0.85"))
    assert exits.state in ("accepted", "filled")
