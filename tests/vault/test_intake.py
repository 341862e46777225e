"""Connecting a key: what is refused, what is destroyed, and that the secret is nowhere afterwards."""

import json
import threading
import uuid
from pathlib import Path

import pytest

from tests.support.scan import scan
from tests.vault.conftest import Bot, refused
from vault.client.client import seal
from vault.custody.unix import client
from vault.messages.refusals import Code, Retry


class Owner:
    """Somebody who connects a key."""

    def __init__(self, machine, rights=("trade",)):
        self.machine = machine
        self.id = uuid.uuid4()
        opened = machine.paper.open_account(rights)
        self.account, self.key, self.secret = opened["account"], opened["key"], opened["secret"]
        self.announced = machine.web().announce_key(self.id, "paper", "Paper")
        self.credential = uuid.UUID(self.announced.credential)

    def sealed(self, key=None, secret=None, owner=None, answer=None):
        return seal(key or self.key, secret or self.secret, owner=owner or self.id, answer=answer or self.announced)

    def connect(self, sealed=None, owner=None, credential=None):
        return self.machine.web().connect_key(owner or self.id, credential or self.credential, sealed or self.sealed())

    @property
    def state(self):
        (row,) = self.machine.web().overview(self.id, 10).credentials
        return row["state"]

    @property
    def in_key_store(self):
        """Whether OpenBao has a key for this credential."""
        bao = client(self.machine.run_folder / "bao.sock")
        secret_id = (self.machine.folder / "vault/intake/secret_id").read_text().strip()
        bao.auth.approle.login(role_id="intake", secret_id=secret_id)
        try:
            answer = bao.adapter.get(f"/v1/transit/keys/acct-{self.credential.hex}", raise_exception=False)
        finally:
            bao.auth.token.revoke_self()
        assert answer is not None
        return "data" in answer and "errors" not in answer


@pytest.fixture
def owner(machine):
    return Owner(machine)


def test_a_key_that_can_trade_is_connected(owner):
    rights = owner.connect()
    assert (rights.trading, rights.withdrawing, rights.ip_bound) == (True, False, False)
    assert owner.state == "ready"
    assert owner.in_key_store


def test_a_key_that_can_withdraw_is_refused_and_destroyed(machine):
    owner = Owner(machine, rights=("trade", "withdraw"))
    refused(Code.KEY_CAN_WITHDRAW, owner.connect)
    assert owner.state == "removed"
    assert not owner.in_key_store
    refused(Code.NOT_FOUND, owner.connect)


def test_a_key_that_cannot_trade_is_refused_and_destroyed(machine):
    owner = Owner(machine, rights=())
    refused(Code.KEY_CANNOT_TRADE, owner.connect)
    assert owner.state == "removed"
    assert not owner.in_key_store


def test_a_wrong_secret_is_refused_by_the_exchange(owner):
    refused(Code.KEY_REFUSED_BY_EXCHANGE, owner.connect, owner.sealed(secret="x" * 64))
    assert not owner.in_key_store


def test_a_key_that_the_exchange_does_not_know_is_refused(owner, bot):
    """Also after other keys were used with success."""
    bot.place()
    refused(Code.KEY_REFUSED_BY_EXCHANGE, owner.connect, owner.sealed(key="y" * 64))
    assert not owner.in_key_store


def test_a_key_that_was_deleted_at_the_exchange_is_refused(owner):
    owner.machine.paper.call("DELETE", f"/keys/{owner.key}")
    refused(Code.KEY_REFUSED_BY_EXCHANGE, owner.connect)


def test_a_form_that_was_sealed_for_another_owner_is_refused(owner):
    refused(Code.SEALED_FORM_INVALID, owner.connect, owner.sealed(owner=uuid.uuid4()))
    assert not owner.in_key_store
    assert owner.connect().trading, "the right form still connects it"


def test_a_form_that_was_sealed_for_another_credential_is_refused(machine, owner):
    other = Owner(machine)
    refused(Code.SEALED_FORM_INVALID, owner.connect, owner.sealed(answer=other.announced))


@pytest.mark.parametrize("change", ["first", "last", "cut", "more", "short", "empty point"])
def test_a_form_that_was_changed_is_refused(owner, change):
    sealed = owner.sealed()
    flipped = {
        "first": "A" + sealed[1:] if sealed[0] != "A" else "C" + sealed[1:],
        "last": sealed[:-4] + ("AAAA" if sealed[-4:] != "AAAA" else "BBBB"),
        "cut": sealed[:-8],
        "more": sealed + "AAAA",
        "short": "AAAA",
        "empty point": "A" * len(sealed),
    }[change]
    refused(Code.SEALED_FORM_INVALID, owner.connect, flipped)
    assert not owner.in_key_store


def test_a_key_is_connected_by_its_owner_alone(owner):
    refused(Code.NOT_FOUND, owner.connect, None, uuid.uuid4())
    refused(Code.NOT_FOUND, owner.connect, None, None, uuid.uuid4())
    assert owner.state == "announced"


@pytest.mark.parametrize(
    "text", ["short", "has space in it", "naïve-letters", "line\nbreak", "x" * 513, "nul\0nul-nul"]
)
def test_a_secret_of_impossible_text_is_refused(owner, text):
    refused(Code.KEY_MALFORMED, owner.connect, owner.sealed(secret=text))
    assert not owner.in_key_store


def test_a_key_of_impossible_text_is_refused(owner):
    refused(Code.KEY_MALFORMED, owner.connect, owner.sealed(key="x" * 7))


@pytest.mark.parametrize("exchange", ["binance", "kraken", "paper2"])
def test_another_exchange_is_refused(machine, exchange):
    refused(Code.EXCHANGE_NOT_ALLOWED, machine.web().announce_key, uuid.uuid4(), exchange, "Key")


def test_a_key_is_connected_once(owner):
    owner.connect()
    refused(Code.NOT_FOUND, owner.connect)
    assert owner.in_key_store


def test_a_key_is_connected_or_removed_by_one_request_at_a_time(owner):
    """The second is sent while the exchange lets the first wait."""
    slow = owner.machine.paper.fault(
        "GET /sapi/v1/account/apiRestrictions", "delay_answer", seconds=1, match={"account": owner.account}
    )
    outcome = []
    first = threading.Thread(target=connect_and_hang_up, args=(owner, outcome))
    first.start()
    owner.machine.paper.wait_for_fault(slow)
    for meanwhile in (owner.connect, lambda: owner.machine.web().remove_key(owner.id, owner.credential)):
        with pytest.raises(Retry, match="being connected or removed"):
            meanwhile()
    first.join(20)
    assert outcome[0].trading
    assert owner.state == "ready"
    assert owner.in_key_store


def connect_and_hang_up(owner, outcome):
    try:
        outcome.append(owner.connect())
    finally:
        owner.machine.web().close()


def test_a_key_whose_rights_could_not_be_read_can_be_connected_again(owner):
    owner.machine.paper.fault("GET /sapi/v1/account/apiRestrictions", "error_503", match={"account": owner.account})
    with pytest.raises(Retry, match="could not be reached"):
        owner.connect()
    assert owner.state == "announced"
    assert not owner.in_key_store
    assert owner.connect().trading
    assert owner.in_key_store


def test_a_removed_key_is_destroyed_and_its_grants_are_revoked(machine):
    bot = Bot(machine)
    bot.place()
    bot.cancel()
    machine.web().remove_key(bot.account.owner, bot.account.credential)
    refused(Code.GRANT_REVOKED, bot.place, generation=2)
    refused(Code.CREDENTIAL_NOT_READY, machine.grant, bot.account)
    (row,) = machine.web().overview(bot.account.owner, 10).credentials
    assert row["state"] == "removed"
    assert len(bot.at_exchange()) == 1


def test_a_key_that_was_only_announced_can_be_removed(owner):
    owner.machine.web().remove_key(owner.id, owner.credential)
    assert owner.state == "removed"
    refused(Code.NOT_FOUND, owner.connect)


def test_a_key_is_removed_by_its_owner_alone(owner):
    owner.connect()
    refused(Code.NOT_FOUND, owner.machine.web().remove_key, uuid.uuid4(), owner.credential)
    assert owner.in_key_store


def test_another_owners_key_carries_no_grant(machine, owner):
    owner.connect()
    stranger = machine.account()
    thief = type(stranger)(id=stranger.id, owner=stranger.owner, credential=owner.credential)
    refused(Code.NOT_FOUND, machine.grant, thief)


def test_the_secret_is_nowhere_after_it_was_connected_and_used(machine):
    owner = Owner(machine)
    owner.connect()
    bot = Bot(machine, account=type(machine.account())(id=owner.account, owner=owner.id, credential=owner.credential))
    for number in range(20):
        bot.place(f"b{number}")
    bot.lease.balances(bot.grant)
    bot.leave()
    not_the_exchanges = [path for path in machine.folder.iterdir() if path.name != "paper"]
    places = {path.name for path in not_the_exchanges}
    assert {"vault", "openbao", "logs", "signer.log", "platform"} <= places
    assert any(audit_log.stat().st_size for audit_log in Path(machine.folder / "openbao/audit").iterdir())
    assert scan(owner.secret, pids=[machine.signer.pid, machine.bao.pid], folders=not_the_exchanges) == []
    # That it would have been found: the exchange does have it, in its memory and on its disk.
    there = scan(owner.secret, pids=[machine.paper_process.pid], folders=[machine.folder / "paper"])
    assert f"memory of {machine.paper_process.pid}" in {finding.where for finding in there}
    assert any(finding.where.startswith(str(machine.folder / "paper")) for finding in there)
    # And the signer's memory was really read: the exchange's name of the key is in it.
    assert scan(owner.key, pids=[machine.signer.pid])


def test_the_api_key_is_only_sealed_on_disk_and_in_no_log(machine):
    owner = Owner(machine)
    owner.connect()
    not_the_exchanges = [path for path in machine.folder.iterdir() if path.name != "paper"]
    assert scan(owner.key, folders=not_the_exchanges) == []
    assert owner.key not in json.dumps(machine.web().overview(owner.id, 50).credentials)
