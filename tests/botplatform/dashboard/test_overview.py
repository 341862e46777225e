"""All bots at a glance."""

from datetime import timedelta
from decimal import Decimal as D
from html import unescape

import pytest

from botplatform.bots.models import Bot, BotEvent, DailyProfit
from botplatform.dashboard.live.prices import Prices
from botplatform.dashboard.overview.listing import Query, everything
from botplatform.dashboard.overview.page import OverviewPage, context
from botplatform.dashboard.standing import standings
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    return client


def words(client, path="/"):
    return unescape(client.get(path).content.decode())


def test_the_sums_are_those_of_the_bots_own_pages(owner):
    for number in range(3):
        bot = seeds.bot(owner, name=f"Bot {number}")
        seeds.closed(bot, 1, seeds.now() - timedelta(minutes=number), "60000", "60500", "0.25")
        seeds.bought(bot, 2)
    (sums,) = everything(owner.pk).totals(Prices()).values()
    profits = [each.profit(D(60000)) for each in standings(Bot.objects.all())]
    assert sums.realised == sum(each.realised for each in profits) == D("0.75")
    assert sums.open == sum(each.open for each in profits)
    assert sums.total == sum(each.total for each in profits)


def test_periods_are_whole_days_up_to_today(owner):
    seeds.bot(owner)
    today = seeds.now().date()
    for back in (0, 1, 6, 7, 29, 30):
        DailyProfit.objects.create(owner=owner, quote="USDT", day=today - timedelta(days=back), realised=1, deals=1)
    sums = everything(owner.pk).totals(Prices())["USDT"]
    assert (sums.today, sums.week, sums.month) == (1, 3, 5)


def test_errors_stand_above_everything(signed_in, owner):
    for number in range(3):
        seeds.bot(owner, name=f"Fine {number}")
    broken = seeds.bot(owner, name="Broken", created_at=seeds.now() - timedelta(days=9))
    seeds.note(broken, "The exchange rejected it.", level=BotEvent.Level.ERROR)
    page = words(signed_in)
    assert "1 error to look at" in page
    assert "The exchange rejected it." in page
    rows = page[page.index("bp-bot-list") :]
    assert rows.index("Broken") < rows.index("Fine 0")


def test_bots_are_filtered_and_sorted(owner):
    calm, wild = seeds.bot(owner, name="Calm"), seeds.bot(owner, name="Wild", kind="grid", enabled=False)
    seeds.closed(wild, 1, seeds.now(), "60000", "60500", "12.5")
    seeds.closed(calm, 1, seeds.now(), "60000", "60500", "3")
    seeds.bought(calm, 2)
    whole = everything(owner.pk)

    def names(**query):
        return [bot.name for bot in whole.chosen(Query(**query), Prices())]

    assert names(name="AL") == ["Calm"]
    assert names(kind="grid") == ["Wild"]
    assert names(state="running") == names(state="deal") == ["Calm"]
    assert names(state="stopped") == ["Wild"]
    assert names(state="error") == []
    assert names(sort="-total") == names(sort="-name") == names(sort="-today") == ["Wild", "Calm"]
    assert names(sort="name") == ["Calm", "Wild"]
    assert names(market=calm.market_id + 1) == []


def test_only_a_page_of_bots_is_shown(signed_in, owner):
    for number in range(27):
        seeds.bot(owner, name=f"Bot {number:02}")
    page = words(signed_in, "/?sort=name")
    assert "1\N{EN DASH}25 of 27 bots" in page
    assert "Bot 24" in page
    assert "Bot 25" not in page
    assert "Bot 26" in words(signed_in, "/?sort=name&page=2")


def test_a_bot_that_prices_bring_onto_the_page_is_read_then(owner):
    seeds.bought(seeds.bot(owner, name="One"))
    page = OverviewPage(owner.pk)
    loaded = page.load()
    assert loaded.standings == {}
    assert len(context(page, loaded, Prices())["rows"]) == 1
    assert len(loaded.standings) == 1


def test_the_curve_adds_up_each_currency_by_itself(signed_in, owner):
    for back, quote, realised in ((2, "USDT", "1.5"), (1, "USDT", "-0.5"), (1, "EUR", "7")):
        DailyProfit.objects.create(
            owner=owner, quote=quote, day=seeds.now().date() - timedelta(days=back), realised=realised, deals=2
        )
    curves = {each["name"]: [value for _, value in each["points"]] for each in signed_in.get("/curve").json()["curves"]}
    assert curves == {"USDT": [1.5, 1.0], "EUR": [7.0]}


def test_a_strangers_curve_is_empty(client, owner, stranger):
    DailyProfit.objects.create(owner=owner, quote="USDT", day=seeds.now().date(), realised=1, deals=1)
    client.force_login(stranger)
    assert client.get("/curve").json() == {"curves": []}


def test_a_filter_that_finds_nothing_says_what_to_do(signed_in, owner):
    seeds.bot(owner)
    page = words(signed_in, "/?q=nothing")
    assert "No bot is like that" in page
    assert 'value="nothing"' in page
