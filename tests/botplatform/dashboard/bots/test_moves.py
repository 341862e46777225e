"""What a bot does next, in words."""

from datetime import timedelta
from decimal import Decimal as D

import pytest

from botplatform.bots.models import Bot
from botplatform.dashboard.bots import moves as moves_module
from botplatform.dashboard.bots.moves import moves
from botplatform.dashboard.standing import standings
from botplatform.lib import clock
from botplatform.markets.models import Candle
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


def told(bot, price="60000"):
    (standing,) = standings(Bot.objects.filter(pk=bot.pk))
    return [(move.when, move.what) for move in moves(standing, D(price))]


def test_an_open_deal_says_where_it_sells_and_where_it_buys_more(owner):
    bot = seeds.bot(owner)
    seeds.bought(bot)
    found = told(bot)
    assert found[0] == ("60,420.79", "sells all, 0.00083 BTC for 50.15 USDT")
    assert ("59,819.81", "buys 0.00084 BTC for 50.25 USDT") in found


def test_the_nearest_orders_come_first(owner):
    bot = seeds.bot(owner)
    seeds.bought(bot)
    buys = [when for when, what in told(bot) if what.startswith("buys")]
    assert buys == sorted(buys, reverse=True)
    assert len(buys) == 3


def test_a_stop_loss_is_told_with_its_price(owner):
    bot = seeds.bot(owner)
    seeds.bought(bot)
    assert ("at or below 57,000.00", "stop loss: everything is closed at market") in told(bot)


RSI = [{"kind": "rsi", "interval": 1, "relation": "below", "period": 7, "level": "30"}]


@pytest.fixture(autouse=True)
def nothing_remembered():
    moves_module._STREAMS.clear()


@pytest.fixture
def at(monkeypatch):
    """`at(seconds)`: so many seconds into a minute that has begun."""
    minute = clock.now().replace(second=0, microsecond=0)

    def stand(seconds):
        monkeypatch.setattr(clock, "now", lambda: minute + timedelta(seconds=seconds))

    return stand


@pytest.mark.parametrize("second", [0, 2.999, 3, 59.999])
def test_a_condition_is_told_with_what_it_says_now(owner, at, second):
    at(second)
    bot = seeds.bot(owner, settings={**seeds.SETTINGS, "start_conditions": RSI})
    seeds.candles(bot.market, minutes=400)
    ((_, what),) = told(bot)
    assert what.startswith("For the next deal: RSI(7) on 1 min must be under 30; it is ")
    assert "next look at" in what


def test_a_candle_that_came_late_is_told_within_its_minute(owner, at):
    at(20)
    bot = seeds.bot(owner, settings={**seeds.SETTINGS, "start_conditions": RSI})
    seeds.candles(bot.market, minutes=400)
    late = Candle.objects.get(opened_at=clock.now().replace(second=0) - timedelta(minutes=1))
    late.delete()
    assert "its latest candle has not come yet" in told(bot)[0][1]
    late.save(force_insert=True)
    at(26)
    assert "it is " in told(bot)[0][1]


def test_without_candles_a_condition_says_that_it_is_not_known(owner):
    conditions = [{"kind": "rsi", "interval": 15, "relation": "below", "period": 7, "level": "30"}]
    bot = seeds.bot(owner, settings={**seeds.SETTINGS, "start_conditions": conditions})
    ((_, what),) = told(bot)
    assert "not known before" in what


def test_a_price_that_keeps_the_next_deal_from_opening_is_told(owner):
    bot = seeds.bot(owner, settings={**seeds.SETTINGS, "highest_price": "50000"})
    assert told(bot) == [("", "No deal opens: the price is above 50000.")]


def test_a_stopped_bot_without_a_deal_does_nothing_next(owner):
    assert told(seeds.bot(owner, enabled=False)) == []


def test_a_deal_whose_settings_cannot_be_read_is_passed_over(owner):
    bot = seeds.bot(owner, enabled=False)
    seeds.bought(bot, settings={"base_order": "x"})
    assert told(bot) == []
