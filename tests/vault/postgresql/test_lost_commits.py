"""A server that goes away while it commits: the signer finds out what became of the transaction."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.postgres import PostgresMachine
from tests.support.processes import run
from tests.support.relay import Relay
from tests.vault.conftest import Bot
from vault.messages.answers import State
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry

pytestmark = pytest.mark.xdist_group("postgresql")
ADMITTED, OUTCOME = b"order.place", b"order.placed"  # what the audit says in each of an order's two transactions


class Relayed(PostgresMachine):
    """Its signer reaches the server through a relay; commands do so directly."""

    def __init__(self, postgres, relay, **settings):
        super().__init__(postgres, **settings)
        self._home, self._relay = str(postgres.folder / "home"), str(relay.folder)

    def launch_signer(self, env=None):
        env = env or self.env
        super().launch_signer({**env, "VAULT_DATABASE_URL": env["VAULT_DATABASE_URL"].replace(self._home, self._relay)})


@pytest.fixture(scope="module")
def relay(postgres):
    relay = Relay(postgres.folder / "home")
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def relayed(postgres, relay):
    with Relayed(postgres, relay, ledger_timeout=15) as running:
        yield running


@pytest.fixture
def bot(relayed):
    bot = Bot(relayed)
    bot.lease.open_grant(bot.grant)
    yield bot
    bot.leave()


def whole(machine):
    return "The books hold" in run("-m", "vault", "ledger", "verify", env=machine.env) and (
        "The audit chain holds" in run("-m", "vault", "audit", "verify", env=machine.env)
    )


@pytest.mark.parametrize("mark", [ADMITTED, OUTCOME], ids=["admitted", "outcome"])
def test_an_order_whose_commit_was_not_confirmed_goes_on_from_what_is_there(bot, relay, mark):
    relay.lose("answer", mark)
    assert bot.lease.place(bot.word()).state is State.ACCEPTED
    assert relay.lost.is_set()
    assert len(bot.at_exchange()) == 1
    assert whole(bot.machine)


def test_it_is_asked_for_until_the_server_is_back(bot, relay):
    relay.lose("answer", ADMITTED, then=bot.machine.postgres.crash)
    with ThreadPoolExecutor(1) as pool:
        placed = pool.submit(placed_once, bot)
        assert relay.lost.wait(60)
        bot.machine.postgres.start()
        told = placed.result(30)
    # A server that takes longer than an order may wait is found to have it all the same: it is known not to be sent.
    assert (told, len(bot.at_exchange())) in ((State.ACCEPTED, 1), (Code.DEADLINE_PASSED, 0))
    assert bot.state() == ("accepted" if told is State.ACCEPTED else "rejected")


def placed_once(bot):
    try:
        return bot.lease.place(bot.word()).state
    except Refused as why:
        return why.code
    finally:
        bot.machine.runner().close()  # this thread's connection


def test_an_order_whose_commit_never_arrived_was_never_there(bot, relay):
    relay.lose("question", ADMITTED)
    with pytest.raises(Retry) as caught:
        bot.lease.place(bot.word())
    assert caught.value.code is Code.LEDGER_UNAVAILABLE
    assert relay.lost.is_set()
    assert bot.at_exchange() == []
    assert bot.place().state is State.ACCEPTED, "the same order, asked for again"
    assert len(bot.at_exchange()) == 1


def test_an_order_whose_outcome_never_arrived_is_found_and_not_sent_again(bot, relay):
    relay.lose("question", OUTCOME)
    with pytest.raises(OutcomeUnknown):
        bot.lease.place(bot.word())
    assert relay.lost.is_set()
    assert bot.place().state is State.SENDING, "asking again sends nothing"
    bot.becomes("accepted")
    assert len(bot.at_exchange()) == 1
