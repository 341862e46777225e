"""A runner that was taken over: it has a lease, tokens and proofs, and asks for whatever it likes.

Each attempt is refused with a reason of its own, and nothing of it reaches the exchange.
"""

import msgspec
import pytest

from tests.support.forging import ask as ask_database
from tests.support.processes import run
from tests.vault.conftest import Bot, refused
from tests.vault.test_refused_tokens import PLACE, ask, is_refused, next_version, nothing_happened, reminted
from tests.vault.wire import encoded, key_headers, token_headers
from vault.client import KeyFile, WebClient
from vault.messages.refusals import Code, Retry
from vault.messages.words import Cancel

SMUGGLED = {
    "quantity": "1000",
    "quoteOrderQty": "100000",
    "timestamp": 1,
    "recvWindow": 60000,
    "marginMode": "cross",
    "params": {"sideEffectType": "MARGIN_BUY"},
    "newClientOrderId": "x",
    "stopPrice": "1",
}
BENT = [
    ("market", "BTC/USDT:USDT"),
    ("market", "BTCUSDT"),
    ("market", "BTC/USDT&side=SELL"),
    ("side", "sell&x=1"),
    ("side", "SELL"),
    ("type", "market"),
    ("name", "../../keys"),
    ("deal", "../../../etc/passwd"),
    ("grant", "../"),
    ("amount", "-1"),
    ("amount", -1),
    ("amount", "NaN"),
    ("price", "1e999"),
    ("price", "-0"),
    ("amount", "१"),
    ("amount", "1" * 40),
    ("generation", 2**63),
]


def bent(bot, **fields):
    return msgspec.to_builtins(bot.word()) | fields


@pytest.mark.parametrize("name", SMUGGLED)
def test_parameters_are_not_smuggled(quiet, name):
    is_refused(ask(quiet, word=bent(quiet, **{name: SMUGGLED[name]})), Code.MALFORMED)


@pytest.mark.parametrize(("field", "value"), BENT, ids=str)
def test_words_are_not_bent(quiet, field, value):
    is_refused(ask(quiet, word=bent(quiet, **{field: value})), Code.MALFORMED)


@pytest.mark.parametrize(
    "more", [{"coin": "BTC", "address": "bc1q", "amount": "1"}, {"withdrawal": True}, {"path": "/sapi/v1/withdraw"}]
)
def test_a_withdrawal_is_not_dressed_as_a_balance_query(quiet, more):
    is_refused(ask(quiet, word={"grant": str(quiet.grant)} | more, path="/v1/balances"), Code.MALFORMED)


@pytest.mark.parametrize(
    "path", ["/v1/withdraw", "/sapi/v1/capital/withdraw/apply", "/v1/orders/../keys/remove", "/v1/transfer"]
)
def test_there_is_no_address_for_anything_else(quiet, path):
    is_refused(ask(quiet, path=path), Code.NOT_FOUND)


def test_a_fence_from_the_future_is_no_fence(machine, quiet):
    token = reminted(machine, quiet, fence=2**63)
    is_refused(ask(quiet, token=token), Code.LEASE_EXPIRED)
    runner = KeyFile.read(machine.folder / "platform/runner.key")
    path, body = "/v1/leases/renew", encoded({"shard": quiet.shard, "fence": 2**63})
    is_refused(quiet.wire.post(path, body, key_headers(runner, path, body)), Code.MALFORMED)


def test_two_runners_do_not_run_one_bot(machine, bot):
    bot.lease.open_grant(bot.grant)
    other = Bot(machine)
    refused(Code.HELD_BY_ANOTHER_SHARD, other.lease.open_grant, bot.grant)
    refused(Code.LEASE_HELD, machine.runner().take_lease, bot.shard)
    assert bot.place().state == "accepted"


def test_another_grants_orders_are_out_of_reach(machine, bot):
    bot.place()
    other = Bot(machine, account=bot.account)
    word = Cancel(grant=bot.grant, deal=bot.deal, name="base", generation=1)
    body = encoded(word)
    path = "/v1/orders/cancel"
    headers = token_headers(other.lease, other.lease._token(other.grant), path, body)
    is_refused(other.wire.post(path, body, headers), Code.WRONG_GRANT)
    refused(Code.UNKNOWN_ORDER, other.lease.cancel, msgspec.structs.replace(word, grant=other.grant))
    assert [order["status"] for order in bot.at_exchange()] == ["NEW"]


def test_coins_that_were_never_bought_are_not_sold(machine):
    """They lie on the account; the bot was not given them."""
    bot = Bot(machine, inventory={})
    refused(Code.COINS_NOT_HELD, bot.place, side="sell", amount="0.001", price="61000")
    assert bot.at_exchange() == []
    bot.buy_now(price="62000")
    bot.becomes("filled")
    gross = refused(Code.COINS_NOT_HELD, bot.place, name="all", side="sell", amount="0.01", price="61000")
    assert gross.detail == "It may sell 0.00999 BTC, and asks for 0.01."
    assert bot.place("exit", side="sell", amount="0.00999", price="61000").state == "accepted"
    refused(Code.COINS_NOT_HELD, bot.place, name="again", side="sell", amount="0.00001", price="61000")
    bot.leave()


def test_what_is_offered_is_not_offered_again_until_its_order_has_ended(machine):
    bot = Bot(machine, inventory={"BTC": "0.01"})
    bot.place("one", side="sell", amount="0.01", price="61000")
    refused(Code.COINS_NOT_HELD, bot.place, name="two", side="sell", amount="0.01", price="61000")
    bot.cancel("one")
    assert bot.place("three", side="sell", amount="0.01", price="61000").state == "accepted"
    bot.leave()


def test_exits_are_not_spammed(machine):
    """Each is allowed by itself; together they would use up the account's rate at the exchange."""
    bot = Bot(machine, inventory={}, exits_a_minute=3)
    bot.buy_now(price="62000")
    bot.becomes("filled")
    for number in range(3):
        bot.place(f"exit-{number}", side="sell", amount="0.001", price="61000")
        bot.cancel(f"exit-{number}")
    refused(Code.TOO_MANY_EXITS, bot.place, name="exit-3", side="sell", amount="0.001", price="61000")
    assert len(bot.at_exchange()) == 4
    assert bot.place("opens").state == "accepted", "exits do not use up what may open"
    bot.leave()


def test_orders_are_not_spammed_and_readings_neither(machine):
    bot = Bot(machine, orders_a_minute=2, reads_a_minute=2)
    bot.place("one")
    bot.place("two")
    refused(Code.TOO_MANY_ORDERS, bot.place, name="three")
    assert bot.place("one").state == "accepted", "what was sent is answered"
    bot.look_up("one")
    bot.look_up("one")
    refused(Code.TOO_MANY_READS, bot.look_up, "one")
    refused(Code.TOO_MANY_READS, bot.lease.balances, bot.grant)
    assert bot.cancel("one").state == "cancelled", "cancelling is never limited"
    bot.cancel("two")


def test_open_orders_are_not_piled_up(machine):
    bot = Bot(machine, open_orders=2)
    bot.place("one")
    bot.place("two")
    refused(Code.TOO_MANY_OPEN, bot.place, name="three")
    bot.cancel("one")
    assert bot.place("three").state == "accepted"
    bot.leave()


def test_orders_of_one_installation_do_not_trade_with_each_other(machine):
    """Two accounts, two owners, one signer: wash trades are refused, and nobody learns whose order it was."""
    one = Bot(machine, markets=("ETH/USDT",), account=machine.account(USDT="10000", ETH="5"))
    other = Bot(machine, markets=("ETH/USDT",))
    best = machine.paper.call("GET", "/health")["markets"]["ETHUSDT"]["price"]
    ask_price = str(round(float(best) * 1.02, 2))
    one.place("ask", market="ETH/USDT", side="sell", amount="0.1", price=ask_price)
    why = refused(Code.WOULD_CROSS_OWN, other.place, market="ETH/USDT", amount="0.1", price=ask_price)
    assert why.detail == ""
    assert other.at_exchange() == []
    under = str(round(float(ask_price) - 0.01, 2))
    assert other.place("b", market="ETH/USDT", type="ioc", amount="0.1", price=under).state in ("accepted", "filled")
    one.cancel("ask")


def test_a_grant_that_has_expired_only_exits(machine):
    bot = Bot(machine, inventory={}, expires=2**40)
    bot.buy_now(price="62000")
    bot.becomes("filled")
    limits = {"sides": ("buy", "sell"), "types": ("limit", "ioc"), "order_notional": "1000", "inventory": {}}
    machine.web().write_grant(next_version(machine, bot, expires=1, **limits))
    refused(Code.GRANT_EXPIRED, bot.place, name="more")
    assert bot.place("exit", side="sell", amount="0.00999", price="61000").state == "accepted"
    bot.leave()


def test_an_honest_order_still_passes_beside_all_that(bot):
    assert ask(bot, word=bot.word(), path=PLACE)[0] == 200
    assert len(bot.at_exchange()) == 1
    assert bot.look_up().grant == bot.grant


def test_refusals_do_not_fill_the_audit(bot):
    codes = [ask(bot, bot.word(amount="1"))[1]["code"] for _ in range(302)]
    assert codes == [Code.OVER_NOTIONAL] * 300 + [Code.TOO_MANY_REFUSED] * 2
    told = "SELECT count(*) FROM audit_entry WHERE kind = 'order.refused' AND subject = ?"
    assert ask_database(bot.machine.database, told, str(bot.grant)) == 300
    nothing_happened(bot)


def test_a_key_that_floods_the_signer_is_asked_to_wait(machine, tmp_path):
    """A key of its own: all others go on as before."""
    run("-m", "vault", "enroll-web", "--key-file", tmp_path / "key", env=machine.env)
    web = WebClient(machine.run_folder / "signer.sock", KeyFile.read(tmp_path / "key"))
    try:
        assert floods(web)
        assert machine.web().overview(None, 1)
    finally:
        web.close()


def floods(web):
    for _ in range(3000):
        try:
            web.overview(None, 1)
        except Retry as why:
            return why.code is Code.TOO_MANY_REQUESTS
    return False
