"""Second factors at the browser: an app, a passkey, a lock-out."""

import re

import pytest
from allauth.mfa.models import Authenticator

from tests.botplatform.dashboard import seeds
from tests.support.app_codes import code_of
from tests.support.axe import stumbled_over
from tests.support.journeys import picture

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"


@pytest.fixture
def page(visit, owner):
    """Somebody in front of the sign-in page, at a device that can make passkeys."""
    owner.set_password(PASSWORD)
    owner.save()
    visitor = visit()
    visitor.context.set_default_timeout(30000)
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    visitor.open("/")
    return visitor.page


def sign_in(page, password=PASSWORD):
    page.fill("#id_login", "olga")
    page.fill("#id_password", password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page):
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def activate(page):
    """An app, which is given the secret on the page."""
    secret = page.locator("#authenticator_secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    page.get_by_text("recovery codes", exact=False).first.wait_for()


def test_a_passkey_is_added_and_signs_in_without_a_password(page):
    sign_in(page)
    page.get_by_role("link", name="olga").click()
    page.get_by_role("link", name="Passkeys").click()
    page.get_by_role("link", name="Add").click()
    confirm(page)
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.get_by_text("recovery codes", exact=False).first.wait_for()
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    page.goto(page.url.split("/account")[0] + "/account/passkeys")
    page.get_by_role("link", name="Add").wait_for()
    picture(page, "passkeys")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No bots yet").wait_for()


def test_an_app_is_activated_and_asked_for(page):
    sign_in(page)
    page.get_by_role("link", name="olga").click()
    page.get_by_role("link", name="Activate").click()
    confirm(page)
    picture(page, "second-factor")
    activate(page)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    page.wait_for_url(re.compile("/sign-in/factor"))
    page.get_by_text("Your account is protected by two-factor authentication").wait_for()


def test_five_wrong_tries_lock_the_name(visit, owner):
    visitor = visit()
    visitor.open("/")
    page = visitor.page
    for _ in range(4):
        sign_in(page, "wrong")
        page.get_by_text("do not belong together").wait_for()
    with page.expect_response(re.compile("/sign-in")) as locked:
        sign_in(page, "wrong")
    assert locked.value.status == 429
    page.get_by_text("Locked for 15 minutes").wait_for()
    picture(page, "lock-out")
    assert [complaint for complaint in visitor.complaints if "429" not in complaint] == []
    visitor.complaints.clear()


def test_every_page_of_the_account_keeps_the_content_policy(visit, owner):
    visitor = visit(seeds.user("otto"))
    for path in ("/account/", "/account/passkeys", "/account/sessions"):
        assert visitor.open(path).status == 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_account_and_its_second_factors_are_for_everybody(page, scheme):
    page.emulate_media(color_scheme=scheme)
    sign_in(page)
    page.get_by_role("link", name="olga").wait_for()
    site, found = page.url.rstrip("/"), {}

    def read(name):
        found[name] = stumbled_over(page)

    page.goto(site + "/account/app")
    read("confirming")
    confirm(page)
    page.locator("#authenticator_secret").wait_for()
    read("app")
    for name in ("", "password", "passkeys/add"):
        page.goto(f"{site}/account/{name}")
        read(name)
    page.goto(site + "/account/app")
    activate(page)
    read("recovery codes")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    page.wait_for_url(re.compile("/sign-in/factor"))
    read("the second factor")
    assert not any(found.values()), found
