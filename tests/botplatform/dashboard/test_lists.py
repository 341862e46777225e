"""Deals and orders in lists: filtered, sorted, in pages, and as files."""

import csv
import io
from datetime import timedelta
from decimal import Decimal as D
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from botplatform.bots.models import Deal, Order
from botplatform.bots.sums.keeping import close
from botplatform.dashboard.lists import pages
from botplatform.dashboard.lists.export import cell
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db
LISTS = ("/deals/", "/orders/")


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def bots(owner):
    """Two bots of different kinds, each with closed deals and one that goes on."""
    made = [seeds.bot(owner, name="Calm"), seeds.bot(owner, name="Wild", kind="grid")]
    for bot, profits in zip(made, (("1.5", "-2.25"), ("0.5",)), strict=True):
        for number, profit in enumerate(profits, 1):
            at = seeds.now() - timedelta(days=10 * number)
            row = seeds.deal(bot, number, opened_at=at)
            order = seeds.order(row, "base", "buy", "0.00084", "60000", Order.State.FILLED, at=at, filled="0.00084")
            seeds.fill(order)
            close(row, D(profit), at + timedelta(hours=3))
    seeds.bought(made[0], 3)
    return made


def words(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def table(client, path):
    return list(csv.DictReader(io.StringIO(b"".join(client.get(path).streaming_content).decode())))


def found(client, query, column="deal"):
    return [(row["bot"], row[column]) for row in table(client, f"/deals/file?{query}")]


def test_deals_are_filtered_by_each_thing_that_they_have(signed_in, bots):
    assert found(signed_in, "bot=wil") == [("Wild", "1")]
    assert found(signed_in, f"bot={bots[1].pk}") == [("Wild", "1")]
    assert found(signed_in, "kind=grid") == [("Wild", "1")]
    assert found(signed_in, "state=open") == [("Calm", "3")]
    assert found(signed_in, "state=loss") == [("Calm", "2")]
    assert len(found(signed_in, "state=closed")) == 3
    assert len(found(signed_in, f"market={bots[0].market_id}")) == 4


def test_both_days_of_a_span_are_in_it(signed_in, bots):
    day = (seeds.now() - timedelta(days=20)).date()
    assert found(signed_in, f"since={day}&until={day}") == [("Calm", "2")]
    assert found(signed_in, f"until={day - timedelta(days=1)}") == []


def test_deals_are_sorted_by_profit_by_the_number_and_not_by_its_letters(signed_in, bots):
    Deal.objects.filter(realised="0.5").update(realised=D("10.5"), rank=10.5)
    assert [each for _, each in found(signed_in, "state=closed&sort=-profit", "realised")] == ["10.5", "1.5", "-2.25"]
    assert [each for _, each in found(signed_in, "state=closed&sort=profit", "realised")] == ["-2.25", "1.5", "10.5"]


def test_orders_are_filtered_by_each_thing_that_they_have(signed_in, bots):
    seeds.order(Deal.objects.get(number=3), "averaging-1", "buy", "0.001", "59000")
    seeds.order(Deal.objects.get(number=3), "take-profit", "sell", "0.001", "61000", Order.State.REJECTED)

    def names(query):
        return [row["order"] for row in table(signed_in, f"/orders/file?{query}")]

    assert names("state=going-on") == ["averaging-1"]
    assert names("state=rejected") == ["take-profit"]
    assert names("side=sell") == ["take-profit"]
    assert names("kind=grid") == ["base"]
    assert len(names("bot=Calm")) == 5
    assert names("sort=created")[0] == "base"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "Enter a valid date"),
        ("since=2026-05-02&until=2026-05-01", "before the first day"),
        ("state=frozen", "frozen is not one of the available choices"),
        ("market=99999", "99999 is not one of the available choices"),
        ("kind=martingale", "martingale is not one of"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_its_field_and_nothing_typed_is_lost(signed_in, bots, path, query, said):
    page = words(signed_in, f"{path}?bot=Calm&{query}")
    assert said in page
    assert "A filter cannot be" in page
    assert 'value="Calm"' in page
    assert b"Calm" not in b"".join(signed_in.get(f"{path}file?bot=Calm&{query}").streaming_content)


@pytest.mark.parametrize("path", [*LISTS, "/"])
@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999", "page=9999", "sort=drop", "sort=-", "x=1"])
def test_a_page_or_an_order_that_there_is_not_is_one_that_there_is(signed_in, bots, path, query):
    assert "Calm" in words(signed_in, f"{path}?{query}")


@pytest.mark.parametrize("path", LISTS)
def test_rows_come_in_pages_that_together_are_all(signed_in, owner, path, monkeypatch):
    monkeypatch.setattr(pages.of_rows, "__kwdefaults__", {"size": 3})
    bot = seeds.bot(owner)
    for number in range(1, 8):
        seeds.closed(bot, number, seeds.now() - timedelta(hours=number), "60000", "60500", "0.25")
    first, last = words(signed_in, path), words(signed_in, f"{path}?page=3")
    assert "1\N{EN DASH}3 of " in first
    assert "page=2" in first
    assert "page=2" in last
    assert "Before" in last


def test_a_list_that_is_too_long_to_count_says_so(signed_in, owner, monkeypatch):
    monkeypatch.setattr(pages, "MOST", 2)
    bot = seeds.bot(owner)
    for number in range(1, 4):
        seeds.closed(bot, number, seeds.now(), "60000", "60500", "0.25")
    assert "of more than 2 deals" in words(signed_in, "/deals/")


@pytest.mark.parametrize("path", LISTS)
def test_somebody_elses_rows_are_nowhere(client, stranger, bots, path):
    client.force_login(stranger)
    assert "Calm" not in words(client, path)
    assert "yet" in words(client, path)
    for query in ("", f"?bot={bots[0].pk}", "?bot=Calm"):
        assert table(client, f"{path}file{query}") == []


@pytest.mark.parametrize("path", [*LISTS, "/"])
def test_the_address_says_what_htmx_shows(signed_in, bots, path):
    answer = signed_in.get(f"{path}?kind=&sort=&page=1&state=", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == path
    answer = signed_in.get(f"{path}?kind=dca&page=1", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"{path}?kind=dca"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("Calm = good", "Calm = good"),
        (D("-2.50"), "-2.5"),
        (None, ""),
        (3, "3"),
    ],
)
def test_no_word_in_a_file_is_a_formula_and_numbers_stay_numbers(value, written):
    assert cell(value) == written


def test_a_bots_name_cannot_run_in_a_spreadsheet(signed_in, owner):
    seeds.bought(seeds.bot(owner, name='=HYPERLINK("http://evil","x")'))
    for path in LISTS:
        assert table(signed_in, f"{path}file")[0]["bot"].startswith("'=")


def test_money_in_files_is_exact(signed_in, bots):
    Deal.objects.filter(number=2).update(realised=D("-0.123456789012345678"))
    assert "-0.123456789012345678" in [row["realised"] for row in table(signed_in, "/deals/file")]


@pytest.mark.parametrize("path", ["/", *LISTS, "/deals/?sort=-profit&state=closed", "/orders/?kind=dca"])
def test_twenty_bots_take_no_more_queries_than_two(signed_in, owner, path):
    def some(first, last):
        for number in range(first, last):
            bot = seeds.bot(owner, name=f"Bot {number}")
            seeds.closed(bot, 1, seeds.now() - timedelta(hours=1), "60000", "60500", "0.25")
            seeds.bought(bot, 2)

    def asked():
        signed_in.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert signed_in.get(path).status_code == 200
        return len(captured)

    some(0, 2)
    few = asked()
    some(2, 20)
    assert asked() == few
