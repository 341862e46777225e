"""The builder's pages: the form, what is answered while it is filled in, and the bot that comes of it."""

import itertools
import json
from decimal import Decimal as D
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from botplatform.bots.models import Bot
from botplatform.dashboard.builder import guided
from botplatform.dashboard.builder.history import Histories
from botplatform.dashboard.builder.sections import KINDS
from botplatform.markets import backfill
from botplatform.markets.models import Backfill, Market
from strategies import kinds
from strategies.market import Market as Rules
from tests.botplatform.dashboard import seeds
from tests.botplatform.dashboard.builder.pasts import archived, walk
from tests.botplatform.dashboard.builder.test_typed import RICH

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

    def send(path="/bots/new/dca", **changed):
        return client.post(path, {**typed, **changed})

    return send


@pytest.fixture
def answered(send):
    """What the page's script would be told; the backtest's own process ends with the test."""

    def answered(**changed):
        return send("/bots/new/dca/answer", **changed).json()

    return answered


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
        ("base_order", "1", "below the smallest order of BTC/USDT. Give at least 5 USDT."),
        ("averaging_orders", "200", "below the base order."),
        ("name", " ", "It is empty. Give the bot a name."),
        ("market", "x", "Choose the market on which it trades."),
        ("account", "x", "Choose the account on which it trades."),
        ("direction", "sideways", "is not a choice."),
    ],
)
def test_a_mistake_is_named_at_its_field_and_nothing_typed_is_lost(send, field, value, words):
    answer = send(**{field: value, "take_profit": "0.7"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page.replace("&#x27;", "'")
    assert 'value="0.7"' in page
    assert not Bot.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_explains_itself(client, owner, typed, kind):
    client.force_login(owner)
    page = client.get(f"/bots/new/{kind}").content.decode().replace("&#x27;", "'")
    shown = {name for section in KINDS[kind].sections for name in section.settings}
    for field in kinds.settings_of(kind):
        if field.name in shown:
            from strategies.shapes import shape_of

            assert shape_of(field).help.replace("“", "“")[:40] in page


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_new_form_suggests_can_be_made_as_it_stands(client, owner, typed, kind):
    client.force_login(owner)
    sent = dict(client.get(f"/bots/new/{kind}").context["draft"].typed)
    client.post(f"/bots/new/{kind}", {**sent, "name": "As suggested"})
    assert Bot.objects.get().kind == kind


def test_a_bot_can_be_copied_with_all_its_settings(client, owner):
    bot = seeds.bot(owner, settings=RICH["dca"])
    client.force_login(owner)
    sent = client.get(f"/bots/new/dca?copy={bot.pk}").context["draft"].typed
    client.post("/bots/new/dca", sent)
    copy = Bot.objects.exclude(pk=bot.pk).get()
    assert copy.strategy == bot.strategy


def test_somebody_elses_bot_cannot_be_copied(client, owner, stranger, typed):
    bot = seeds.bot(stranger, settings=RICH["dca"], name="Secret")
    client.force_login(owner)
    assert "Secret" not in client.get(f"/bots/new/dca?copy={bot.pk}").content.decode()


def test_somebody_elses_account_cannot_be_chosen(send, stranger):
    answer = send(account=str(seeds.account(stranger).pk))
    assert "Choose the account on which it trades." in answer.content.decode()
    assert not Bot.objects.exists()


def test_a_kind_that_never_was_is_not_found(client, owner):
    client.force_login(owner)
    assert client.get("/bots/new/perpetual").status_code == 404


def test_without_an_account_the_page_says_what_to_do(client, stranger):
    client.force_login(stranger)
    for path in ("/bots/new", "/bots/new/dca", "/bots/new/guided"):
        assert "connect_exchange --user stan" in client.get(path).content.decode()


# What is answered while the form is filled in


def test_each_section_is_told_in_a_sentence(answered):
    said = answered(stop_loss="7")["sentences"]
    assert said["averaging"] == "5 buys down to \N{MINUS SIGN}2.98 %, 452.16 USDT in all"
    assert said["protection"] == "Gives up 7 % from the base order"


def test_a_line_that_was_dragged_is_typed_and_drawn_there(answered):
    answer = answered(drag="take_profit", at="60600")
    assert answer["set"] == {"take_profit": "0.798"}
    (line,) = (each for each in answer["lines"] if each["handle"] == "take_profit")
    assert abs(line["price"] - 60600) < 1


@pytest.mark.parametrize("at", ["", "x", "-5", "NaN", "1e999999"])
def test_a_line_cannot_be_dragged_to_what_is_no_price(answered, at):
    assert answered(drag="take_profit", at=at)["set"] == {}


def test_a_problem_is_counted_at_its_section(answered):
    answer = answered(step="150")
    assert answer["problems"]["step"] == "150 is too large. Give at most 99."
    assert answer["troubled"] == {"market": 0, "entry": 0, "averaging": 1, "exit": 0, "protection": 0}


def test_a_stop_that_never_lets_the_ladder_work_is_warned_of(answered):
    assert "before 4 of the averaging orders" in answered(stop_loss="0.5")["warnings"]["stop_loss"]


def test_the_strip_has_capital_claims_of_others_and_the_worst_loss(send, owner, answered):
    other = seeds.bot(owner, settings=seeds.SETTINGS)
    page = send("/bots/new/dca/answer", account=str(other.account_id), stop_loss="10").json()["strip"]
    claimed = other.strategy.capital(D(60000), other.market.rules)
    assert f"{claimed:,.2f}" in page
    assert "504.02" in page


def test_a_stopped_bot_without_a_deal_claims_nothing(send, owner):
    other = seeds.bot(owner, settings=seeds.SETTINGS, enabled=False)
    page = send("/bots/new/dca/answer", account=str(other.account_id)).json()["strip"]
    assert "<dd>0.00 <small>USDT" in page


@pytest.mark.parametrize("changed", [{"step": ""}, {"step": "x"}, {"market": ""}, {"averaging_orders": "200"}])
def test_half_a_form_gets_an_answer_without_lines(answered, changed):
    answer = answered(**changed)
    assert answer["lines"] == []
    assert answer["test"]["problem"]


def test_without_candles_the_backtest_says_so(answered):
    assert answered()["test"]["problem"] == "There are no candles of this market yet."


def test_the_backtest_runs_over_the_archive(answered, tmp_path):
    archived(tmp_path, walk(minutes=30 * 1440))
    test = answered(step="2", take_profit="1.5")["test"]
    assert test["problem"] == ""
    assert test["covers"] == "30 days"
    assert test["deals"] > 3
    assert len(test["equity"]) == len(test["times"]) == len(test["drawdown"])


def test_without_an_archive_the_backtest_runs_over_what_the_feed_has_kept(answered, typed):
    market = Market.objects.get()
    seeds.candles(market, minutes=300)
    test = answered(step="0.1", take_profit="0.2")["test"]
    assert test["problem"] == ""
    assert test["ended"] <= seeds.now().timestamp() * 1000


def test_the_band_has_many_starts(send, tmp_path):
    archived(tmp_path, walk(minutes=30 * 1440))
    found = send("/bots/new/dca/band", step="2").json()["band"]
    assert found["runs"] == 48
    assert all(low <= high for low, high in zip(found["p5"], found["p50"], strict=True))


def test_the_plan_has_the_exact_orders_and_the_grant_in_words(send):
    page = send("/bots/new/dca/plan").content.decode()
    assert "60,240.36" not in page
    assert "0.00084" in page
    assert "It can never withdraw" in page
    assert not Bot.objects.exists()


def test_a_plan_of_what_cannot_be_made_says_what_has_to_change(send):
    page = send("/bots/new/dca/plan", step="", name="").content.decode()
    assert "data-ready" not in page
    assert "Give the bot a name." in page


def test_a_row_is_added_and_taken_away_without_losing_what_was_typed(send):
    page = send("/bots/new/dca/form", add="take_profit_steps", step="0.77").content.decode()
    assert 'name="take_profit_steps.0.share"' in page
    assert 'value="0.77"' in page
    page = send("/bots/new/dca/form", remove="take_profit_steps.0", **{"take_profit_steps.0.share": "5"}).content
    assert b"take_profit_steps.0.share" not in page


def test_a_condition_is_added_with_its_own_fields(send):
    page = send("/bots/new/dca/form", add="start_conditions", **{"start_conditions.new": "rsi"}).content.decode()
    assert 'name="start_conditions.0.level"' in page
    assert 'value="rsi"' in page


# Candles


def test_candles_are_drawn_at_the_length_that_was_asked_for(client, owner, typed, tmp_path):
    archived(tmp_path, walk(minutes=3 * 1440))
    client.force_login(owner)
    found = client.get(f"/markets/{Market.objects.get().pk}/candles?interval=60").json()
    times = [each["time"] for each in found["candles"]]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {3600}


def test_an_archive_that_has_grown_is_read_again(tmp_path, typed):
    histories, market = Histories(), Market.objects.get()
    archived(tmp_path, walk(minutes=100))
    assert histories.of(market).minutes == 100
    archived(tmp_path, walk(minutes=200))
    assert histories.of(market).minutes == 200


def test_a_year_that_is_being_fetched_is_not_asked_for_twice(client, owner, typed, monkeypatch):
    asked = []
    monkeypatch.setattr(backfill, "async_task", lambda *task, **_: asked.append(task))
    client.force_login(owner)
    path = f"/markets/{Market.objects.get().pk}/history"
    assert "Fetching a year" in client.post(path).content.decode()
    client.post(path)
    assert asked == [("botplatform.markets.backfill.work", Backfill.objects.get().pk)]


# Three questions

RULES = Rules(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))


@given(money=st.integers(100, 100_000), fall=st.sampled_from(["10", "20", "35", "50"]), price=st.integers(10, 100_000))
def test_three_answers_give_a_bot_that_stays_within_its_money_and_reaches_down_the_fall(money, fall, price):
    fraction = D(fall) / 100
    settings = guided.settings(D(money), fraction, D(price), RULES)
    bot = kinds.from_json("dca", settings)
    assert bot.capital(D(price), RULES) <= money
    assert bot.capital(D(price), RULES) > money * D("0.9") or price > 1000
    deepest = [*bot.ladder(D(price), RULES)][-1].deviation
    assert abs(deepest - fraction) < D("0.001")
    assert bot.stop_loss > deepest


def test_too_little_money_is_told_with_how_much_would_do(client, owner, typed):
    client.force_login(owner)
    answer = client.post("/bots/new/guided", {"market": typed["market"], "money": "7", "fall": "20"})
    text = answer.context["problems"]["money"]
    assert "Give at least" in text
    enough = text.split("at least ")[1].split(" ")[0]
    again = client.post("/bots/new/guided", {"market": typed["market"], "money": enough, "fall": "20"})
    assert again.context["draft"].problems == {}


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"money": "much"}, "money"), ({"money": "-1"}, "money"), ({"fall": "99"}, "fall"), ({"market": "x"}, "market")],
)
def test_an_answer_that_is_none_is_asked_again(client, owner, typed, sent, field):
    client.force_login(owner)
    answer = client.post("/bots/new/guided", {"market": typed["market"], "money": "500", "fall": "20", **sent})
    assert field in answer.context["problems"]


def test_the_answer_to_a_drag_is_plain_json(send):
    assert json.loads(send("/bots/new/dca/answer", drag="nothing", at="1", bot=str(uuid4())).content)["set"] == {}


# The terminal


@pytest.fixture
def trade(client, owner):
    """What the form of a smart trade of 100 USDT with a stop loss 5 % away is told."""
    client.force_login(owner)
    place = {"account": str(seeds.account(owner).pk), "market": str(seeds.market().pk), "name": "Trade"}
    typed = {"side": "buy", "entry": "market", "quote_amount": "100", "stop_loss": "on", "stop_loss.loss": "5"}

    def trade(**changed):
        return client.post("/bots/new/smart/answer", {**place, **typed, **changed}).json()

    return trade


@given(risk=st.integers(1, 5000), stop=st.integers(1, 50))
def test_a_trade_sized_by_risk_loses_that_much_at_its_stop_and_no_more(risk, stop):
    # Every example asks the same form; nothing is kept between them.
    from botplatform.dashboard.builder import answer
    from botplatform.dashboard.builder.draft import Draft

    typed = {
        "side": "buy",
        "entry": "market",
        "quote_amount": "100",
        "stop_loss": "on",
        "stop_loss.loss": str(stop),
        "stop_loss.order": "market",
        "_risk": str(risk),
    }
    draft = Draft(None, "smart", typed)
    draft.__dict__["chosen"] = type("Place", (), {"market": Market(**PLACE), "account": None, "markets": ()})()
    amount = D(answer.sized_by_risk(draft)["quote_amount"])
    assume(amount > 12)  # a smaller one could not be sold at its stop
    bot = kinds.from_json("smart", {"quote_amount": str(amount), "stop_loss": {"loss": str(D(stop) / 100)}})
    from botplatform.dashboard.builder.outlook import worst

    lost = worst(bot, RULES, D(60000), amount).loss
    # A lot is 0.6 USDT: rounding costs, or saves, what one lot loses.
    assert risk - D("0.7") <= lost <= risk + D("0.61") * stop / 100


PLACE = {
    "exchange": "paper",
    "symbol": "BTC/USDT",
    "tick_size": D("0.01"),
    "lot_size": D("0.00001"),
    "min_notional": D(5),
    "last_price": D(60000),
}


def test_dragging_the_stop_of_a_trade_sized_by_risk_changes_its_amount(trade):
    near = trade(_risk="10")["set"]["quote_amount"]
    moved = trade(_risk="10", drag="stop_loss", at="54000")["set"]
    assert moved["stop_loss.loss"] == "10"
    assert D(moved["quote_amount"]) < D(near)


def test_without_a_stop_loss_the_amount_is_the_persons_own(trade):
    assert trade(_risk="10", stop_loss="")["set"] == {}


def test_the_terminal_shows_the_trades_that_go_on(client, owner):
    bot = seeds.bot(owner, kind="smart", settings={"quote_amount": "50"}, name="My trade")
    seeds.bought(bot)
    client.force_login(owner)
    assert "My trade" in client.get("/terminal/").content.decode()
