"""A bot's page: timeline, holding, settings, and what can be asked of a deal."""

import pytest

from botplatform.bots.models import Deal, Market, Order, SettingsChange, Wish
from botplatform.dashboard.bots.chart import Window
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(owner):
    return seeds.lively(owner)


@pytest.fixture
def page(client, owner, bot):
    client.force_login(owner)
    return lambda: client.get(f"/bots/{bot.pk}/").context


def test_the_timeline_has_orders_and_events_in_the_order_of_time(page):
    entries = page()["timeline"]
    assert entries == sorted(entries, key=lambda entry: entry.at, reverse=True)
    assert {entry.kind for entry in entries} == {"event", "placed"}
    assert any(entry.text == "Placed averaging 2: buy 0.00109 BTC at 59,532.01." for entry in entries)


def test_an_order_that_was_refused_says_why(page):
    Order.objects.filter(name="averaging-4").update(state="refused", reason="over_turnover: enough for today.")
    refused = [entry.text for entry in page()["timeline"] if entry.kind == "refused"]
    assert refused == ["Refused by the vault: averaging 4. over_turnover: enough for today."]


def test_holding_is_what_the_same_money_would_have_made_since_the_first_deal(page, bot):
    first = Deal.objects.get(bot=bot, number=1)
    capital = bot.strategy.capital(first.price, bot.market.rules)
    Market.objects.update(last_price=first.price * 2)
    made = page()["holding"]
    assert made == capital * (2 * (1 - bot.market.taker_fee) - 1)


def test_settings_stand_there_in_sentences_with_what_was_changed(page, bot):
    SettingsChange.objects.create(
        bot=bot, at=seeds.now(), before={**bot.settings, "take_profit": "0.01"}, after=bot.settings
    )
    shown = page()
    assert ("Exit", "Sells all at +0.50 % of the whole cost") in shown["settings"]
    ((_, (change,)),) = shown["changes"]
    assert (change.before, change.after) == ("1 %", "0.5 %")


@pytest.mark.parametrize(
    ("path", "sent", "kind", "what"),
    [
        ("add-funds", {"quote": "50"}, Wish.Kind.ADD, None),
        ("close-part", {"percent": "25"}, Wish.Kind.REDUCE, {"share": "0.25", "price": ""}),
        ("start-deal", {}, Wish.Kind.START, {}),
    ],
)
def test_what_is_asked_becomes_a_wish_or_a_reason(client, owner, bot, path, sent, kind, what):
    client.force_login(owner)
    deal = Deal.objects.get(bot=bot, closed_at=None)
    answer = client.post(f"/bots/{bot.pk}/{path}", {**sent, "deal": str(deal.pk)}, follow=True)
    if what is None:  # funds need a grant, and the vault is away
        assert "cannot speak to the vault" in answer.content.decode()
        assert not Wish.objects.exists()
    else:
        assert (Wish.objects.get().kind, Wish.objects.get().what) == (kind, what)


@pytest.mark.parametrize(
    ("path", "sent", "words"),
    [
        ("add-funds", {"quote": ""}, "no amount was given. Say how much"),
        ("add-funds", {"quote": "much"}, "Give a number above 0."),
        ("add-funds", {"quote": "-5"}, "Give a number above 0."),
        ("close-part", {"percent": "150"}, "Give more than 0 and at most 1."),
        ("close-part", {"percent": ""}, "Give more than 0 and at most 1."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(client, owner, bot, path, sent, words):
    client.force_login(owner)
    deal = Deal.objects.get(bot=bot, closed_at=None)
    answer = client.post(f"/bots/{bot.pk}/{path}", {**sent, "deal": str(deal.pk)}, follow=True)
    assert words in answer.content.decode()
    assert not Wish.objects.exists()


def test_a_wish_is_shown_until_it_is_done(page, bot):
    wish = Wish.objects.create(
        bot=bot, market=bot.market, kind=Wish.Kind.REDUCE, what={"share": "0.25"}, wished_at=seeds.now()
    )
    assert page()["wishes"] == [wish]
    Wish.objects.update(done_at=seeds.now())
    assert page()["wishes"] == []


def test_a_deal_moves_the_chart_to_its_time(client, owner, bot):
    client.force_login(owner)
    deal = Deal.objects.get(bot=bot, number=1)
    begin, end = int(deal.opened_at.timestamp()), int(deal.closed_at.timestamp())
    times = [each["time"] for each in client.get(f"/bots/{bot.pk}/chart?from={begin}&to={end}").json()["candles"]]
    assert begin - 1800 <= times[0] <= begin
    assert end <= times[-1] <= end + 1800


@pytest.mark.parametrize(("since", "until"), [("", ""), ("x", "1"), ("-1", "5"), ("9" * 30, "1")])
def test_what_is_no_time_is_no_window(since, until):
    assert Window.of(since, until) is None


# Editing


def test_the_form_of_a_bot_has_its_settings(client, owner, bot):
    client.force_login(owner)
    page = client.get(f"/bots/{bot.pk}/edit").content.decode()
    assert 'name="take_profit" value="0.5"' in page
    assert "Leave it as it is" in page


def test_the_difference_is_shown_before_anything_changes(client, owner, bot):
    client.force_login(owner)
    typed = client.get(f"/bots/{bot.pk}/edit").context["draft"].typed
    page = client.post(f"/bots/{bot.pk}/edit/difference", {**typed, "take_profit": "2"}).content.decode()
    assert "cancels take-profit" in page
    assert "places take-profit" in page
    bot.refresh_from_db()
    assert bot.settings["take_profit"] == "0.005"


def test_an_edit_without_a_change_says_so(client, owner, bot):
    client.force_login(owner)
    typed = client.get(f"/bots/{bot.pk}/edit").context["draft"].typed
    assert "Nothing is different" in client.post(f"/bots/{bot.pk}/edit/difference", typed).content.decode()


def test_an_edit_of_a_stopped_bot_is_done(client, owner, bot):
    type(bot).objects.update(enabled=False)
    client.force_login(owner)
    typed = client.get(f"/bots/{bot.pk}/edit").context["draft"].typed
    answer = client.post(f"/bots/{bot.pk}/edit", {**typed, "take_profit": "2"})
    assert answer.url == f"/bots/{bot.pk}/"
    bot.refresh_from_db()
    assert bot.settings["take_profit"] == "0.02"


def test_an_edit_that_cannot_be_loses_nothing_typed(client, owner, bot):
    client.force_login(owner)
    typed = client.get(f"/bots/{bot.pk}/edit").context["draft"].typed
    answer = client.post(f"/bots/{bot.pk}/edit", {**typed, "take_profit": "2", "step": "x"})
    page = answer.content.decode()
    assert "“x” is not a number." in page
    assert 'name="take_profit" value="2"' in page


def test_account_and_market_of_a_bot_cannot_be_changed_by_sending_others(client, owner, bot):
    type(bot).objects.update(enabled=False)
    client.force_login(owner)
    typed = client.get(f"/bots/{bot.pk}/edit").context["draft"].typed
    client.post(f"/bots/{bot.pk}/edit", {**typed, "market": "999", "account": str(seeds.account(owner).pk)})
    before = (bot.market_id, bot.account_id)
    bot.refresh_from_db()
    assert (bot.market_id, bot.account_id) == before
