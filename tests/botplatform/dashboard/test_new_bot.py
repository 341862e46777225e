"""Making a bot."""

import pytest

from botplatform.bots.models import Bot
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Mine",
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": "5",
    "step": "0.4",
    "step_scale": "1.2",
    "volume_scale": "1.3",
    "take_profit": "0.5",
    "stop_loss": "",
}


@pytest.fixture
def typed(owner):
    return {**TYPED, "account": str(seeds.account(owner).pk), "market": str(seeds.market().pk)}


@pytest.fixture
def send(client, owner, typed):
    client.force_login(owner)

    def send(path="/bots/new", **changed):
        return client.post(path, {**typed, **changed})

    return send


def test_percent_become_fractions_exactly(send):
    answer = send(step="0.1", take_profit="33.333333333333333333", stop_loss="7 %")
    bot = Bot.objects.get()
    assert answer.url == f"/bots/{bot.pk}/"
    assert not bot.enabled
    assert bot.settings == {
        "base_order": "50",
        "averaging_order": "50",
        "averaging_orders": 5,
        "step": "0.001",
        "step_scale": "1.2",
        "volume_scale": "1.3",
        "take_profit": "0.33333333333333333333",
        "stop_loss": "0.07",
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("step", "150", "150 is too large. Give at most 99."),
        ("step", "0", "0 is too small. Give more than 0."),
        ("base_order", "1,000", "“1,000” is not a number."),
        ("base_order", "nan", "is not a number"),
        ("averaging_orders", "2.5", "not a whole number"),
        ("base_order", "1", "below the smallest order of BTC/USDT. Give at least 5 USDT."),
        ("averaging_orders", "200", "below the base order."),
        ("name", " ", "required"),
        ("market", "x", "Select a valid choice"),
        ("base_order", "9" * 30, "at most 24 characters"),
    ],
)
def test_a_mistake_is_named_at_its_field_and_nothing_typed_is_lost(send, field, value, words):
    answer = send(**{field: value, "take_profit": "0.7"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page.replace("&#x27;", "'")
    assert 'value="0.7"' in page
    assert not Bot.objects.exists()


def test_every_setting_explains_itself(client, owner, typed):
    client.force_login(owner)
    page = client.get("/bots/new").content.decode()
    assert "What the first order of a deal spends." in page
    assert "Fall from the base order" in page
    assert page.count("form-hint") == 11


def test_the_preview_shows_the_ladder_as_the_exchange_rounds_it(send):
    page = send("/bots/new/preview").content.decode()
    assert "Averaging order 5" in page
    assert "There is no stop loss" in page
    assert not Bot.objects.exists()


@pytest.mark.parametrize("changed", [{"step": ""}, {"step": "x"}, {"market": ""}, {"averaging_orders": "200"}])
def test_a_preview_of_half_a_form_waits(send, changed):
    page = send("/bots/new/preview", **changed)
    assert page.status_code == 200
    assert "Averaging order" not in page.content.decode()


def test_somebody_elses_account_cannot_be_chosen(send, stranger):
    assert "Select a valid choice" in send(account=str(seeds.account(stranger).pk)).content.decode()
    assert not Bot.objects.exists()


def test_without_an_account_the_page_says_what_to_do(client, stranger):
    client.force_login(stranger)
    assert "connect_exchange --user stan" in client.get("/bots/new").content.decode()
