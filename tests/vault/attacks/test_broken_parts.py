"""Parts that fail: the key store, the disk, the database, the clock, the signer itself. Each fails closed."""

import contextlib
import itertools
import os
import resource
import signal
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from botplatform.supervisor.layout import open_layout
from botplatform.supervisor.openbao import api, config, setup, upgrade
from botplatform.supervisor.openbao.files import BaoFiles
from tests.support.forging import ask
from tests.support.machine import Machine
from tests.support.processes import run, wait_until
from tests.vault.conftest import Bot, refused
from vault.messages.refusals import SENTENCES, Code, OutcomeUnknown, Refused, Retry

_names = (f"n{number}" for number in itertools.count())


pytestmark = pytest.mark.xdist_group("broken_parts")  # one machine for all of them


@pytest.fixture(scope="module")
def vault():
    """A machine whose head is kept often, and whose every part can break."""
    with Machine("--speed", "0.0001", head_seconds=0.1, head_patience=2, clock_seconds=0.2) as running:
        yield running


@pytest.fixture
def bot(vault):
    made = Bot(vault)
    yield made
    made.leave()


def retried(code, act, *args, **kwargs):
    with pytest.raises(Retry) as caught:
        act(*args, **kwargs)
    assert caught.value.code is code, caught.value


def goes_on(bot):
    """Once the machine is well again, orders are sent as before, and nothing was lost or doubled meanwhile."""
    machine = bot.machine
    wait_until(lambda: machine.health()["ok"], what="the signer being well")
    if not bot.lease.live:
        bot.lease = wait_until(lambda: lease(bot), what="the lease")
    before = len(bot.at_exchange())
    assert bot.place(next(_names)).state == "accepted"
    assert len(bot.at_exchange()) == before + 1


def lease(bot):
    try:
        return bot.machine.runner().take_lease(bot.shard)
    except Refused as why:
        assert why.code is Code.LEASE_HELD, why  # noqa: PT017 - any other is a failure
    except OutcomeUnknown:
        return None


def as_root(machine, method, path, body):
    files = BaoFiles(open_layout(machine.folder))
    with upgrade.root_token(files, setup._provisioner(files)) as root:
        api.demand(files.socket, method, path, token=root, body=body)


@contextlib.contextmanager
def openbao_down(machine):
    os.kill(machine._bao_server(), signal.SIGKILL)
    try:
        yield
    finally:
        machine.restart_bao()


@contextlib.contextmanager
def openbao_sealed(machine):
    with contextlib.suppress(api.BaoError):  # of what cannot be done any more afterwards
        as_root(machine, "PUT", "sys/seal", {})
    try:
        yield
    finally:
        machine.restart_bao()


@pytest.mark.parametrize("broken", [openbao_down, openbao_sealed])
def test_without_its_key_store_the_signer_sends_nothing(bot, broken):
    bot.lease.open_grant(bot.grant)
    with broken(bot.machine):
        retried(Code.KEYSTORE_UNAVAILABLE, bot.place)
        assert bot.at_exchange() == []
        assert bot.state() == "rejected", "what was reserved is free again"
        assert not bot.machine.health()["keystore"]
    goes_on(bot)


def test_an_order_that_a_slow_key_store_held_up_is_not_sent(bot):
    bot.lease.open_grant(bot.grant)
    for name in ("late", "later", "latest"):
        late = Late(bot, name)
        bot.machine.bao_pause()
        try:
            late.start()
            wait_until(lambda: admitted(bot.machine), what="the order being admitted")
            wait_until(lambda: age(bot.machine) > 3.2, what="the deadline passing")
        finally:
            bot.machine.bao_resume()
        late.join(60)
        if age(bot.machine) < 5:  # else this machine stood still for longer than the key store is waited for: again
            break
    assert [why.code for why in late.failures] == [Code.DEADLINE_PASSED]
    assert bot.at_exchange() == []
    goes_on(bot)


class Late(threading.Thread):
    """Places one order, and keeps what became of it."""

    def __init__(self, bot, name="late"):
        super().__init__()
        self.bot, self.name_of_order, self.failures = bot, name, []

    def run(self):
        try:
            self.bot.lease.place(self.bot.word(self.name_of_order))
        except (Refused, Retry, OutcomeUnknown) as why:
            self.failures.append(why)
        finally:
            self.bot.machine.runner().close()


def admitted(machine):
    return ask(machine.database, "SELECT count(*) FROM ledger_order WHERE state = 'sending'")


def age(machine):
    """Seconds since the newest order was admitted."""
    return ask(machine.database, "SELECT (julianday('now') - julianday(max(prepared_at))) * 86400 FROM ledger_order")


def test_a_signer_that_was_stopped_between_policy_and_send_sends_nothing(bot):
    """SIGSTOP while the key store is asked; it wakes up when the order's time is over."""
    machine = bot.machine
    bot.lease.open_grant(bot.grant)
    late = Late(bot)
    machine.bao_pause()
    try:
        late.start()
        wait_until(lambda: admitted(machine), what="the order being admitted")
        os.kill(machine.signer.pid, signal.SIGSTOP)
    finally:
        machine.bao_resume()
    wait_until(lambda: age(machine) > 3.2, what="the deadline passing")
    os.kill(machine.signer.pid, signal.SIGCONT)
    late.join(60)
    assert [why.code for why in late.failures] == [Code.DEADLINE_PASSED]
    assert bot.at_exchange() == []
    assert bot.state("late") == "rejected"
    goes_on(bot)


def test_an_order_that_a_killed_signer_had_not_sent_is_looked_up_and_found_absent(bot):
    """Nobody is left who knows that it was not sent."""
    machine = bot.machine
    bot.lease.open_grant(bot.grant)
    late = Late(bot)
    machine.bao_pause()
    try:
        late.start()
        wait_until(lambda: admitted(machine), what="the order being admitted")
        machine.kill_signer()
    finally:
        machine.bao_resume()
    late.join(60)
    assert [type(why) for why in late.failures] == [OutcomeUnknown]
    machine.start_signer()
    goes_on(bot)
    refused(Code.GENERATION_ALIVE, bot.place, "late", 2)
    bot.becomes("absent", "late")
    assert bot.place("late", 2).state == "accepted"
    assert len(bot.at_exchange()) == 2


def test_a_disk_that_takes_nothing_more_stops_every_order_before_it_is_sent(bot):
    machine = bot.machine
    bot.place("before")
    with full_disk(machine):
        retried(Code.LEDGER_UNAVAILABLE, bot.lease.place, bot.word("more"))
        retried(Code.LEDGER_UNAVAILABLE, bot.lease.place, bot.word("more"))
        assert [order["origQty"] for order in bot.at_exchange()] == ["0.00100000"]
    goes_on(bot)
    assert bot.state("before") == "accepted"
    assert "The books hold" in run("-m", "vault", "ledger", "verify", env=machine.env)


@contextlib.contextmanager
def full_disk(machine):
    """No file of the signer's grows beyond a page: its database cannot commit."""
    _, most = resource.prlimit(machine.signer.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(machine.signer.pid, resource.RLIMIT_FSIZE, (4096, most))
    try:
        yield
    finally:
        resource.prlimit(machine.signer.pid, resource.RLIMIT_FSIZE, (most, most))


def test_while_the_head_cannot_be_kept_nothing_is_opened_and_exits_pass(bot):
    """OpenBao still signs, and does not take the head: its policy forgot it."""
    machine = bot.machine
    bot.buy_now()
    bot.becomes("filled")
    with head_refused(machine):
        wait_until(lambda: not opens(bot), what="opening being stopped")
        with pytest.raises(Retry, match="does not keep the vault's head"):
            bot.place("more")
        assert bot.place("exit", side="sell", amount="0.005", price="61000").state == "accepted"
        assert not machine.health()["ok"]
    wait_until(lambda: opens(bot), what="opening again")


_nudges = iter(range(1000))


def opens(bot):
    try:
        return bot.place(f"n{next(_nudges)}", amount="0.0001").state == "accepted"
    except Retry:
        return False


@contextlib.contextmanager
def head_refused(machine):
    """The signer's policy without the head, for a while."""
    policy = (config.POLICIES / "signer.hcl").read_text()

    def write(text):
        as_root(machine, "POST", "sys/policies/acl/signer", {"policy": text})

    write(policy.replace('path "heads/data/signer"', 'path "heads/data/nobody"'))
    try:
        yield
    finally:
        write(policy)


@pytest.mark.parametrize("ahead", [600, -600], ids=["ahead", "behind"])
def test_a_clock_ten_minutes_off_signs_nothing(bot, ahead):
    """By the exchange's clock, which is the one that counts for a signed request."""
    machine = bot.machine
    bot.place("resting")
    machine.paper.call("POST", "/clock", {"ahead": -ahead * 1000})
    try:
        wait_until(lambda: SENTENCES[Code.CLOCK_OFF] in str(machine.health()["troubles"]), what="the difference")
        refused(Code.CLOCK_OFF, bot.place, "new")
        assert "600 s " + ("ahead" if ahead > 0 else "behind") in str(refused(Code.CLOCK_OFF, bot.cancel, "resting"))
        assert len(bot.at_exchange()) == 1
    finally:
        machine.paper.call("POST", "/clock", {"ahead": 0})
    goes_on(bot)


def troubles(machine):
    try:
        return machine.health()["troubles"]
    except OSError:
        return None  # it is starting


def seen(machine, later):
    """As if the signer's clock had once run so far ahead, or had been set back so far since."""
    machine.kill_signer()
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("UPDATE audit_mark SET at = ?", (f"{datetime.now(UTC) + later:%Y-%m-%d %H:%M:%S}",))
        database.commit()
    machine.launch_signer()


def test_a_clock_that_went_backwards_signs_nothing_until_a_person_accepts_it(bot):
    machine = bot.machine
    bot.place("resting")
    wait_until(lambda: ask(machine.database, "SELECT count(*) FROM audit_mark"), what="the time being kept")
    seen(machine, timedelta(minutes=10))
    (trouble,) = wait_until(lambda: troubles(machine), what="the signer's troubles")
    assert trouble.startswith(SENTENCES[Code.CLOCK_BEHIND])
    assert "python -m vault clock --accept" in trouble
    refused(Code.CLOCK_BEHIND, bot.lease.place, bot.word("new"))
    refused(Code.CLOCK_BEHIND, machine.web().overview, None, 1)
    assert "behind: set this machine's clock, or wait" in run("-m", "vault", "clock", env=machine.env)
    with pytest.raises(AssertionError, match="A signer runs on this vault database"):
        run("-m", "vault", "clock", "--accept", env=machine.env)
    machine.kill_signer()
    fence = ask(machine.database, "SELECT max(fence) FROM tokens_lease WHERE shard = ?", bot.shard)
    assert "Accepted" in run("-m", "vault", "clock", "--accept", env=machine.env)
    machine.start_signer()
    refused(Code.STALE_FENCE, bot.lease.place, bot.word("new"))
    bot.lease = wait_until(lambda: lease(bot), what="the lease")
    assert bot.lease.fence == fence + 2
    goes_on(bot)
    assert bot.state("resting") == "accepted"
    assert len(bot.at_exchange()) == 2


def test_the_audit_chain_holds_over_all_of_it(vault):
    """A closing for every opening, whatever broke in between."""
    assert "The audit chain holds" in run("-m", "vault", "audit", "verify", env=vault.env)
