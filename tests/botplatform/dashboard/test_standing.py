"""Where a bot stands, in exact numbers."""

from datetime import timedelta
from decimal import Decimal as D

import pytest

from botplatform.bots.models import Bot, Deal
from botplatform.dashboard.progress import Progress
from botplatform.dashboard.standing import standings
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


def only():
    return standings(Bot.objects.all())[0]


def test_the_total_is_what_was_realised_and_what_is_open(owner):
    bot = seeds.bot(owner)
    seeds.closed(bot, 1, seeds.now() - timedelta(days=3), "60000", "60500", "0.25")
    seeds.bought(bot, 2)
    profit = only().profit(D(61000))
    held = D("0.00084") * D("0.999")
    assert profit.realised == D("0.25")
    assert profit.open == held * 61000 * D("0.999") - D("50.4")
    assert profit.total == profit.realised + profit.open
    assert profit.today == 0


def test_today_begins_at_midnight_utc(owner):
    bot = seeds.bot(owner)
    for number, minutes in ((1, 30), (2, -30)):
        deal = seeds.closed(bot, number, seeds.now(), "60000", "60500", "0.25")
        midnight = seeds.now().replace(hour=0, minute=0, second=0, microsecond=0)
        Deal.objects.filter(pk=deal.pk).update(closed_at=midnight + timedelta(minutes=minutes))
    assert only().profit(D(60000)).today == D("0.25")


def test_levels_are_the_strategys_own_answer(owner):
    deal = seeds.bought(seeds.bot(owner))
    levels = only().open.levels()
    strategy, state = deal.strategy, deal.state()
    assert levels.target == strategy.target(state)
    assert levels.stop == strategy.stop_price(state)
    assert levels.next_buy == next(strategy.ladder(state.average_cost, deal.bot.market.rules)).price


def test_a_deal_before_its_first_buy_has_no_average_and_no_way_to_go(owner):
    seeds.deal(seeds.bot(owner))
    assert only().open.average is None
    assert Progress.of(only(), D(60000)) is None


def test_the_place_on_the_line_stays_on_it(owner):
    seeds.bought(seeds.bot(owner))
    assert Progress.of(only(), D(1)).at == 0
    assert Progress.of(only(), D(10**6)).at == 100
    assert 0 < Progress.of(only(), D(60000)).at < 100


def test_settings_that_no_longer_work_hide_the_levels_not_the_page(owner, client):
    bot = seeds.bot(owner)
    deal = seeds.bought(bot)
    Deal.objects.filter(pk=deal.pk).update(settings={"base_order": "x"})
    Bot.objects.update(settings={})
    client.force_login(owner)
    assert client.get(f"/bots/{bot.pk}/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/bots/{bot}/", "/bots/{bot}/chart"])
def test_a_page_asks_the_database_no_more_often_for_more_rows(client, owner, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    bot = seeds.bot(owner)
    seeds.bought(bot)
    client.force_login(owner)
    path = path.format(bot=bot.pk)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(2, 6):
        seeds.closed(bot, number, seeds.now() - timedelta(hours=number), "60000", "60500", "0.25")
        seeds.bought(seeds.bot(owner, name=f"Bot {number}"))
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) <= len(few)
