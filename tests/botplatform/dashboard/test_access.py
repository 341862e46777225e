"""Who gets in where. Walks over the whole URL table, so that a new page cannot be forgotten."""

import uuid

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.staticfiles import finders
from django.urls import URLPattern, get_resolver

from botplatform.accounts import urls as accounts
from botplatform.bots.models import Bot, BotEvent
from botplatform.dashboard import urls
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db

EVERYBODY = {"healthz", "account_login", "mfa_login_webauthn"}
# In the middle of signing in: to somebody who is not, they answer with the sign-in page.
ON_THE_WAY = {"mfa_authenticate"}
# Pages that show each person their own; every other page is about one object.
OWN = {
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "usersessions_list",
    "overview",
    "overview-curve",
    "deals",
    "deals-file",
    "orders",
    "orders-file",
    "portfolio",
    "studies",
    "new-study",
    "compare",
    "compare-curves",
    "overview-stream",
    "choose-bot",
    "guided",
    "terminal",
    "new-bot",
    "builder-form",
    "builder-answer",
    "builder-band",
    "builder-plan",
    "market-candles",
    "market-history",
    "vault",
    "vault-open",
    "vault-kill",
    "vault-unkill",
}
# Asked for what somebody has not got: there is nothing to see.
NOTHING_THERE = {"mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_download_recovery_codes"}
PATTERNS = {pattern.name: pattern for pattern in (*urls.urlpatterns, *accounts.urlpatterns)}
FACTORS = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
OBJECTS = sorted(PATTERNS.keys() - EVERYBODY - OWN - ON_THE_WAY - FACTORS)
NEEDS_A_VAULT = {"vault"}
# The people of these tests have none; tests/botplatform/accounts has some who do.
NEEDS_A_PASSWORD = {
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
}


@pytest.fixture
def path(owner):
    """The address of a page about the owner's bot."""
    bot = seeds.lively(owner)
    event = seeds.note(bot, "The order was rejected.", level=BotEvent.Level.ERROR)
    study = seeds.study(owner)

    def of(name):
        known = {"bot": str(bot.pk), "event": event.pk, "kind": "dca", "market": bot.market_id, "pk": 1}
        known["study"] = str(study.pk)
        route = str(PATTERNS[name].pattern)
        for parameter, value in known.items():
            for kind in ("uuid", "int", "slug"):
                route = route.replace(f"<{kind}:{parameter}>", str(value))
        assert "<" not in route, f"{name} has a parameter that this test does not know"
        return "/" + route

    return of


def ask(client, path):
    answer = client.get(path)
    return client.post(path) if answer.status_code == 405 else answer


def test_the_table_holds_nothing_that_this_walk_does_not_see():
    top = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    assert top == ["admin/vault/", "admin/vault/kill", "admin/vault/unkill", "admin/", "", ""]
    assert all(isinstance(pattern, URLPattern) and pattern.name for pattern in PATTERNS.values())
    assert len(PATTERNS) == len(urls.urlpatterns) + len(accounts.urlpatterns)


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - EVERYBODY))
def test_the_anonymous_get_the_sign_in_page(client, path, name):
    answer = ask(client, path(name))
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in")


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_what_is_for_everybody_answers_everybody(client, path, name):
    answer = client.get(path(name), headers={"Accept": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("who", ["stranger", "operator"])
def test_somebody_elses_bot_does_not_exist(client, path, name, who, request):
    client.force_login(request.getfixturevalue(who))
    before = Bot.objects.values_list("enabled").get()
    assert ask(client, path(name)).status_code == 404
    assert Bot.objects.values_list("enabled").get() == before
    assert not BotEvent.objects.filter(dismissed=True).exists()


@pytest.mark.parametrize("name", OBJECTS)
def test_the_owner_gets_in(client, owner, path, name):
    client.force_login(owner)
    assert ask(client, path(name)).status_code in (200, 302)


@pytest.mark.parametrize("name", sorted(OWN))
def test_pages_of_ones_own_show_nothing_of_somebody_else(client, stranger, path, name):
    client.force_login(stranger)
    answer = ask(client, path(name))
    allowed = {200, 302} | ({404} if name in NOTHING_THERE else set()) | ({403} if name in NEEDS_A_PASSWORD else set())
    assert answer.status_code in ({503} if name in NEEDS_A_VAULT else allowed)
    if not answer.streaming:
        assert "Demo DCA" not in answer.content.decode()


def test_a_bot_that_never_was_is_a_404_in_our_design(client, owner):
    client.force_login(owner)
    answer = client.get(f"/bots/{uuid.uuid4()}/")
    assert answer.status_code == 404
    assert "Nothing is here" in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_our_design(owner):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/bots/new/dca", {})
    assert answer.status_code == 403
    assert "The page was too old" in answer.content.decode()


def test_the_operator_does_not_see_others_bots_on_the_dashboard(client, owner, operator):
    seeds.lively(owner)
    client.force_login(operator)
    assert "No bots yet" in client.get("/").content.decode()


def test_every_page_has_the_strict_policy(client):
    policy = client.get("/sign-in").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_own_scripts_and_styles_are_where_pages_say():
    for name in (
        "theme.js",
        "live.js",
        "chart.js",
        "dialogs.js",
        "palette.js",
        "builder/builder.js",
        "dashboard.css",
        "admin.css",
        "mark.svg",
    ):
        assert finders.find(f"dashboard/{name}")


@pytest.mark.parametrize("name", sorted(ON_THE_WAY))
def test_a_page_in_the_middle_of_signing_in_leads_to_its_beginning(client, path, name):
    assert client.get(path(name)).url.startswith("/sign-in")


@pytest.mark.parametrize("name", sorted(FACTORS))
@pytest.mark.parametrize("who", ["stranger", "operator"])
def test_somebody_elses_passkey_does_not_exist(client, owner, name, who, request):
    key = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "Laptop", "credential": {}})
    somebody = request.getfixturevalue(who)
    somebody.set_password("correct horse battery")
    somebody.save()
    client.post("/sign-in", {"login": somebody.username, "password": "correct horse battery"})
    client.post("/account/confirm", {"password": "correct horse battery"})
    path = "/" + str(PATTERNS[name].pattern).replace("<int:pk>", str(key.pk))
    assert client.get(path).status_code == 404
    assert client.post(path, {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data["name"] == "Laptop"


@pytest.mark.parametrize(
    "name",
    [
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_add_webauthn",
    ],
)
def test_factors_are_changed_only_by_who_has_just_shown_who_it_is(client, owner, name):
    owner.set_password("correct horse battery")
    owner.save()
    client.force_login(owner)
    answer = client.get("/" + str(PATTERNS[name].pattern))
    assert answer.status_code == 404 or answer.url.startswith(("/account/confirm", "/account/"))
