"""Who gets in where. Walks over the whole URL table, so that a new page cannot be forgotten."""

import uuid

import pytest
from django.contrib.staticfiles import finders
from django.urls import URLPattern, get_resolver

from botplatform.bots.models import Bot, BotEvent
from botplatform.dashboard import urls
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db

EVERYBODY = {"sign-in", "healthz"}
# Pages that show each person their own; every other page is about one object.
OWN = {
    "overview",
    "overview-curve",
    "deals",
    "deals-file",
    "orders",
    "orders-file",
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
    "sign-out",
}
PATTERNS = {pattern.name: pattern for pattern in urls.urlpatterns}
OBJECTS = sorted(PATTERNS.keys() - EVERYBODY - OWN)
NEEDS_A_VAULT = {"vault"}


@pytest.fixture
def path(owner):
    """The address of a page about the owner's bot."""
    bot = seeds.lively(owner)
    event = seeds.note(bot, "The order was rejected.", level=BotEvent.Level.ERROR)

    def of(name):
        known = {"bot": str(bot.pk), "event": event.pk, "kind": "dca", "market": bot.market_id}
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
    assert top == ["admin/vault/", "admin/vault/kill", "admin/vault/unkill", "admin/", ""]
    assert all(isinstance(pattern, URLPattern) and pattern.name for pattern in urls.urlpatterns)


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - EVERYBODY))
def test_the_anonymous_get_the_sign_in_page(client, path, name):
    answer = ask(client, path(name))
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in")


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_what_is_for_everybody_answers_everybody(client, path, name):
    assert client.get(path(name)).status_code == 200


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
    assert answer.status_code in ({503} if name in NEEDS_A_VAULT else {200, 302})
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
