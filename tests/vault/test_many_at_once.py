"""Fifty requests at once, against the real database, and the signer killed among them: no budget is spent twice."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.machine import Machine
from tests.support.processes import run, wait_until
from tests.vault.conftest import Bot
from tests.vault.test_refused_tokens import PLACE
from tests.vault.wire import encoded, token_headers
from vault.messages.answers import State
from vault.messages.refusals import Code

FIFTY = [f"n{number}" for number in range(50)]


@pytest.fixture(scope="module")
def busy():
    with Machine() as running:
        running.paper.call("POST", "/limits", {"weight": 10_000_000, "orders": 1_000_000})
        yield running


def all_at_once(bot, **terms):
    """Fifty placements of their own on fifty connections; the answers by name, None where the signer went away."""
    token = bot.lease._token(bot.grant)
    bodies = {name: encoded(bot.word(name, **terms)) for name in FIFTY}
    asked = {name: token_headers(bot.lease, token, PLACE, body) for name, body in bodies.items()}
    together = threading.Barrier(len(FIFTY))

    def ask(name):
        together.wait()
        try:
            return bot.wire.post(PLACE, bodies[name], asked[name])[1]
        except (OSError, ValueError, http.client.HTTPException):
            return None

    with ThreadPoolExecutor(len(FIFTY)) as pool:
        return dict(zip(FIFTY, pool.map(ask, FIFTY), strict=True))


def outcomes(answers):
    told = [answer.get("state") or answer["code"] for answer in answers.values()]
    return {each: told.count(each) for each in set(told)}


def books_hold(machine):
    return "The books hold" in run("-m", "vault", "ledger", "verify", env=machine.env)


def test_given_coins_are_offered_once(busy):
    bot = Bot(busy, inventory={"BTC": "0.02"})
    told = outcomes(all_at_once(bot, side="sell", amount="0.001", price="61000"))
    assert told == {"accepted": 20, Code.COINS_NOT_HELD: 30}
    assert len(bot.at_exchange()) == 20
    assert books_hold(busy)
    bot.leave()


def test_turnover_is_spent_once(busy):
    bot = Bot(busy, turnover="1000")
    told = outcomes(all_at_once(bot, amount="0.001", price="50000"))
    assert told == {"accepted": 20, Code.OVER_TURNOVER: 30}
    assert len(bot.at_exchange()) == 20
    assert books_hold(busy)
    bot.leave()


def test_what_trades_at_once_is_counted_once(busy):
    bot = Bot(busy, account=busy.account(USDT="100000"), inventory={}, turnover="1300")
    told = all_at_once(bot, type="ioc", amount="0.001", price="62000")
    assert set(outcomes(told)) <= {"accepted", "filled", Code.OVER_TURNOVER}
    sent = [name for name, answer in told.items() if "state" in answer]
    for name in sent:
        wait_until(lambda name=name: State(bot.state(name)).over, what=f"the end of {name}")
    assert 20 <= len(sent) <= 22
    assert len(bot.at_exchange()) == len(sent)
    assert books_hold(busy)


@pytest.mark.parametrize("after", [1, 8, 20])
def test_killed_among_fifty_nothing_is_reserved_for_ever_or_offered_twice(busy, after):
    bot = Bot(busy, inventory={"BTC": "0.03"}, open_orders=1000)
    killer = threading.Thread(target=kill_after, args=(busy, bot, after))
    killer.start()
    all_at_once(bot, side="sell", amount="0.001", price="61000")
    killer.join(60)
    busy.start_signer()
    wait_until(lambda: settled(bot), what="every order accepted or over")
    resting = [order for order in bot.at_exchange() if order["status"] == "NEW"]
    assert len(resting) <= 30
    assert len(resting) == sum(row["state"] == "accepted" for row in bot.orders())
    assert books_hold(busy)
    wait_until(lambda: cancelled(bot), what="the end of every order")
    wait_until(lambda: all(State(row["state"]).over for row in bot.orders()))
    assert books_hold(busy)
    assert "holds" in run("-m", "vault", "audit", "verify", env=busy.env)


def kill_after(machine, bot, count):
    wait_until(lambda: len(bot.at_exchange()) >= count, what=f"{count} orders at the exchange")
    machine.signer.kill()
    machine.signer.wait()


def cancelled(bot):
    """Under a new lease where the old one ran out meanwhile."""
    if not bot.lease.live:
        bot.lease = bot.machine.runner().take_lease(bot.shard)
    bot.leave()
    return all(State(row["state"]).over for row in bot.orders())


def settled(bot):
    return all(row["state"] == "accepted" or State(row["state"]).over for row in bot.orders())
