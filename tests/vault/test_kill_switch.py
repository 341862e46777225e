"""The kill switch: in force at once, for everybody in its scope, until somebody lifts it who may."""

import os
import subprocess
import sys
import threading
import time
import uuid

import pytest

from tests.support.processes import ROOT, run
from tests.vault.conftest import Bot, refused
from vault.grants.models import Credential
from vault.kills import kills
from vault.messages.refusals import Code, Refused
from vault.messages.words import LiftKill, StopLevel
from vault.service.kills import _lift

OPENING, EVERYTHING = StopLevel.OPENING, StopLevel.EVERYTHING
SCOPES = ["everything", "user", "account", "bot"]


@pytest.fixture
def bot(machine):
    made = Bot(machine)
    yield made
    lift_all(made)
    made.leave()


def lift_all(bot):
    for scope in {row["scope"] for row in bot.machine.web().overview(bot.account.owner, 1).kills}:
        run("-m", "vault", "unkill", scope, env=bot.machine.env)


def scope_of(bot, kind):
    named = {"user": bot.account.owner, "account": bot.account.credential, "bot": bot.grant}
    return "everything" if kind == "everything" else f"{kind}:{named[kind]}"


def kill(bot, kind="bot", level=EVERYTHING, owner=...):
    owner = (None if kind == "everything" else bot.account.owner) if owner is ... else owner
    return bot.machine.web().kill(owner, scope_of(bot, kind), level)


def lift(bot, kind="bot", owner=..., ago=0):
    owner = (None if kind == "everything" else bot.account.owner) if owner is ... else owner
    return bot.machine.web().lift_kill(owner, scope_of(bot, kind), int(time.time()) - ago)


@pytest.fixture
def holder(bot):
    """A bot that holds 0.01 BTC and has an order resting."""
    bot.buy_now()
    bot.becomes("filled")
    bot.place("rest")
    return bot


@pytest.mark.parametrize("kind", SCOPES[1:])
def test_stop_everything_leaves_cancels_and_look_ups(holder, kind):
    assert kill(holder, kind).resting == 1
    refused(Code.EVERYTHING_STOPPED, holder.place, "more")
    refused(Code.EVERYTHING_STOPPED, holder.place, "exit", side="sell", amount="0.005", price="61000")
    assert holder.look_up("rest").state == "accepted"
    assert holder.lease.balances(holder.grant).total
    assert holder.cancel("rest").state == "cancelled"
    assert kill(holder, kind).resting == 0


@pytest.mark.parametrize("kind", SCOPES[1:])
def test_stop_opening_lets_exits_go_on_and_nothing_more(holder, kind):
    kill(holder, kind, OPENING)
    refused(Code.OPENING_STOPPED, holder.place, "more")
    held = "0.00999"  # a tenth of a percent went as the fee
    refused(Code.OPENING_STOPPED, holder.place, "too-much", side="sell", amount="0.01", price="61000")
    refused(Code.OPENING_STOPPED, holder.place, "other", side="sell", market="ETH/USDT", amount="0.01", price="9000")
    assert holder.place("exit", side="sell", amount=held, price="61000").state == "accepted"
    refused(Code.OPENING_STOPPED, holder.place, "twice", side="sell", amount="0.00001", price="61000")


def test_everything_stops_everybody_until_it_is_lifted(machine):
    """On a machine's own: no other test is to meet this one. Its scope is the shared one, so it is short."""
    one, other = Bot(machine), Bot(machine)
    try:
        kill(one, "everything")
        refused(Code.EVERYTHING_STOPPED, one.place)
        refused(Code.EVERYTHING_STOPPED, other.place)
    finally:
        lift(one, "everything")
    assert other.place().state == "accepted"
    one.leave()
    other.leave()


def test_one_bots_kill_is_nobody_elses(bot):
    sibling = Bot(bot.machine, account=bot.account)
    kill(bot)
    refused(Code.EVERYTHING_STOPPED, bot.place)
    assert sibling.place().state == "accepted"
    sibling.leave()


def test_the_strictest_counts(holder):
    kill(holder, "bot", OPENING)
    kill(holder, "user", EVERYTHING)
    refused(Code.EVERYTHING_STOPPED, holder.place, "exit", side="sell", amount="0.005", price="61000")
    lift(holder, "user")
    assert holder.place("exit", side="sell", amount="0.005", price="61000").state == "accepted"


def test_an_order_between_policy_and_send_is_stopped(bot):
    """The key store is slow: the switch is used while the order waits for its MAC."""
    bot.lease.open_grant(bot.grant)
    bot.place("warm")
    bot.machine.bao_pause()
    failures = []
    placing = threading.Thread(target=place_and_keep, args=(bot, failures))
    placing.start()
    try:
        audited(bot, 2)
        kill(bot)
    finally:
        bot.machine.bao_resume()
    placing.join(60)
    assert [why.code for why in failures] == [Code.EVERYTHING_STOPPED]
    assert len(bot.at_exchange()) == 1
    assert bot.look_up("late").state == "rejected"


def audited(bot, count):
    from tests.support.processes import wait_until

    wait_until(lambda: len(bot.audit("order.place")) >= count, what="the order being admitted")


def place_and_keep(bot, failures):
    try:
        bot.lease.place(bot.word("late"))
    except Refused as why:
        failures.append(why)
    finally:
        bot.machine.runner().close()


def test_it_is_in_force_within_a_second_for_a_bot_that_is_running(bot):
    """Orders are placed one after the other; none is placed at the exchange after the switch has answered."""
    refusals = []
    placing = threading.Thread(target=place_until_stopped, args=(bot, refusals))
    placing.start()
    audited(bot, 3)
    pressed = time.time()
    kill(bot)
    answered = time.time()
    placing.join(60)
    assert [why.code for why in refusals] == [Code.EVERYTHING_STOPPED]
    assert max(order["time"] for order in bot.at_exchange()) <= answered * 1000
    assert min(answered - pressed, *(seconds_of(kill, bot, kind) for kind in SCOPES)) < 1, "each of them stood still"


def seconds_of(act, *args):
    began = time.monotonic()
    act(*args)
    return time.monotonic() - began


def place_until_stopped(bot, refusals):
    try:
        for number in range(500):
            bot.lease.place(bot.word(f"o{number}"))
    except Refused as why:
        refusals.append(why)
    finally:
        bot.machine.runner().close()


def test_a_stranger_can_neither_stop_nor_lift(bot):
    stranger = uuid.uuid4()
    for kind in SCOPES:
        refused(Code.NOT_FOUND, kill, bot, kind, OPENING, stranger)
    assert bot.place().state == "accepted"
    kill(bot)
    refused(Code.NOT_FOUND, lift, bot, "bot", stranger)
    refused(Code.NOT_FOUND, bot.machine.web().kill, None, f"bot:{uuid.uuid4()}", OPENING)


def test_a_runner_can_neither_stop_nor_lift(bot):
    from tests.vault.test_refused_tokens import is_refused
    from tests.vault.wire import encoded, key_headers
    from vault.client import KeyFile

    key = KeyFile.read(bot.machine.folder / "platform/runner.key")
    for path in ("/v1/kills/put", "/v1/kills/lift"):
        body = encoded({})
        is_refused(bot.wire.post(path, body, key_headers(key, path, body)), Code.WRONG_KIND_OF_KEY)


def test_lifting_takes_somebody_who_has_just_signed_in_again(bot):
    kill(bot)
    refused(Code.REAUTHENTICATION_NEEDED, lift, bot, "bot", ago=400)
    refused(Code.REAUTHENTICATION_NEEDED, lift, bot, "bot", ago=-60)
    assert lift(bot).level == ""
    assert bot.place().state == "accepted"


def test_what_an_operator_stopped_its_owner_does_not_lift(bot):
    kill(bot, owner=None)
    assert lift(bot).level == "everything"
    refused(Code.EVERYTHING_STOPPED, bot.place)
    assert lift(bot, owner=None).level == ""


def test_what_the_host_stopped_only_the_host_lifts(bot):
    said = run("-m", "vault", "kill", scope_of(bot, "bot"), "--opening", env=bot.machine.env)
    assert "Exits, cancels and look-ups go on." in said
    refused(Code.OPENING_STOPPED, bot.place)
    assert lift(bot, owner=None).level == "opening"
    assert "1 lifted" in run("-m", "vault", "unkill", scope_of(bot, "bot"), env=bot.machine.env)
    assert bot.place().state == "accepted"


@pytest.mark.parametrize("scope", ["bot", "bot:1", "all", "", "user:*", "everything:", "bot:" + "g" * 36])
def test_the_command_refuses_what_is_no_scope(machine, scope):
    done = subprocess.run(
        [sys.executable, "-m", "vault", "kill", scope],
        cwd=ROOT,
        env={**os.environ, **machine.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "is no scope: everything, user:ID" in done.stderr) == (1, True)


def test_it_is_told_in_overview_and_audit(bot):
    kill(bot)
    kill(bot)  # twice is once
    (row,) = bot.machine.web().overview(bot.account.owner, 10).kills
    assert (row["scope"], row["level"]) == (scope_of(bot, "bot"), "everything")
    lift(bot)
    assert bot.machine.web().overview(bot.account.owner, 10).kills == []
    entries = bot.machine.web().overview(None, 50).audit
    kinds = [entry["kind"] for entry in entries if entry["subject"] == scope_of(bot, "bot")]
    assert kinds == ["kill.lifted", "kill.put"]


def test_an_order_that_is_known_is_answered_under_a_kill(bot):
    """A runner that asks again must not take what was sent for refused."""
    placed = bot.place()
    kill(bot)
    assert bot.place() == placed


@pytest.mark.django_db
def test_on_a_real_account_lifting_takes_a_passkey():
    from vault import clock
    from vault.tokens.models import EnrolledKey

    owner = uuid.uuid4()
    row = Credential.objects.create(
        id=uuid.uuid4(), owner=owner, exchange="binance", label="Real", state="ready", announced_at=clock.now()
    )
    kills.put(kills.account_scope(row.id), EVERYTHING, kills.owner(owner), now=clock.now())
    for scope in (f"account:{row.id}", f"user:{owner}", "everything"):
        word = LiftKill(owner=None if scope == "everything" else owner, scope=scope, reauthenticated_at=clock.seconds())
        why = refused(Code.PASSKEY_NEEDED, _lift, EnrolledKey(id="web"), word)
        assert f"python -m vault unkill {scope}" in why.detail
