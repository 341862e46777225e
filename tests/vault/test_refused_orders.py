"""What the grant or the ledger does not allow is refused with its own code, and the refusal is in the audit."""

import uuid

import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import Bot, refused
from vault.messages.refusals import SENTENCES, Code


@pytest.fixture(scope="module")
def narrow_bot(machine):
    return Bot(machine, sides=("buy",), types=("limit",), notional="100")


@pytest.fixture
def narrow(narrow_bot):
    """A bot that may only buy, only with limit orders, and for 100 USDT at most."""
    if not narrow_bot.lease.live:
        narrow_bot.lease = narrow_bot.machine.runner().take_lease(narrow_bot.shard)
    yield narrow_bot
    assert narrow_bot.at_exchange() == []
    assert narrow_bot.orders() == []


def told_in_audit(bot, code):
    newest = bot.audit("order.refused")[0]
    return newest["body"]["code"] == code


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        (Code.MARKET_NOT_GRANTED, {"market": "ETH/USDT"}),
        (Code.MARKET_NOT_GRANTED, {"market": "USDT/BTC"}),
        (Code.SIDE_NOT_GRANTED, {"side": "sell"}),
        (Code.TYPE_NOT_GRANTED, {"type": "ioc"}),
        (Code.OVER_NOTIONAL, {"amount": "0.00201", "price": "50000"}),
        (Code.OVER_NOTIONAL, {"amount": "999999999999999999", "price": "999999999999999999"}),
        (Code.OFF_THE_GRID, {"price": "50000.001"}),
        (Code.OFF_THE_GRID, {"amount": "0.000000000000000001", "price": "1"}),
    ],
)
def test_an_order_beyond_the_grant_is_refused(narrow, code, terms):
    refused(code, narrow.place, **terms)
    assert told_in_audit(narrow, code)


def test_a_market_that_the_exchange_does_not_have_is_refused(machine):
    bot = Bot(machine, markets=("ABC/XYZ",))
    refused(Code.MARKET_NOT_GRANTED, bot.place, market="ABC/XYZ")
    assert bot.at_exchange() == []


def test_an_order_of_exactly_the_limit_is_placed(machine):
    bot = Bot(machine, notional="100")
    assert bot.place(amount="0.002", price="50000").state == "accepted"
    bot.leave()


def test_the_same_order_again_is_the_same_order(bot):
    first = bot.place()
    assert bot.place() == first
    assert bot.place(amount="0.0010", price="50000.00") == first
    assert len(bot.at_exchange()) == 1


@pytest.mark.parametrize("terms", [{"amount": "0.002"}, {"price": "50001"}, {"side": "sell"}, {"type": "ioc"}])
def test_an_identity_with_other_terms_is_refused(bot, terms):
    bot.place()
    refused(Code.IDENTITY_TAKEN, bot.place, **terms)
    assert told_in_audit(bot, Code.IDENTITY_TAKEN)
    assert len(bot.at_exchange()) == 1


def test_a_generation_is_refused_while_one_before_it_is_alive(bot):
    bot.place()
    refused(Code.GENERATION_ALIVE, bot.place, generation=2)
    assert told_in_audit(bot, Code.GENERATION_ALIVE)
    assert len(bot.at_exchange()) == 1


def test_generations_count_up_by_one(bot):
    refused(Code.GENERATION_SKIPPED, bot.place, generation=2)
    bot.place()
    bot.cancel()
    refused(Code.GENERATION_SKIPPED, bot.place, generation=3)
    assert bot.place(generation=2).state == "accepted"
    assert [order["status"] for order in bot.at_exchange()] == ["CANCELED", "NEW"]


def test_an_order_that_was_filled_may_grow_under_its_next_generation(bot):
    bot.buy_now()
    bot.becomes("filled")
    assert bot.place(generation=2).state == "accepted"
    assert len(bot.at_exchange()) == 2


def test_the_same_name_in_another_deal_is_another_order(bot):
    one, other = bot.place(), bot.place(deal=uuid.uuid4())
    assert one.client_order_id != other.client_order_id
    assert len(bot.at_exchange()) == 2


def test_an_order_of_another_grant_is_not_there(machine, bot):
    """Under another grant of the same account, too."""
    bot.place()
    other = Bot(machine, account=bot.account)
    other.deal = bot.deal
    refused(Code.UNKNOWN_ORDER, other.cancel)
    refused(Code.UNKNOWN_ORDER, other.look_up)
    assert other.events() == []
    assert bot.state() == "accepted"


def test_an_order_that_the_exchange_refuses_is_rejected(bot):
    fault = bot.fault("POST /api/v3/order", "reject")
    order = bot.place()
    bot.machine.paper.wait_for_fault(fault)
    assert order.state == "rejected"
    assert "-2010" in order.reason
    assert bot.place(generation=2).state == "accepted"


def test_each_code_has_a_sentence_of_its_own():
    assert set(SENTENCES) == set(Code)
    assert len(set(SENTENCES.values())) == len(Code)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_a_first_order_off_the_grid_is_refused_as_such(machine):
    """Even when the signer has not yet asked the exchange what its grid is."""
    machine.signer.kill()
    machine.signer.wait()
    machine.start_signer()
    bot = Bot(machine)
    refused(Code.OFF_THE_GRID, bot.place, price="50000.001")
    assert bot.at_exchange() == []
    wait_until(lambda: told_in_audit(bot, Code.OFF_THE_GRID))
