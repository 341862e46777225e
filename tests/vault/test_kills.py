"""The signer is killed at any point and started again: no order is lost, none is doubled."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from tests.support.machine import Machine
from tests.support.processes import ROOT, run, wait_until
from tests.vault.conftest import Bot
from tests.vault.test_refused_tokens import PLACE, is_refused
from tests.vault.wire import encoded, token_headers
from vault.messages.answers import State
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry

ORDER = "POST /api/v3/order"


@pytest.fixture(scope="module")
def mortal():
    """A machine whose signer is killed, and waits for a locked ledger for a second only."""
    with Machine(ledger_timeout=1) as running:
        yield running


@pytest.fixture
def bot(mortal):
    made = Bot(mortal)
    yield made
    made.leave()


def kill(machine):
    machine.signer.kill()
    machine.signer.wait()


class Placing(threading.Thread):
    """Places orders one after the other until one gets no answer."""

    def __init__(self, bot, names):
        super().__init__()
        self.bot, self.names = bot, names
        self.answers = {}
        self.failure = None

    def run(self):
        try:
            for name in self.names:
                self.answers[name] = self.bot.lease.place(self.bot.word(name))
        except (OutcomeUnknown, Retry, Refused) as why:
            self.failure = why
        finally:
            self.bot.machine.runner().close()


def killed_while(bot, fault, **more):
    """The order's failure as its runner sees it, when the signer is killed while the exchange does this."""
    struck = bot.fault(ORDER, fault, **more)
    placing = Placing(bot, ["base"])
    placing.start()
    bot.machine.paper.wait_for_fault(struck)
    kill(bot.machine)
    placing.join(60)
    bot.machine.start_signer()
    return placing.failure


def test_an_order_that_was_accepted_when_the_signer_was_killed_is_found(bot):
    assert isinstance(killed_while(bot, "accept_then_hang"), OutcomeUnknown)
    bot.becomes("accepted")
    (order,) = bot.at_exchange()
    assert order["clientOrderId"] == bot.look_up().client_order_id
    assert bot.states() == ["unknown", "accepted"]
    assert bot.place().state == "accepted", "asking for the same again sends nothing"
    assert len(bot.at_exchange()) == 1


def test_an_order_that_never_arrived_when_the_signer_was_killed_is_absent(bot):
    assert isinstance(killed_while(bot, "hang_before"), OutcomeUnknown)
    bot.becomes("absent")
    assert bot.at_exchange() == []
    assert bot.states() == ["unknown", "absent"]
    assert bot.place(generation=2).state == "accepted"
    assert len(bot.at_exchange()) == 1


def test_an_order_that_filled_while_the_signer_was_away_is_filled(bot):
    bot.place(name="exit", side="sell", amount="0.01", price="61000")
    kill(bot.machine)
    bot.machine.paper.set_price("BTCUSDT", "61500")
    bot.machine.paper.set_price("BTCUSDT", "60000")
    bot.machine.start_signer()
    assert bot.becomes("filled", "exit").filled == "0.01"
    assert len(bot.trades("exit")) == len(bot.trades_at_exchange())


def test_a_cancel_that_was_cut_off_is_asked_again(bot):
    bot.place()
    struck = bot.fault("DELETE /api/v3/order", "hang_before")
    cancelling = threading.Thread(target=cancel_and_hang_up, args=(bot,))
    cancelling.start()
    bot.machine.paper.wait_for_fault(struck)
    kill(bot.machine)
    cancelling.join(60)
    bot.machine.start_signer()
    order = bot.look_up()
    assert (order.state, order.cancelling) == ("accepted", False)
    assert bot.cancel().state == "cancelled"


def cancel_and_hang_up(bot):
    try:
        with pytest.raises(OutcomeUnknown):
            bot.cancel()
    finally:
        bot.machine.runner().close()


@pytest.mark.parametrize("after", [1, 4, 7])
def test_killed_among_many_placements_each_order_is_there_once(bot, after):
    names = [f"b{number}" for number in range(10)]
    placing = Placing(bot, names)
    placing.start()
    wait_until(lambda: len(bot.at_exchange()) >= after)
    kill(bot.machine)
    placing.join(60)
    bot.machine.start_signer()
    for name in names:
        place_once(bot, name)
    at_exchange = [order["clientOrderId"] for order in bot.at_exchange()]
    known = {row["client_order_id"]: row for row in bot.orders()}
    assert len(at_exchange) == len(set(at_exchange)) == len(names)
    for client_order_id, row in known.items():
        assert (client_order_id in at_exchange) == (row["state"] == "accepted"), row
    for name, answer in placing.answers.items():
        assert bot.look_up(name).client_order_id == answer.client_order_id, "what was answered is still true"


def place_once(bot, name):
    """What a runner does after a takeover: ask, wait for the truth, place the next generation if there is none."""
    order = bot.place(name)
    order = wait_until(lambda: settled(bot, order))
    if order.state is not State.ACCEPTED:
        assert bot.place(name, generation=2).state == "accepted"


def settled(bot, order):
    now = bot.look_up(order.name, order.generation)
    return now if now.state is State.ACCEPTED or now.state.over else None


@contextlib.contextmanager
def locked_ledger(machine):
    """Another process writes to the ledger's file, and takes its time."""
    with contextlib.closing(sqlite3.connect(machine.folder / "vault/vault.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_an_order_that_was_sent_when_the_ledger_failed_is_unknown_to_its_runner(bot):
    """Not `retry`, which would say that nothing was done."""
    answered_late = bot.fault(ORDER, "delay_answer", seconds=0.5)
    placing = Placing(bot, ["base"])
    placing.start()
    bot.machine.paper.wait_for_fault(answered_late)
    with locked_ledger(bot.machine):
        placing.join(60)
    assert isinstance(placing.failure, OutcomeUnknown)
    kill(bot.machine)
    bot.machine.start_signer()
    bot.becomes("accepted")
    assert len(bot.at_exchange()) == 1


def test_an_order_that_could_not_be_written_down_was_not_sent(bot):
    bot.lease.open_grant(bot.grant)
    with locked_ledger(bot.machine), pytest.raises(Retry, match="ledger cannot be written"):
        bot.lease.place(bot.word())
    assert bot.at_exchange() == []
    assert bot.place().state == "accepted"


def test_the_audit_chain_holds_over_every_kill(mortal):
    kill(mortal)
    mortal.start_signer()
    assert "The audit chain holds" in run("-m", "vault", "audit", "verify", env=mortal.env)


def test_a_lease_and_its_used_proofs_outlive_the_signer(bot):
    """A fence never falls, and a proof that was used before the kill stays used."""
    body = encoded(bot.word())
    headers = token_headers(bot.lease, bot.lease._token(bot.grant), PLACE, body)
    assert bot.wire.post(PLACE, body, headers)[0] == 200
    kill(bot.machine)
    bot.machine.start_signer()
    is_refused(bot.wire.post(PLACE, body, headers), Code.PROOF_REPLAYED)
    with pytest.raises(Refused, match="Another runner holds"):
        bot.machine.runner().take_lease(bot.shard)


def test_a_second_signer_on_the_same_ledger_is_refused(mortal):
    token = run("-m", "botplatform.supervisor", "wrap-signer", "--var", mortal.folder, env=mortal.env)
    second = subprocess.run(
        [sys.executable, "-m", "vault", "serve"],
        input=token,
        env={**os.environ, **mortal.env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (second.returncode, second.stderr) == (
        1,
        "Another signer runs on this vault database. Stop it first.\n",
    )
