"""An owner at the vault's pages, in a real browser with a virtual authenticator."""

import re
import uuid

import pytest

from tests.support.browser import ARGUMENTS, CHROMIUM
from tests.support.processes import run
from tests.support.scan import scan
from tests.vault.conftest import refused
from tests.vault.passkeys.holder import arrived, shown
from vault.messages.refusals import Code
from vault.messages.terms import Terms
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
    person.page.select_option("#connect [name=exchange]", "paper")
    person.press("Connect")


def test_an_owner_who_comes_from_the_web_connects_a_key(vaulted, person):
    opened = vaulted.paper.open_account(("trade",))
    person.come_from_the_web()
    connect(person, opened["key"], opened["secret"])
    person.says(
        "Mine is connected. It can trade and cannot withdraw. It works from any address. "
        "Bind it to 127.0.0.1 at the exchange: then a copy of it is worth nothing elsewhere."
    )
    person.keep("vault-connected")
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
    person.page.get_by_role("row", name="One order is worth at most 100 USDT").wait_for()
    person.keep("vault-approve")
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
    begun = person.page.evaluate(begin, ["approve", shown(vaulted, person.owner, grant)])
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
    person.page.get_by_role("button", name="Lift with a passkey").wait_for()
    person.keep("vault-kill")
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
    person.page.get_by_role("heading", name="Stick").wait_for()


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


def test_all_of_a_grant_is_shown_as_the_signer_reads_it(vaulted, person):
    """Each term, written or not: none is approved unseen."""
    real_grant(vaulted, person.owner)
    person.come_from_the_web()
    shown_ones = person.page.evaluate("[...document.querySelectorAll('[data-term]')].map((row) => row.dataset.term)")
    assert set(shown_ones) == set(Terms.__dataclass_fields__) | {"withdrawing"}
    row = person.page.get_by_role("row", name="Opens nothing from")
    assert "only exits" in row.inner_text()


def test_what_has_changed_since_the_last_approval_is_marked(vaulted, person):
    account, grant = real_grant(vaulted, person.owner)
    holder = arrived(vaulted, person.owner)
    holder.act("approve", shown(vaulted, person.owner, grant))
    write(vaulted, account, grant, 2, notional="100000")
    person.come_from_the_web()
    (changed,) = person.page.locator(".bp-changed").all_inner_texts()
    assert changed.split("\n")[0].startswith("One order is worth at most")
    assert "100,000 USDT" in changed
    assert "approved was: 100 USDT" in changed


def test_the_hosts_command_prints_the_code_and_nothing_else(vaulted, person):
    printed = run("-m", "vault", "passkey-code", person.owner, env=vaulted.env)
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}\n", printed)
    person.enrol(printed.strip())
    person.says("The passkey is added. Sign in with it.")


def test_an_owner_who_has_lost_every_passkey_begins_anew(vaulted, person):
    """Nobody has to be let in for it: it is the host's command."""
    arrived(vaulted, person.owner)
    assert run("-m", "vault", "passkeys-forget", person.owner, env=vaulted.env) == "1 passkeys removed.\n"
    person.add_first_passkey()
    person.sign_in()


def test_an_owner_renames_replaces_and_removes_a_key(vaulted, person):
    account = vaulted.account(owner=person.owner)
    person.come_from_the_web()
    card = f"[data-key='{account.credential}']"
    renaming = person.unfold("Rename", card)
    renaming.locator("[name=label]").fill("Holiday money")
    person.press("Rename it")
    person.says("It is called Holiday money now.")
    newer = vaulted.paper.call("POST", f"/accounts/{account.id}/keys", {})
    replacing = person.unfold("Replace", card)
    replacing.locator("[name=key]").fill(newer["key"])
    replacing.locator("[name=secret]").fill(f" {newer['secret']} ")  # as copying brings it along
    person.press("Replace the key")
    person.page.get_by_text("Holiday money has its new key; the old one is destroyed here.").wait_for()
    person.unfold("Remove", card)
    person.press("Destroy this key")
    person.says("Holiday money is destroyed, its grants are revoked.")
    person.page.locator(card).wait_for(state="detached")
    assert person.complaints == []


def test_an_owner_says_of_a_key_what_the_exchange_does_not(vaulted, person):
    opened = vaulted.paper.open_account(("trade",))
    vaulted.paper.fault("GET /sapi/v1/account/apiRestrictions", "untold", match={"account": opened["account"]})
    person.add_first_passkey()
    person.sign_in()
    connect(person, opened["key"], opened["secret"])
    person.says("Mine is in the vault, and waits for a word of yours.")
    person.keep("vault-word")
    person.press("It cannot withdraw: I say so with my passkey")
    person.says("Mine is ready.")


def test_what_no_key_looks_like_is_said_before_anything_is_sent(vaulted, person):
    person.come_from_the_web()
    sent = []
    person.page.on("request", lambda request: sent.append(request.url))
    connect(person, "too short", "s" * 64)
    person.is_refused("That is not what a key looks like. Nothing was sent.")
    assert person.page.locator("label:has([name=key]) .bp-wrong").inner_text().startswith("It must be 8 to 512")
    assert person.page.evaluate("document.activeElement.name") == "key"
    assert sent == []


def test_a_key_that_the_exchange_does_not_know_is_refused_in_words(vaulted, person):
    person.come_from_the_web()
    connect(person, "k" * 64, "s" * 64)
    person.is_refused("The exchange does not accept this key. It says: ")
    assert "127.0.0.1 has to be among them" in person.page.inner_text("#trouble")
    assert person.page.input_value("#connect [name=label]") == "Mine", "what was typed stays"


def test_an_owner_stops_everything_and_nobody_lifts_it_without_the_passkey(vaulted, person):
    vaulted.account(owner=person.owner)
    person.come_from_the_web()
    person.unfold("Stop all my bots")
    person.press("Stop them now")
    person.says("All your bots are stopped.")
    person.press("Lift with a passkey")
    person.is_refused("On a real account this takes the owner's passkey. You have none yet.")
    (kill,) = vaulted.web().overview(person.owner, 10).kills
    assert kill["level"] == "everything"


def test_whoever_leaves_is_outside(person):
    person.come_from_the_web()
    person.press("Leave")
    person.says("You have left.")
    person.page.get_by_role("button", name="Sign in with a passkey", exact=True).wait_for()
    assert person.page.evaluate("sessionStorage.length") == 0


def test_plain_http_from_elsewhere_says_why_it_cannot_work_and_what_to_do(vaulted, chromium):
    elsewhere = [*ARGUMENTS, "--host-resolver-rules=MAP vault.example 127.0.0.1"]
    launched = chromium.browser_type.launch(executable_path=CHROMIUM, args=elsewhere)
    try:
        page = launched.new_page()
        page.goto(vaulted.address.replace("localhost", "vault.example") + "/")
        page.wait_for_selector("body[data-drawn]", state="attached")
        said = page.inner_text("#trouble")
    finally:
        launched.close()
    assert said.startswith("This page came over plain HTTP.")
    assert "Put TLS in front" in said
    assert "VAULT_PAGES_ORIGIN" in said


def test_another_name_of_this_machine_is_sent_to_the_right_one(vaulted, chromium):
    page = chromium.new_page()
    page.goto(vaulted.address.replace("localhost", "127.0.0.1") + "/")
    page.wait_for_selector("body[data-drawn]", state="attached")
    assert page.inner_text("#trouble") == (
        f"The passkeys of this vault belong to {vaulted.address}. Open that address instead."
    )
    page.close()
