"""The operator's site."""

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order
from botplatform.markets.models import Candle
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db
OURS = sorted(
    (model for model in admin.site._registry if model.__module__.startswith("botplatform.")), key=lambda m: m.__name__
)
HISTORY = (Deal, Order, Fill, BotEvent, Candle)


def page(model, what, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def test_every_model_of_ours_is_there_and_the_queues_pickles_are_not():
    from django.apps import apps

    ours = {model for model in apps.get_models() if model.__module__.startswith("botplatform.")}
    assert set(OURS) == ours
    assert not [model for model in admin.site._registry if model.__module__.startswith("django_q")]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_table_and_its_search_can_be_looked_at(client, owner, operator, model):
    seeds.lively(owner)
    client.force_login(operator)
    assert client.get(page(model, "changelist")).status_code == 200
    assert client.get(page(model, "changelist"), {"q": "Demo"}).status_code == 200


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model.__name__)
def test_history_is_for_looking_alone(client, owner, operator, model):
    seeds.lively(owner)
    client.force_login(operator)
    row = model.objects.first()
    assert client.get(page(model, "change", row.pk)).status_code == 200
    assert client.post(page(model, "change", row.pk), {}).status_code == 403
    assert client.get(page(model, "add")).status_code == 403
    assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_a_trader_has_no_business_there(client, owner):
    client.force_login(owner)
    assert client.get("/admin/").status_code == 302


# Actions: asked first, in words


def act(client, model, action, rows, **more):
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(page(model, "changelist"), data, follow=True)


def test_an_action_says_what_will_happen_before_it_does(client, owner, operator):
    bot = seeds.lively(owner)
    client.force_login(operator)
    answer = act(client, Bot, "pause_these_bots", [bot]).content.decode()
    assert "They open no more deals" in answer
    assert "Demo DCA" in answer
    bot.refresh_from_db()
    assert bot.enabled


def test_a_bot_is_paused_once_that_is_confirmed(client, owner, operator):
    bot = seeds.lively(owner)
    client.force_login(operator)
    act(client, Bot, "pause_these_bots", [bot], confirmed="yes")
    bot.refresh_from_db()
    assert not bot.enabled
    assert BotEvent.objects.filter(bot=bot, text__startswith="Stopped:").exists()


@pytest.mark.parametrize("action", ["stop_these_bots_in_the_vault", "revoke_the_grants_of_these_bots"])
def test_without_a_vault_an_action_says_that_it_did_not_happen(client, owner, operator, action):
    bot = seeds.lively(owner)
    Bot.objects.update(grant_version=1)
    client.force_login(operator)
    answer = act(client, Bot, action, [bot], confirmed="yes").content.decode()
    assert "done for" not in answer
    assert "Demo DCA: " in answer
    bot.refresh_from_db()
    assert bot.enabled


def test_a_deal_is_asked_to_close(client, owner, operator):
    bot = seeds.lively(owner)
    client.force_login(operator)
    deal = Deal.objects.get(bot=bot, closed_at=None)
    act(client, Deal, "close_these_deals_at_market", [deal], confirmed="yes")
    deal.refresh_from_db()
    assert deal.wish == "close"


def test_sessions_and_factors_of_a_person_are_ended(client, owner, operator):
    Authenticator.objects.create(user=owner, type="totp", data={"secret": "hidden words"})
    elsewhere = Client()
    elsewhere.force_login(owner)
    elsewhere.get("/")
    client.force_login(operator)
    act(client, User, "forget_their_second_factors", [owner], confirmed="yes")
    assert not Authenticator.objects.exists()
    assert elsewhere.get("/").status_code == 302


def test_no_secret_of_a_factor_is_shown(client, owner, operator):
    factor = Authenticator.objects.create(user=owner, type="totp", data={"secret": "hidden words"})
    client.force_login(operator)
    for path in (page(Authenticator, "changelist"), page(Authenticator, "change", factor.pk)):
        assert "hidden words" not in client.get(path).content.decode()


def test_a_lock_is_lifted(client, owner, operator):
    for _ in range(5):
        Client().post("/sign-in", {"login": "olga", "password": "wrong"})
    assert AccessAttempt.objects.exists()
    client.force_login(operator)
    act(client, User, "lift_the_locks_on_their_names", [owner], confirmed="yes")
    assert not AccessAttempt.objects.exists()


def test_a_bot_is_not_deleted_with_its_history(client, owner, operator):
    bot = seeds.lively(owner)
    client.force_login(operator)
    assert client.post(page(Bot, "delete", bot.pk), {"post": "yes"}).status_code == 403
    assert Bot.objects.filter(pk=bot.pk).exists()
