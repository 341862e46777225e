"""Keys that are there: renamed, replaced, waiting for their owner's word, running out."""

import json
import time
import uuid

import pytest

from tests.support.scan import scan
from tests.vault.conftest import Bot, refused
from tests.vault.passkeys.holder import Holder, arrived
from tests.vault.test_intake import Owner
from vault.client.client import seal
from vault.messages.answers import SealingAnswer
from vault.messages.refusals import Code, Retry

pytestmark = pytest.mark.xdist_group("pages")
RIGHTS = "GET /sapi/v1/account/apiRestrictions"


class Connected(Owner):
    """An owner whose key is connected, or has just been handed in, at a machine with pages."""

    def __init__(self, vaulted, rights=("trade",), **fault):
        super().__init__(vaulted, rights)
        if fault:
            vaulted.paper.fault(RIGHTS, match={"account": self.account}, **fault)
        self.rights = self.connect()
        self.at_pages = Holder(vaulted, self.id)
        self.at_pages.come_from_the_web()

    @property
    def row(self):
        (row,) = self.at_pages.ask("/v1/visits/look")["credentials"]
        return row

    def another_key(self, account=None, rights=("trade",)):
        """A further key of the same account, or of another one, sealed."""
        opened = self.machine.paper.call("POST", f"/accounts/{account or self.account}/keys", {"rights": list(rights)})
        self.newer = opened["secret"]
        public = self.at_pages.ask("/v1/visits/look")["public_key"]
        answer = SealingAnswer(credential=str(self.credential), public_key=public)
        return seal(opened["key"], opened["secret"], owner=self.id, answer=answer)

    def rotate(self, sealed):
        word = {"owner": str(self.id), "credential": str(self.credential), "sealed": sealed}
        return self.at_pages.ask("/v1/keys/rotate", **word)

    def kinds(self):
        entries = self.machine.web().overview(None, 60).audit
        return [each["kind"] for each in entries if each["subject"] == str(self.credential)]


@pytest.fixture
def owner(vaulted):
    return Connected(vaulted)


def bot_of(owner):
    from tests.support.machine import Account

    return Bot(owner.machine, account=Account(id=owner.account, owner=owner.id, credential=owner.credential))


def test_a_key_is_renamed(owner):
    word = {"owner": str(owner.id), "credential": str(owner.credential), "label": "Savings"}
    owner.at_pages.ask("/v1/keys/rename", **word)
    assert owner.row["label"] == "Savings"


def test_it_is_shown_by_which_bots_a_key_is_used_and_when_last(owner):
    assert (owner.row["bots"], owner.row["last_used"]) == ([], None)
    bot = bot_of(owner)
    bot.place()
    assert owner.row["bots"] == ["Bot"]
    assert owner.row["last_used"].startswith("20")
    bot.leave()


def test_a_bot_goes_on_with_the_newer_key(owner):
    bot = bot_of(owner)
    bot.place()
    old = owner.key
    owner.rotate(owner.another_key())
    owner.machine.paper.call("DELETE", f"/keys/{old}")
    bot.cancel()
    bot.becomes("cancelled")
    bot.place(generation=2)
    assert bot.becomes("accepted", generation=2)
    bot.leave()


def test_the_key_that_was_replaced_is_destroyed(owner):
    owner.rotate(owner.another_key())
    assert not owner.in_key_store
    assert owner.kinds()[0] == "key.rotated"


@pytest.mark.parametrize(
    ("rights", "code"), [(("trade", "withdraw"), Code.KEY_CAN_WITHDRAW), ((), Code.KEY_CANNOT_TRADE)]
)
def test_a_newer_key_with_other_rights_is_refused_and_the_old_one_stays(owner, rights, code):
    refused(code, owner.rotate, owner.another_key(rights=rights))
    assert owner.in_key_store
    bot = bot_of(owner)
    bot.place()
    assert bot.at_exchange()
    bot.leave()
    assert owner.kinds()[0] == "key.rotation_refused"


def test_a_newer_key_of_another_account_is_refused(owner):
    """Grants were given for one account: another one must not slip in under them."""
    other = owner.machine.paper.open_account(("trade",))
    refused(Code.KEY_OF_ANOTHER_ACCOUNT, owner.rotate, owner.another_key(account=other["account"]))
    assert owner.in_key_store


def test_a_newer_key_of_which_nothing_is_told_is_refused(owner):
    owner.machine.paper.fault(RIGHTS, "untold", match={"account": owner.account})
    refused(Code.KEY_RIGHTS_UNKNOWN, owner.rotate, owner.another_key())
    assert owner.in_key_store


def test_a_newer_key_that_could_not_be_looked_at_changes_nothing(owner):
    owner.machine.paper.fault(RIGHTS, "error_503", match={"account": owner.account})
    sealed = owner.another_key()
    with pytest.raises(Retry, match="could not be reached"):
        owner.rotate(sealed)
    assert owner.in_key_store
    assert owner.rotate(sealed)["trading"]


def test_a_key_that_was_removed_is_not_replaced(owner):
    sealed = owner.another_key()
    owner.machine.web().remove_key(owner.id, owner.credential)
    refused(Code.NOT_FOUND, owner.rotate, sealed)


def test_the_newer_secret_is_nowhere_either(owner):
    owner.rotate(owner.another_key())
    bot = bot_of(owner)
    bot.place()
    bot.leave()
    machine = owner.machine
    folders = [path for path in machine.folder.iterdir() if path.name != "paper"]
    assert scan(owner.newer, pids=[machine.signer.pid, machine.pages_process.pid], folders=folders) == []


def test_a_key_of_which_the_exchange_tells_nothing_waits_for_its_owner(vaulted):
    owner = Connected(vaulted, do="untold")
    assert owner.rights.waits
    assert owner.row["state"] == "waiting"
    refused(Code.CREDENTIAL_NOT_READY, bot_of, owner)
    refused(Code.PASSKEY_NEEDED, owner.at_pages.begin, "confirm-key", owner.credential)


def test_its_owner_says_with_a_passkey_that_it_cannot_withdraw(vaulted):
    owner = Connected(vaulted, do="untold")
    holder = arrived(vaulted, owner.id)
    holder.act("confirm-key", owner.credential)
    assert owner.row["state"] == "ready"
    bot = bot_of(owner)
    bot.place()
    bot.leave()
    (entry,) = [each for each in vaulted.web().overview(None, 60).audit if each["kind"] == "key.confirmed"][:1]
    assert entry["body"]["answer"]["signature"]


def test_nobody_says_it_of_a_key_that_does_not_wait_or_is_a_strangers(vaulted, owner):
    waiting = Connected(vaulted, do="untold")
    stranger = arrived(vaulted, owner.id)
    refused(Code.NOT_FOUND, stranger.begin, "confirm-key", waiting.credential)
    refused(Code.NOT_FOUND, stranger.begin, "confirm-key", owner.credential)
    refused(Code.NOT_FOUND, stranger.begin, "confirm-key", "no id")


def test_it_is_told_when_a_key_ends(vaulted):
    owner = Connected(vaulted, do="expires", seconds=86400)
    assert abs(owner.rights.expires - time.time() - 86400) < 60
    assert owner.row["expires"] == owner.rights.expires


def test_it_is_told_which_address_to_allow(owner):
    assert (owner.rights.ip_bound, owner.rights.address) == (False, "127.0.0.1")


def test_a_key_that_is_bound_to_another_address_is_refused_with_the_one_to_allow(vaulted):
    opened = vaulted.paper.call("POST", "/accounts", {"rights": ["trade"], "ips": ["192.0.2.1"]})
    person = uuid.uuid4()
    announced = vaulted.web().announce_key(person, "paper", "Bound")
    sealed = seal(opened["key"], opened["secret"], owner=person, answer=announced)
    why = refused(
        Code.KEY_REFUSED_BY_EXCHANGE, vaulted.web().connect_key, person, uuid.UUID(announced.credential), sealed
    )
    assert "127.0.0.1 has to be among them" in why.detail


def test_a_form_with_more_in_it_than_a_key_has_is_refused(vaulted):
    """A passphrase that nobody looks at would be believed to protect something."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from vault.hazmat.sealed import SUITE
    from vault.messages import sealing
    from vault.messages.canonical import b64, unb64

    owner = Owner(vaulted)
    form = {"v": 1, "key": owner.key, "secret": owner.secret, "passphrase": "correct horse"}
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(owner.announced.public_key))
    bound_to = sealing.info(str(owner.id), str(owner.credential))
    sealed = b64(SUITE.encrypt(json.dumps(form).encode(), public, bound_to))
    why = refused(Code.KEY_MALFORMED, owner.connect, sealed)
    assert why.detail == "passphrase: a key of this exchange has none."
