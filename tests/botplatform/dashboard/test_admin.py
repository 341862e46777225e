"""The operator's site."""

import pytest
from django.contrib import admin
from django.urls import reverse

from botplatform.bots.models import BotEvent, Deal, Fill, Order
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
