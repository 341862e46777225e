import json
from decimal import Decimal as D

import pytest
from django.core.management import CommandError, call_command

from botplatform.bots.drills.words import after
from botplatform.bots.models import Bot, Order
from botplatform.markets.models import Market
from strategies.backtest.drill import SCENARIOS
from tests.botplatform.dashboard import seeds

JOB = {
    "kind": "dca",
    "market": {"symbol": "X/USDT", "tick_size": "0.01", "lot_size": "0.0001", "min_notional": "5"},
    "settings": {
        "base_order": "100",
        "averaging_order": "100",
        "averaging_orders": 3,
        "step": "0.05",
        "take_profit": "0.01",
    },
}
LADDER = {**seeds.SETTINGS, "stop_loss": None}
pytestmark = pytest.mark.django_db


@pytest.fixture
def told(capsys):
    def run(*words):
        call_command("firedrill", *words)
        return capsys.readouterr().out

    return run


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "job.json"
    path.write_text(json.dumps(JOB))
    return str(path)


@pytest.fixture
def owner():
    return seeds.user("kim")


@pytest.fixture
def running(owner):
    """A bot whose deal has bought its base order at 60,000."""
    bot = seeds.bot(owner, settings=LADDER)
    seeds.bought(bot)
    return bot


def outcomes(text):
    return json.loads(text)["outcomes"]


def test_a_job_goes_through_every_scenario(told, job):
    assert [each["scenario"] for each in outcomes(told(job, "--json"))] == list(SCENARIOS)


def test_a_job_has_the_capital_that_it_needs_and_does_not_starve(told, job):
    assert all(each["starved"] == [] for each in outcomes(told(job, "--json")))


def test_with_too_little_it_says_which_order_starves_where_and_by_how_much(told, job):
    (found,) = outcomes(told(job, "--json", "--scenario", "gap", "--balance", "250", "--price", "100"))
    first = found["starved"][0]
    assert (first["deal"], first["order"], first["price"]) == ("dca", "averaging-2", "90.09")
    assert D(found["cash_needed"]) - 250 >= D(first["missing"]) > 0


def test_the_same_is_told_as_a_table(told, job):
    text = told(job, "--scenario", "gap", "--balance", "250", "--price", "100")
    assert "dca, averaging-2 at 90.09, at once" in text
    assert "shapes after those days, drawn by hand, and not recordings" in text


def test_a_price_that_was_assumed_is_told(told, job):
    assert "X/USDT is taken to stand at 100; --price says otherwise." in told(job)


def test_a_price_that_the_platform_knows_is_taken(told, job):
    Market.objects.create(exchange="paper", symbol="X/USDT", tick_size="0.01", lot_size="0.0001", last_price="42")
    assert "X/USDT is taken to stand at 42;" in told(job)


def test_a_job_that_cannot_work_at_its_price_is_refused_with_the_reason(told, tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps({**JOB, "settings": {**JOB["settings"], "base_order": "2"}}))
    with pytest.raises(CommandError, match="base_order: 2 USDT is below the smallest order of X/USDT"):
        told(str(path))


def test_a_portfolio_is_no_job_of_one_market(told, tmp_path):
    path = tmp_path / "portfolio.json"
    settings = {"coins": [{"symbol": "X/USDT", "weight": "0.5"}], "cash": "100", "every": 60}
    path.write_text(json.dumps({**JOB, "kind": "rebalance", "settings": settings}))
    with pytest.raises(CommandError, match="kind: a portfolio is on several markets"):
        told(str(path))


def test_a_bot_goes_through_with_the_deal_that_it_has_open(told, running):
    (found,) = outcomes(told("--bot", running.name, "--balance", "1000", "--scenario", "may", "--json"))
    assert found["deals"][0]["deal"] == "Demo DCA #1"
    # 0.00083916 coins are held, at 60,000.
    assert D(found["equity"]) == 1000 + D("0.00083916") * 60000
    assert found["stuck"] == ["Demo DCA #1"]


def test_a_bot_without_a_deal_goes_through_with_one_that_opens_now(told, owner):
    seeds.bot(owner, settings=LADDER)
    (found,) = outcomes(told("--bot", "Demo DCA", "--balance", "1000", "--scenario", "may", "--json"))
    assert D(found["equity"]) == 1000
    assert found["deals"][0]["fills"] == 6


def test_a_bot_whose_size_is_a_share_of_the_balance_takes_that_of_the_drill(told, owner):
    percent = {**LADDER, "volume_in": "percent", "base_order": "1", "averaging_order": "1"}
    seeds.bot(owner, settings=percent)
    small, large = (
        outcomes(told("--bot", "Demo DCA", "--balance", balance, "--scenario", "may", "--json"))[0]
        for balance in ("10000", "20000")
    )
    assert D(large["cash_needed"]) == pytest.approx(2 * D(small["cash_needed"]), rel=D("0.02"))


def test_a_bot_with_several_slots_begins_on_as_many_markets(told, owner):
    bot = seeds.bot(owner, settings={**LADDER, "deals_at_once": 2})
    for place, symbol in enumerate(("ETH/USDT", "XMR/USDT"), 1):
        market = Market.objects.create(
            exchange="paper", symbol=symbol, tick_size="0.01", lot_size="0.00001", last_price="100"
        )
        bot.pairs.create(market=market, position=place)
    (found,) = outcomes(told("--bot", bot.name, "--balance", "5000", "--scenario", "gap", "--json"))
    assert [each["deal"] for each in found["deals"]] == ["Demo DCA on BTC/USDT", "Demo DCA on ETH/USDT"]


def test_the_rows_are_left_as_they_are(told, running):
    before = list(Order.objects.values_list()), list(Bot.objects.values_list())
    told("--bot", running.name, "--balance", "1000")
    assert (list(Order.objects.values_list()), list(Bot.objects.values_list())) == before


def test_all_deals_of_a_user_share_one_balance(told, owner, running):
    second = seeds.bot(owner, settings=LADDER, name="Second")
    second.account = running.account
    second.save()
    seeds.bought(second)
    (found,) = outcomes(told("--user", "kim", "--balance", "500", "--scenario", "may", "--json"))
    assert [each["deal"] for each in found["deals"]] == ["Demo DCA #1", "Second #1"]
    (alone,) = outcomes(told("--bot", "Second", "--balance", "500", "--scenario", "may", "--json"))
    assert {each["deal"] for each in found["starved"]} == {"Second #1"}
    assert alone["starved"] == []
    assert D(found["cash_needed"]) == 2 * D(alone["cash_needed"])


def test_deals_on_two_accounts_are_not_thrown_together(told, owner, running):
    seeds.bought(seeds.bot(owner, settings=LADDER, name="Second"))
    with pytest.raises(CommandError, match="share nothing"):
        told("--user", "kim", "--balance", "500")


def test_another_users_deals_do_not_matter(told, owner, running):
    stranger = seeds.user("lee")
    seeds.bought(seeds.bot(stranger, settings=LADDER, name="Stranger"))
    (found,) = outcomes(told("--user", "kim", "--balance", "500", "--scenario", "may", "--json"))
    assert [each["deal"] for each in found["deals"]] == ["Demo DCA #1"]


def test_a_balance_that_nobody_knows_is_asked_for(told, running):
    with pytest.raises(CommandError, match="--balance how much USDT there is"):
        told("--bot", running.name)


def test_two_bots_of_one_name_are_told_apart_by_their_owner(told, running):
    seeds.bought(seeds.bot(seeds.user("lee"), settings=LADDER))
    with pytest.raises(CommandError, match="2 bots are called 'Demo DCA', of kim, lee"):
        told("--bot", "Demo DCA", "--balance", "500")
    assert "Demo DCA with what it has open" in told("--bot", "Demo DCA", "--user", "lee", "--balance", "500")


def test_a_deal_whose_settings_are_refused_is_left_out_and_named(told, running):
    running.deals.update(settings={"size": 1})
    with pytest.raises(CommandError, match="Demo DCA #1 is left out"):
        told("--user", "kim", "--balance", "500")


@pytest.mark.parametrize("words", [[], ["--bot", "nobody", "--balance", "1"], ["--user", "nobody", "--balance", "1"]])
def test_nothing_to_drill_is_said(told, words):
    with pytest.raises(CommandError):
        told(*words)


@pytest.mark.parametrize("amount", ["many", "-1", "NaN"])
def test_a_balance_that_is_none_is_refused(told, job, amount):
    with pytest.raises(CommandError, match="is no amount"):
        told(job, f"--balance={amount}")


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "at once"),
        (90_000, "after 1 min"),
        (3_600_000 * 5 + 60_000 * 7, "after 5 h 7 min"),
        (86_400_000 * 2 + 3_600_000, "after 2 d 1 h"),
    ],
)
def test_times_are_said_as_one_says_them(milliseconds, said):
    assert after(milliseconds) == said
