"""The kill switch on the bot's page, the vault page and the operator's."""

import pytest

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent
from tests.botplatform.dashboard import seeds
from vault.messages.words import StopLevel

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture
def owner(db):
    return User.objects.create_user("olga", password=PASSWORD)


@pytest.fixture
def operator(db):
    return User.objects.create_user("otto", password=PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def bot(owner, signer):
    """A bot whose grant the signer knows; nothing of the switch is left afterwards."""
    made = seeds.bot(owner)
    account = signer.account(owner=owner.pk)
    type(made.account).objects.filter(pk=made.account_id).update(id=account.credential)
    Bot.objects.filter(pk=made.pk).update(account_id=account.credential, grant=signer.grant(account))
    made.refresh_from_db()
    yield made
    for row in kills(signer, None):
        signer.web().lift_kill(None, row["scope"], int(seeds.now().timestamp()))


def kills(signer, owner):
    return [
        {"scope": row["scope"], "level": row["level"], "by": row["by"]} for row in signer.web().overview(owner).kills
    ]


@pytest.fixture
def press(client, owner):
    client.force_login(owner)

    def press(path, **form):
        return client.post(path, form, follow=True).content.decode()

    return press


def test_its_owner_stops_a_bot_and_lifts_it_with_the_password(press, client, owner, bot, signer):
    page = press(f"/bots/{bot.pk}/kill", level="opening")
    assert "Stopped in the vault. Nothing is opened" in page
    assert kills(signer, owner.pk) == [{"scope": f"bot:{bot.grant}", "level": "opening", "by": f"owner:{owner.pk}"}]
    assert "Kill switch: bot." in client.get(f"/bots/{bot.pk}/kills").content.decode()
    assert "That is not your password." in press(f"/bots/{bot.pk}/unkill", password="wrong")
    assert kills(signer, owner.pk)
    assert "The kill switch is lifted." in press(f"/bots/{bot.pk}/unkill", password=PASSWORD)
    assert kills(signer, owner.pk) == []
    assert "Kill switch" not in client.get(f"/bots/{bot.pk}/kills").content.decode()
    assert [event.text for event in BotEvent.objects.filter(bot=bot)] == [
        "Kill switch: you lifted it.",
        "Kill switch: you stopped this bot in the vault.",
    ]


def test_a_button_without_a_level_stops_everything(press, owner, bot, signer):
    assert "Only look-ups and cancels go on." in press(f"/bots/{bot.pk}/kill")
    assert kills(signer, owner.pk)[0]["level"] == "everything"


def test_the_vault_page_stops_all_that_is_ones_own_and_nothing_else(press, client, owner, bot, signer):
    page = press("/vault/kill", level="everything")
    assert "Kill switch: user." in page
    assert kills(signer, None) == [{"scope": f"user:{owner.pk}", "level": "everything", "by": f"owner:{owner.pk}"}]
    assert "The kill switch is lifted." in press("/vault/unkill", password=PASSWORD)


def test_while_the_vault_is_away_nobody_is_told_that_it_is_stopped(client, owner):
    made = seeds.bot(owner)
    client.force_login(owner)
    page = client.post(f"/bots/{made.pk}/kill", follow=True).content.decode()
    assert "It is NOT stopped. The web cannot speak to the vault" in page
    assert not BotEvent.objects.filter(bot=made).exists()


def test_a_stranger_and_an_operator_have_no_business_with_somebodys_bot(client, bot, stranger, operator, signer):
    for who in (stranger, operator):
        client.force_login(who)
        for what in ("kill", "unkill"):
            assert client.post(f"/bots/{bot.pk}/{what}").status_code == 404
        assert client.get(f"/bots/{bot.pk}/kills").status_code == 404
    assert kills(signer, None) == []


def test_the_operator_stops_and_lifts_in_the_admin(client, operator, bot, signer):
    client.force_login(operator)
    page = client.post("/admin/vault/kill", {"scope": "everything", "level": "opening"}, follow=True).content.decode()
    assert "Stopped in the vault." in page
    assert kills(signer, None) == [{"scope": "everything", "level": "opening", "by": "operator"}]
    wrong = client.post("/admin/vault/unkill", {"scope": "everything", "password": "x"}, follow=True)
    assert "That is not your password." in wrong.content.decode()
    client.post("/admin/vault/unkill", {"scope": "everything", "password": PASSWORD})
    assert kills(signer, None) == []


def test_what_the_operator_stopped_its_owner_sees_and_cannot_lift(press, owner, bot, signer):
    signer.web().kill(None, f"bot:{bot.grant}", StopLevel.OPENING)
    page = press(f"/bots/{bot.pk}/unkill", password=PASSWORD)
    assert "Somebody with more rights has stopped it as well" in page
    assert kills(signer, owner.pk)


@pytest.mark.parametrize("path", ["/admin/vault/kill", "/admin/vault/unkill"])
def test_a_trader_and_the_anonymous_use_no_operators_switch(client, owner, bot, signer, path):
    form = {"scope": "everything", "level": "everything", "password": PASSWORD}
    assert client.post(path, form).status_code == 302
    client.force_login(owner)
    assert client.post(path, form).url.startswith("/admin/login")
    assert kills(signer, None) == []


def test_a_scope_that_is_none_is_refused_in_words(client, operator, signer):
    client.force_login(operator)
    page = client.post("/admin/vault/kill", {"scope": "all"}, follow=True).content.decode()
    assert "It is NOT stopped." in page
