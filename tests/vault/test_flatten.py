"""`python -m vault flatten`: every position closed by the signer alone."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.support.processes import ROOT, run
from tests.vault.conftest import Bot, refused
from vault.messages.refusals import Code


@pytest.fixture
def holder(bot):
    """A bot that holds 0.01 BTC, less the fee, and has a buy and a take profit resting."""
    bot.buy_now()
    bot.becomes("filled")
    bot.place("rest")
    bot.place("take-profit", side="sell", amount="0.009", price="69000")
    return bot


def flatten(bot, scope=None):
    return run("-m", "vault", "flatten", scope or f"bot:{bot.grant}", "--yes", env=bot.machine.env)


def net(bot):
    """Coins bought less coins sold and fees in the coin, from the exchange's own trades."""
    coins = Decimal(0)
    for trade in bot.trades_at_exchange():
        coins += Decimal(trade["qty"]) if trade["isBuyer"] else -Decimal(trade["qty"])
        if trade["commissionAsset"] == "BTC":
            coins -= Decimal(trade["commission"])
    return coins


def test_everything_that_rests_is_cancelled_and_everything_held_is_sold(holder):
    told = flatten(holder)
    assert "Done" in told
    assert {order["status"] for order in holder.at_exchange()} <= {"FILLED", "CANCELED", "EXPIRED"}
    assert 0 <= net(holder) < Decimal("0.0001")


def test_the_scope_stays_stopped(holder):
    flatten(holder)
    if not holder.lease.live:  # closing may take longer than a lease lasts
        holder.lease = holder.machine.runner().take_lease(holder.shard)
    refused(Code.EVERYTHING_STOPPED, holder.place, "again")


def test_it_needs_neither_lease_nor_runner(holder):
    holder.lease.release()
    flatten(holder)
    assert net(holder) < Decimal("0.0001")


def test_what_is_owed_is_bought_back(bot):
    bot.place("short", side="sell", amount="0.01", price="50000")
    bot.becomes("filled", "short")
    assert net(bot) == Decimal("-0.01")
    flatten(bot)
    assert abs(net(bot)) < Decimal("0.0002")


def test_what_another_bot_holds_is_left_alone(holder, machine):
    other = Bot(machine, holder.account)
    other.buy_now(price="68000")
    other.becomes("filled")
    flatten(holder)
    assert net(holder) > Decimal("0.0099")
    other.leave()


def test_a_users_bots_are_all_closed(holder, machine):
    other = Bot(machine, holder.account)
    other.buy_now(price="68000")
    other.becomes("filled")
    flatten(holder, f"user:{holder.account.owner}")
    assert net(holder) < Decimal("0.0002")


def test_it_is_written_down_before_and_after(holder, machine):
    flatten(holder)
    entries = machine.web().overview(None, 200).audit
    kinds = [entry["kind"] for entry in entries if entry["subject"] == f"bot:{holder.grant}"]
    assert kinds[:3] == ["flatten.done", "flatten.asked", "kill.put"]


def test_a_scope_that_nobody_knows_is_named(bot, machine):
    with pytest.raises(AssertionError, match="No such"):
        flatten(bot, "bot:00000000-0000-0000-0000-000000000000")


def test_without_a_signer_it_says_what_it_waits_for(tmp_path):
    env = {**os.environ, "BOTPLATFORM_VAR": str(tmp_path)}
    run("-m", "vault", "migrate", env=env)
    command = [sys.executable, "-m", "vault", "flatten", "everything", "--yes"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as waiting:
        told = [waiting.stdout.readline() for _ in range(2)]
        waiting.kill()
    assert told[1] == "No signer runs here now: it begins as soon as one is started.\n"


@pytest.mark.parametrize("written", ["", "yes\n"])
def test_without_the_word_nothing_is_done(tmp_path, written):
    env = {**os.environ, "BOTPLATFORM_VAR": str(tmp_path)}
    run("-m", "vault", "migrate", env=env)
    command = [sys.executable, "-m", "vault", "flatten", "everything"]
    asked = subprocess.run(command, cwd=ROOT, env=env, input=written, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (
        1,
        "Nothing was done: that was not `flatten`. Write it, or add --yes.\n",
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "vault/vault.sqlite3")) as ledger:
        assert ledger.execute("SELECT count(*) FROM kills_kill").fetchone() == (0,)
