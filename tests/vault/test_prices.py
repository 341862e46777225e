"""The signer's own prices: present, slow, stale, and after a restart."""

import contextlib
import sqlite3
import time
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.machine import Machine
from tests.support.processes import wait_until
from tests.vault.conftest import Bot, refused
from vault.messages.refusals import Code, Refused
from vault.prices import samples
from vault.prices.board import STALE, WARM, WINDOW, Board, Quote
from vault.prices.models import Sample

BTC = "BTC/USDT"


def quote(price, at=0.0):
    return {BTC: Quote(bid=Decimal(price), ask=Decimal(price), at=at)}


def board(prices):
    """One that has seen these, a minute each."""
    made = Board()
    for minute, price in enumerate(prices):
        made.hear(quote(price, at=60.0 * minute))
        made.sample(minute, 60.0 * minute)
    return made


def standing(made, minute, at=None):
    return made.standing(BTC, minute=minute, at=60.0 * minute if at is None else at)


def test_a_market_that_was_never_read_has_no_price():
    assert standing(Board(), 0) is None


def test_a_jump_moves_the_present_and_not_the_median():
    found = standing(board([100] * 59 + [200]), 59)
    assert (found.bid, found.median) == (200, 100)


def test_half_an_hour_moves_the_median():
    found = standing(board([100] * 29 + [200] * 31), 59)
    assert found.median == 200


def test_what_is_older_than_the_window_is_forgotten():
    found = standing(board([100] * 60 + [200] * WINDOW), 60 + WINDOW - 1)
    assert found.median == 200


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=70))
def test_the_median_is_one_of_the_last_hours_prices_with_half_on_each_side(prices):
    found, hour = standing(board(prices), len(prices) - 1), prices[-WINDOW:]
    assert found.median in hour
    assert sum(price < found.median for price in hour) * 2 <= len(hour)
    assert sum(price > found.median for price in hour) * 2 <= len(hour)


def test_it_is_warm_after_half_an_hour_and_stale_after_half_a_minute():
    assert not standing(board([100] * (WARM - 1)), WARM - 2).warm
    assert standing(board([100] * WARM), WARM - 1).warm
    made = board([100])
    assert standing(made, 0, at=STALE - 0.001).fresh
    assert not standing(made, 0, at=STALE).fresh


def test_old_prices_are_not_sampled_as_new_ones():
    made = board([100])
    assert made.sample(5, 300.0) == {}
    assert made.sample(0, 0.0) == {}, "nor the same minute twice"


@pytest.mark.parametrize(("bid", "ask"), [("0", "1"), ("2", "1"), ("-1", "1")])
def test_a_market_without_two_sides_has_no_price(bid, ask):
    made = Board()
    made.hear({BTC: Quote(bid=Decimal(bid), ask=Decimal(ask), at=0.0)})
    assert standing(made, 0) is None


def test_samples_outlive_the_process(db):
    made = board([100, 110, 120])
    for minute, price in enumerate([100, 110, 120]):
        samples.keep("any", minute, {BTC: Decimal(price)})
        samples.keep("any", minute, {BTC: Decimal(999)})  # it is written once
    again = Board()
    for minute, middles in samples.kept("any"):
        again.remember(minute, middles)
    found = standing(again, 2, at=0.0)
    assert found.median == standing(made, 2).median == 110
    assert (found.bid, found.fresh) == (120, False), "the last known price, and no fresh one"
    samples.keep("any", 500, {})
    assert list(Sample.objects.values_list("minute", flat=True)) == [500]


@pytest.fixture(scope="module")
def blind():
    """A machine whose exchange can go away."""
    with Machine() as running:
        yield running


def test_a_fresh_signer_without_an_exchange_opens_nothing_and_exits_by_the_last_known_price(blind):
    bot = Bot(blind, inventory={}, collar="0.05", exit_collar="0.1")
    bot.buy_now(price="62000")
    bot.becomes("filled")
    wait_until(lambda: kept(blind), what="a sample in the database")
    blind.signer.kill()
    blind.signer.wait()
    fault = blind.paper.fault("GET /api/v3/ticker/bookTicker", "error_503", None)
    blind.start_signer()
    refused(Code.NO_REFERENCE, bot.place, name="opens")
    refused(Code.OUTSIDE_COLLAR, bot.place, name="cheap", side="sell", amount="0.00999", price="50000")
    assert bot.place("exit", side="sell", amount="0.00999", price="61000").state == "accepted"
    blind.paper.call("DELETE", f"/faults/{fault}")
    wait_until(lambda: opens(bot), what="a fresh price")
    bot.leave()


def kept(machine):
    with contextlib.closing(sqlite3.connect(machine.folder / "vault/vault.sqlite3", timeout=10)) as database:
        return database.execute("SELECT count(*) FROM prices_sample").fetchone()[0]


def opens(bot):
    try:
        return bot.place(name=f"n-{uuid.uuid4().hex[:8]}").state == "accepted"
    except Refused:
        return False


def test_one_request_an_exchange_however_many_markets(blind):
    """Bids and asks of all granted markets are read at once."""
    Bot(blind, markets=("BTC/USDT", "ETH/USDT", "SOL/USDT"))
    Bot(blind, markets=("DOGE/USDT",))
    began = time.monotonic()
    seen = blind.paper.fault("GET /api/v3/ticker/bookTicker", "delay_answer", None, seconds=0.001)
    blind.paper.wait_for_fault(seen, count=4)
    turns = (time.monotonic() - began) / 0.5  # the machine's VAULT_REFERENCE_SECONDS
    (fault,) = [each for each in blind.paper.call("GET", "/faults") if each["id"] == seen]
    blind.paper.clear_faults()
    assert fault["fired"] <= turns + 2
