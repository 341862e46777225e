"""An order's life with the vault's database on PostgreSQL; a database that does not answer; the way out of trouble."""

import contextlib
import threading

import psycopg
import pytest

from tests.support.postgres import READER, SIGNER
from tests.support.processes import run, wait_until
from tests.vault.conftest import Bot, refused
from tests.vault.test_many_at_once import FIFTY, all_at_once, cancelled, kill_after, outcomes, settled
from vault.messages.answers import State
from vault.messages.refusals import Code, Retry
from vault.postgresql.base import TURN

# What the vault's own connections have, only shorter.
_OPTIONS = {"options": "-c idle_in_transaction_session_timeout=200"}
pytestmark = pytest.mark.xdist_group("postgresql")


def holds(machine, env=None):
    """Whether audit and books are whole, as the signer sees them or somebody else."""
    audit = run("-m", "vault", "audit", "verify", env=env or machine.env)
    books = run("-m", "vault", "ledger", "verify", env=env or machine.env)
    return "The audit chain holds" in audit and "The books hold" in books


def test_an_order_is_placed_and_cancelled(machine):
    bot = Bot(machine)
    assert bot.place().state is State.ACCEPTED
    bot.cancel()
    bot.becomes("cancelled")
    assert bot.states() == ["accepted", "cancelled"]


def test_an_order_fills_and_is_counted(machine):
    bot = Bot(machine)
    bot.buy_now()
    bot.becomes("filled")
    assert wait_until(bot.trades, what="its trade")


def test_a_refusal_is_written_down(machine):
    bot = Bot(machine)
    refused(Code.MARKET_NOT_GRANTED, bot.place, market="ETH/USDT")
    assert [entry["kind"] for entry in bot.audit("order.refused")] == ["order.refused"]


def test_fifty_at_once_spend_the_turnover_once(machine):
    bot = Bot(machine, turnover="1000")
    told = outcomes(all_at_once(bot, amount="0.001", price="50000"))
    assert told == {"accepted": 20, Code.OVER_TURNOVER: len(FIFTY) - 20}
    assert len(bot.at_exchange()) == 20
    bot.leave()
    assert holds(machine)


def test_killed_among_fifty_nothing_is_lost_or_doubled(machine):
    bot = Bot(machine, inventory={"BTC": "0.03"}, open_orders=1000)
    killer = threading.Thread(target=kill_after, args=(machine, bot, 8))
    killer.start()
    all_at_once(bot, side="sell", amount="0.001", price="61000")
    killer.join(60)
    machine.start_signer()
    wait_until(lambda: settled(bot), what="every order accepted or over")
    resting = [order for order in bot.at_exchange() if order["status"] == "NEW"]
    assert len(resting) <= 30
    assert len(resting) == sum(row["state"] == "accepted" for row in bot.orders())
    assert holds(machine)
    wait_until(lambda: cancelled(bot), what="the end of every order")


def test_while_another_has_its_turn_nothing_is_decided_or_sent(machine):
    bot = Bot(machine)
    with machine.postgres.connected(machine.name, SIGNER) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        with pytest.raises(Retry) as caught:
            bot.lease.place(bot.word())
        assert caught.value.code is Code.LEDGER_UNAVAILABLE
    assert bot.at_exchange() == []
    assert bot.place().state is State.ACCEPTED
    bot.leave()


def test_who_stands_still_in_a_transaction_does_not_keep_the_kill_switch_out(machine):
    bot = Bot(machine)
    with contextlib.closing(psycopg.connect(machine.postgres.url(machine.name, SIGNER), **_OPTIONS)) as stands:
        stands.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        run("-m", "vault", "kill", f"bot:{bot.grant}", env=machine.env)
        refused(Code.EVERYTHING_STOPPED, bot.place)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            stands.execute("SELECT 1")


def test_after_the_server_has_crashed_the_signer_goes_on(machine):
    bot = Bot(machine)
    assert bot.place("before").state is State.ACCEPTED
    machine.postgres.crash()
    with pytest.raises(Retry) as caught:
        bot.lease.place(bot.word("meanwhile"))
    assert caught.value.code is Code.LEDGER_UNAVAILABLE
    machine.postgres.start()
    wait_until(lambda: decides(machine), what="the signer deciding again")
    assert bot.place("meanwhile").state is State.ACCEPTED
    assert len(bot.at_exchange()) == 2
    bot.leave()
    assert holds(machine)


def decides(machine):
    try:
        return machine.web().overview(None, 1)
    except Retry:
        return None


def test_the_reader_checks_everything(machine):
    assert holds(machine, machine.as_role(READER))


def test_recovery_and_the_clock_are_accepted_by_the_signers_role(machine):
    """After the last entries were cut off by the server's administrator."""
    bot = Bot(machine)
    machine.web().revoke_grant(bot.account.owner, bot.grant)  # after which a checkpoint is written at once
    ((height,),) = machine.postgres.administer(machine.name, "SELECT max(height) FROM audit_entry")
    wait_until(lambda: checkpoint(machine) >= height, what="the head in the key store")
    machine.kill_signer()
    machine.postgres.administer(
        machine.name,
        "ALTER TABLE audit_entry DISABLE TRIGGER history_audit_entry_delete",
        "DELETE FROM audit_entry WHERE height > (SELECT max(height) FROM audit_entry) - 3",
        "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER history_audit_entry_delete",
    )
    assert "Accepted" in run("-m", "vault", "clock", "--accept", env=machine.env)
    machine.start_signer()
    assert machine.health()["mode"] == "recovery"
    run("-m", "vault", "recover", env=machine.env)
    wait_until(lambda: machine.health()["ok"], what="the signer going on")


def checkpoint(machine):
    """How far the audit is signed for."""
    return machine.postgres.administer(machine.name, "SELECT coalesce(max(height), 0) FROM audit_checkpoint")[0][0]
