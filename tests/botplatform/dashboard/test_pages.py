"""What the pages say."""

import pytest

from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


def test_the_bot_page_shows_deal_orders_and_history(client, owner):
    bot = seeds.lively(owner)
    client.force_login(owner)
    page = client.get(f"/bots/{bot.pk}/").content.decode()
    for words in ("59,871.37", "Deal #4", "60,331.15", "59,532.01", "Averaging 2", "take profit", "+0.3121"):
        assert words in page


def test_the_overview_shows_every_bot_and_its_profit(client, owner):
    seeds.lively(owner)
    client.force_login(owner)
    page = client.get("/").content.decode()
    assert "Demo DCA" in page
    assert "3 deals closed" in page
