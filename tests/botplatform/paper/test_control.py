"""The control API and the command that opens an account through it."""

from __future__ import annotations

import asyncio
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from tests.botplatform.paper.conftest import Person


async def test_an_account_comes_with_a_key_like_binance_s_and_its_money(place):
    opened = await place.control("POST", "/accounts", {"balances": {"USDT": "12.5"}})
    assert len(opened["key"]) == len(opened["secret"]) == 64
    assert opened["key"].isalnum()
    told = await place.control("GET", f"/accounts/{opened['account']}")
    assert told["balances"] == {"USDT": {"free": "12.50000000", "locked": "0.00000000"}}
    assert "secret" not in told


async def test_a_further_key_is_of_the_same_account(place, person):
    opened = await place.control("POST", f"/accounts/{person.account}/keys", {"rights": []})
    assert opened["account"] == person.account
    further = Person(place, opened)
    assert (await further.must("GET", "/api/v3/account"))["uid"] == person.account
    assert not (await further.must("GET", "/sapi/v1/account/apiRestrictions"))["enableSpotAndMarginTrading"]


async def test_a_deposit_adds_up(place, person):
    told = await place.control("POST", f"/accounts/{person.account}/deposit", {"asset": "ETH", "amount": "3"})
    assert told["balances"]["ETH"]["free"] == "3.00000000"
    assert (await place.control("GET", "/health"))["ok"]


async def test_orders_and_trades_of_an_account_can_be_inspected(place, person):
    order = await person.order("BUY", "61000", "0.01") if await place.price("60000") is None else None
    orders = await place.control("GET", f"/accounts/{person.account}/orders")
    trades = await place.control("GET", f"/accounts/{person.account}/trades")
    assert [row["orderId"] for row in orders] == [order["orderId"]]
    assert sum(float(row["qty"]) for row in trades) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("method", "path", "wish", "status"),
    [
        ("POST", "/accounts", {"rights": ["fly"]}, 400),
        ("POST", "/accounts", {"balances": {"XXX": "1"}}, 400),
        ("POST", "/accounts", {"balances": {"USDT": "much"}}, 400),
        ("POST", "/accounts", {"balances": {"USDT": 0.1}}, 400),
        ("POST", "/accounts", {"balances": {"USDT": "-1"}}, 400),
        ("POST", "/accounts", {"balances": {"USDT": "NaN"}}, 400),
        ("POST", "/accounts", {"balances": {"USDT": "0.000000001"}}, 400),
        ("POST", "/accounts", ["USDT"], 400),
        ("POST", "/accounts/1/keys", {"rights": ["fly"]}, 400),
        ("POST", "/accounts/77/keys", {}, 404),
        ("GET", "/accounts/77", None, 404),
        ("GET", "/accounts/0", None, 404),
        ("GET", "/accounts/x", None, 404),
        ("POST", "/accounts/1/deposit", {"asset": "USDT"}, 400),
        ("POST", "/price", {"symbol": "XXX", "price": "1"}, 400),
        ("POST", "/price", {"symbol": "BTCUSDT", "price": "0"}, 400),
        ("POST", "/price", {"symbol": "BTCUSDT", "price": "1000001"}, 400),
        ("POST", "/step", {"count": "many"}, 400),
        ("POST", "/limits", {"weight": "many"}, 400),
        ("POST", "/clock", {"ahead": "1"}, 400),
        ("POST", "/clock", {"ahead": 86_400_001}, 400),
        ("POST", "/clock", {}, 400),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(place, person, method, path, wish, status):
    answered, answer = await place.control_status(method, path, wish)
    assert answered == status
    assert answer["error"].endswith(".")
    assert (await place.control("GET", "/health"))["ok"]


async def test_a_step_answers_when_its_matching_is_done(place, person):
    before = await place.control("GET", "/health")
    after = await place.step(5)
    assert after["steps"] == before["steps"] + 5
    assert after["markets"]["BTCUSDT"]["index"] == before["markets"]["BTCUSDT"]["index"] + 5


def paper_key(control, *arguments):
    out = StringIO()
    with override_settings(LAYOUT=SimpleNamespace(paper_control=control)):
        call_command("paper_key", *arguments, stdout=out)
    return out.getvalue().splitlines()


async def test_the_command_prints_key_and_secret_and_nothing_else(place):
    control = place.server.options.control
    arguments = ("--rights", "trade,withdraw", "--balance", "USDT=5000", "--balance", "BTC=1")
    lines = await asyncio.to_thread(paper_key, control, *arguments)
    assert [len(line) for line in lines] == [64, 64]
    key = place.server.exchange.keys[lines[0]]
    person = Person(place, {"account": key.account, "key": lines[0], "secret": lines[1]})
    assert (await person.balances()) == {
        "BTC": ("1.00000000", "0.00000000"),
        "USDT": ("5000.00000000", "0.00000000"),
    }
    assert (await person.must("GET", "/sapi/v1/account/apiRestrictions"))["enableWithdrawals"] is True


async def test_the_command_gives_ten_thousand_where_nothing_is_said(place):
    lines = await asyncio.to_thread(paper_key, place.server.options.control)
    key = place.server.exchange.keys[lines[0]]
    assert key.rights == {"read", "trade"}
    assert str(place.server.exchange.engine.accounts[key.account].balance("USDT").free) == "10000"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rights", "fly"), "--rights fly: there is no right 'fly'; use trade"),
        (("--balance", "USDT=much"), "--balance USDT=much: 'much' is no decimal amount; write it as in USDT=10000"),
        (("--balance", "USDT=-1"), "give an amount of 0 or more"),
        (("--balance", "USDT"), "is no decimal amount"),
    ],
)
def test_the_command_names_the_option_that_is_wrong(short_folder, arguments, words):
    with pytest.raises(CommandError, match=words) as refusal:
        paper_key(short_folder / "none.sock", *arguments)
    assert refusal.value.returncode == 1


def test_the_command_says_that_the_exchange_is_not_running(short_folder):
    with pytest.raises(CommandError, match=r"does not answer at .*none\.sock.*start it with"):
        paper_key(short_folder / "none.sock")


async def test_the_command_passes_on_a_refusal(place):
    with pytest.raises(CommandError, match="there is no asset XXX"):
        await asyncio.to_thread(paper_key, place.server.options.control, "--balance", "XXX=1")
