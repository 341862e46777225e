"""Pressing the buttons of a bot's page."""

import uuid

import pytest

from botplatform.bots.models import Bot, BotEvent, Deal
from botplatform.markets.models import Market
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(owner):
    return seeds.bot(owner, enabled=False)


@pytest.fixture
def press(client, owner, bot):
    """Press a button; the page that follows."""
    client.force_login(owner)

    def press(what, **form):
        return client.post(f"/bots/{bot.pk}/{what}", form, follow=True).content.decode()

    return press


def test_starting_while_the_vault_is_away_says_so_and_starts_nothing(press, bot):
    page = press("start")
    assert "cannot speak to the vault" in page
    assert "Traceback" not in page
    bot.refresh_from_db()
    assert not bot.enabled


def test_starting_with_a_market_without_a_price_says_so(press, bot):
    Market.objects.update(last_price=None, last_price_at=None)
    assert "BTC/USDT has no price yet" in press("start")


def test_starting_with_settings_that_cannot_work_names_the_remedy(press, bot):
    Bot.objects.update(settings={**seeds.SETTINGS, "base_order": "1"})
    assert "below the smallest order of BTC/USDT" in press("start")


def test_starting_writes_the_grant_first(press, bot, owner, signer):
    account = signer.account(owner=owner.pk)
    type(bot.account).objects.filter(pk=bot.account_id).update(id=account.credential)
    Bot.objects.update(account_id=account.credential)
    assert "Stop" in press("start")
    bot.refresh_from_db()
    assert (bot.enabled, bot.grant_version) == (True, 1)
    grant = signer.web().overview(owner.pk).grants[0]
    assert (grant["id"], grant["limits"]["markets"]) == (str(bot.grant), ["BTC/USDT"])


def test_a_key_that_the_vault_does_not_have_is_refused_in_words(press, bot, signer):
    assert "The vault refused." in press("start")


def test_stopping_leaves_the_open_deal_alone(press, bot):
    Bot.objects.update(enabled=True)
    deal = seeds.bought(bot)
    press("stop")
    bot.refresh_from_db()
    deal.refresh_from_db()
    assert (bot.enabled, deal.wish, deal.closed_at) == (False, "", None)


@pytest.mark.parametrize(("what", "words"), [("close", "Close at market"), ("cancel", "keep the coins")])
def test_a_wish_is_asked_and_not_called_done_before_it_is(press, bot, what, words):
    deal = seeds.bought(bot)
    page = press(what, deal=deal.pk)
    assert "asked, waiting for the exchange" in page
    assert words in page
    deal.refresh_from_db()
    assert (deal.wish, deal.closed_at) == (what, None)
    Deal.objects.update(closed_at=seeds.now(), ending="closed at market", realised="-0.1")
    page = press("stop")
    assert "waiting for the exchange" not in page
    assert "closed at market" in page


@pytest.mark.parametrize("named", ["other", "nonsense", "nothing"])
def test_a_wish_for_a_deal_that_is_over_touches_no_other(press, bot, named):
    deal = seeds.bought(bot)
    form = {"other": {"deal": uuid.uuid4()}, "nonsense": {"deal": "x"}, "nothing": {}}[named]
    assert "That deal is over already" in press("close", **form)
    deal.refresh_from_db()
    assert deal.wish == ""


def test_somebody_elses_deal_cannot_be_closed_through_ones_own_bot(press, stranger):
    deal = seeds.bought(seeds.bot(stranger))
    assert "That deal is over already" in press("close", deal=deal.pk)
    deal.refresh_from_db()
    assert deal.wish == ""


def test_an_error_stands_in_the_inbox_until_it_is_dismissed(press, bot):
    event = seeds.note(bot, "The exchange rejected averaging order 2.", level=BotEvent.Level.ERROR)
    kept = seeds.note(bot, "Another one.", level=BotEvent.Level.ERROR)
    left = press(f"errors/{event.pk}/dismiss")
    assert "Another one." in left
    assert "averaging order 2" not in left
    assert set(BotEvent.objects.filter(dismissed=False)) == {kept}


def test_text_from_outside_is_text_on_the_page(press, bot):
    seeds.note(bot, "<script>alert(1)</script>", level=BotEvent.Level.ERROR)
    Bot.objects.update(name="<b>bold</b>")
    page = press("stop")
    assert "<script>alert" not in page
    assert "<b>bold" not in page
