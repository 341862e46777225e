"""What a person has, and what bots lay claim to."""

from datetime import timedelta
from decimal import Decimal as D
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from botplatform.bots.models import Order
from botplatform.dashboard.portfolio.page import portfolio
from botplatform.dashboard.portfolio.worth import Rates
from botplatform.dashboard.templatetags.lists import quantity
from botplatform.exchanges.models import Balance
from botplatform.exchanges.vault import Code, Refused
from botplatform.markets.models import Market
from botplatform.runner import balances
from botplatform.runner.balances import BalanceWatch, keep
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.fixture
def bot(owner):
    return seeds.bot(owner)


def words(client, path="/portfolio/"):
    return unescape(client.get(path).content.decode())


def asset(owner, name):
    (account,) = portfolio(owner.pk).accounts
    return next(each for each in account.assets if each.name == name)


def test_what_is_left_is_without_what_bots_hold_and_may_need(owner, bot):
    deal = seeds.bought(bot)
    keep(bot.account_id, {"USDT": "700", "BTC": "0.5"}, {"USDT": "900", "BTC": "0.50083916"})
    btc, usdt = asset(owner, "BTC"), asset(owner, "USDT")
    assert btc.by_bots == D("0.00083916")
    assert btc.left == D("0.5")
    assert usdt.claimed > 0
    assert usdt.left == 900 - usdt.claimed
    seeds.order(deal, "averaging-1", "buy", "0.001", "59000", filled="0.0004")
    seeds.order(deal, "averaging-2", "buy", "0.001", "58000", Order.State.CANCELLED)
    assert asset(owner, "USDT").in_orders == D("0.0006") * 59000


def test_everything_is_worth_something_in_one_quote(client, owner, bot):
    keep(bot.account_id, {}, {"USDT": "1000", "BTC": "0.1", "XYZ": "5"})
    found = portfolio(owner.pk)
    assert found.worth == 1000 + D("0.1") * 60000
    assert [share.name for share in found.shares] == ["BTC", "USDT"]
    assert sum(share.percent for share in found.shares) == 100
    client.force_login(owner)
    page = words(client)
    assert "7,000.00" in page
    assert "no market leads to USDT: XYZ" in page


def test_an_asset_without_a_market_of_its_own_is_valued_over_another(db):
    rules = {"exchange": "paper", "tick_size": "0.01", "lot_size": "0.01"}
    for symbol, price in (("ETH/BTC", "0.05"), ("BTC/USDT", "60000"), ("OLD/USDT", None)):
        Market.objects.create(symbol=symbol, last_price=price, **rules)
    rates = Rates({"paper"})
    assert rates.rate("paper", "ETH", "USDT") == D(3000)
    assert rates.rate("paper", "USDT", "BTC") == 1 / D(60000)
    assert rates.rate("paper", "OLD", "USDT") is None
    assert rates.rate("other", "ETH", "USDT") is None


def test_the_page_says_how_old_its_figures_are(client, owner, bot):
    client.force_login(owner)
    assert "No balances yet" in words(client)
    keep(bot.account_id, {}, {"USDT": "1000"})
    Balance.objects.update(at=seeds.now() - timedelta(minutes=3, seconds=5))
    assert "as they were 3 min" in words(client)


def test_a_stranger_sees_nothing_of_it(client, stranger, bot):
    keep(bot.account_id, {}, {"USDT": "1234"})
    client.force_login(stranger)
    page = words(client)
    assert "1,234" not in page
    assert "Connect an exchange account first" in page


def test_many_bots_take_no_more_queries_than_few(client, owner, bot):
    client.force_login(owner)

    def asked():
        cache.clear()
        client.get("/portfolio/")
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/portfolio/").status_code == 200
        return len(captured)

    few = asked()
    for number in range(18):
        more = seeds.bot(owner, name=f"Bot {number}", account=bot.account)
        seeds.bought(more)
    assert asked() == few


class Lease:
    """Answers balances, or what it is told to raise."""

    def __init__(self, error=None):
        self.asked, self.error = [], error

    def balances(self, grant):
        self.asked.append(grant)
        if self.error:
            raise self.error
        return type("Answer", (), {"free": {"USDT": "1"}, "total": {"USDT": "2", "BTC": "0"}})()


def test_a_runner_asks_for_each_account_once_a_minute(bot, monkeypatch):
    lease, watch, now = Lease(), BalanceWatch(), [100.0]
    monkeypatch.setattr(balances.clock, "monotonic", lambda: now[0])
    for _ in range(3):
        watch.look(lease, [bot])
    assert lease.asked == [bot.grant]
    now[0] += balances.EVERY
    watch.look(lease, [bot])
    assert len(lease.asked) == 2
    assert list(Balance.objects.values_list("asset", "free", "total")) == [("USDT", D(1), D(2))]


def test_a_vault_that_refuses_stops_nobody_and_changes_nothing(bot):
    keep(bot.account_id, {"USDT": "5"}, {"USDT": "5"})
    BalanceWatch().look(Lease(Refused(Code.TOO_MANY_READS)), [bot])
    assert Balance.objects.get().total == 5


def test_what_is_gone_at_the_exchange_is_gone_here(bot):
    keep(bot.account_id, {}, {"USDT": "5", "BTC": "1"})
    keep(bot.account_id, {}, {"BTC": "2"})
    assert list(Balance.objects.values_list("asset", "total")) == [("BTC", D(2))]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "\N{EN DASH}"), (D("1234.5"), "1,234.5"), (D(100), "100"), (D("-0.5"), "\N{MINUS SIGN}0.5"), (D(0), "0")],
)
def test_an_amount_has_as_many_places_as_it_needs(value, shown):
    assert quantity(value) == shown
