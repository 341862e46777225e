"""An owner at the vault's pages, in a real browser with a virtual authenticator."""

import uuid

import pytest

from tests.support.scan import scan
from tests.vault.conftest import refused
from vault.messages.refusals import Code
from vault.messages.words import Limits, StopLevel, WriteGrant

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


def real_grant(vaulted, owner, **limits):
    """A grant on a real account, its first version; (account, its id)."""
    account, grant = vaulted.real_account(owner), uuid.uuid4()
    write(vaulted, account, grant, 1, **limits)
    return account, grant


def write(vaulted, account, grant, version, notional="100"):
    limits = Limits(markets=("BTC/USDT",), sides=("buy", "sell"), types=("limit",), order_notional=notional, loss="50")
    text = {"grant": grant, "owner": account.owner, "credential": account.credential, "label": "Grid"}
    vaulted.web().write_grant(WriteGrant(version=version, limits=limits, **text))


def token(vaulted, grant):
    vaulted.runner().take_lease(f"s-{uuid.uuid4().hex[:8]}").open_grant(grant)


def connect(person, key, secret):
    person.page.fill("#connect [name=label]", "Mine")
    person.page.fill("#connect [name=key]", key)
    person.page.fill("#connect [name=secret]", secret)
    person.page.click("#connect button")


def test_an_owner_who_comes_from_the_web_connects_a_key(vaulted, person):
    opened = vaulted.paper.open_account(("trade",))
    person.come_from_the_web()
    connect(person, opened["key"], opened["secret"])
    person.page.wait_for_selector("text=Mine is connected. It can trade and cannot withdraw.")
    (row,) = vaulted.web().overview(person.owner, 10).credentials
    assert (row["label"], row["state"]) == ("Mine", "ready")
    assert person.complaints == []
    assert scan(opened["secret"], pids=[vaulted.pages_process.pid, vaulted.signer.pid]) == []
    assert scan(opened["key"], pids=[vaulted.pages_process.pid]) == []


def test_a_key_that_can_withdraw_is_refused_in_words(vaulted, person):
    opened = vaulted.paper.open_account(("trade", "withdraw"))
    person.come_from_the_web()
    connect(person, opened["key"], opened["secret"])
    person.is_refused("This key can withdraw. Make one without that right and connect it instead.")


def test_a_grant_on_a_real_account_counts_once_its_owner_has_approved_it(vaulted, person):
    _, grant = real_grant(vaulted, person.owner)
    refused(Code.GRANT_NOT_APPROVED, token, vaulted, grant)
    person.add_first_passkey()
    person.sign_in()
    person.page.wait_for_selector("text=One order is worth at most")
    person.press("Approve with a passkey")
    person.says("Grid is approved.")
    token(vaulted, grant)
    (entry,) = [each for each in vaulted.web().overview(person.owner, 50).audit if each["kind"] == "grant.approved"]
    assert entry["body"]["version"] == 1
    assert entry["body"]["answer"]["signature"]


def test_an_approval_that_was_begun_before_a_change_counts_for_nothing(vaulted, person):
    account, grant = real_grant(vaulted, person.owner)
    person.add_first_passkey()
    person.sign_in()
    begin = "async ([act, subject]) => (await import('/signer.js')).ask('/v1/passkeys/begin', { act, subject })"
    begun = person.page.evaluate(begin, ["approve", str(grant)])
    write(vaulted, account, grant, 2, notional="100000")
    finish = """async (begun) => {
        const { ask } = await import("/signer.js");
        const { signed } = await import("/passkey.js");
        const word = { act: "approve", assertion: await signed(begun) };
        const said = [];
        for (const _ of [1, 2]) await ask("/v1/passkeys/confirm", word).catch((why) => said.push(why.code));
        return said;
    }"""
    assert person.page.evaluate(finish, begun) == ["ceremony_over", "ceremony_over"]
    refused(Code.GRANT_NOT_APPROVED, token, vaulted, grant)


def test_lifting_a_kill_on_a_real_account_takes_the_passkey(vaulted, person):
    account = vaulted.real_account(person.owner)
    scope = f"account:{account.credential}"
    vaulted.web().kill(person.owner, scope, StopLevel.EVERYTHING)
    person.add_first_passkey()
    person.sign_in()
    person.press("Lift with a passkey")
    person.says("Lifted.")
    assert vaulted.web().overview(person.owner, 10).kills == []


def test_a_further_passkey_takes_one_that_is_there(person):
    person.add_first_passkey()
    person.sign_in()
    person.page.fill("#further [name=label]", "Stick")
    person.press("Add another")
    person.page.get_by_role("button", name="Make the passkey Stick").wait_for()
    person.takes_another_device()
    person.press("Make the passkey Stick")
    person.says("The passkey is added.")
    assert person.page.get_by_role("cell", name="Stick").count() == 1


def test_a_device_makes_one_passkey_of_an_owner(person):
    person.add_first_passkey()
    person.sign_in()
    person.page.fill("#further [name=label]", "Again")
    person.press("Add another")
    person.press("Make the passkey Again")
    person.is_refused("That device holds a passkey of yours already.")


def test_somebody_without_a_passkey_approves_nothing(vaulted, person):
    real_grant(vaulted, person.owner)
    person.come_from_the_web()
    person.press("Approve with a passkey")
    person.is_refused("On a real account this takes the owner's passkey. You have none yet.")


def test_a_person_who_was_not_verified_is_refused(vaulted, person):
    person.add_first_passkey()
    person.devtools.send("WebAuthn.setUserVerified", {"authenticatorId": person.authenticator, "isUserVerified": False})
    person.open("/")
    person.press("Sign in with a passkey")
    person.is_refused("The passkey was not used.")
