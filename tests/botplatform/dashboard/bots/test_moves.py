"""What a bot does next, in words."""

from decimal import Decimal as D

import pytest

from botplatform.bots.models import Bot
from botplatform.dashboard.bots.moves import moves
from botplatform.dashboard.standing import standings
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


def test_a_condition_is_told_with_what_it_says_now(owner):
    conditions = [{"kind": "rsi", "interval": 1, "relation": "below", "period": 7, "level": "30"}]
    bot = seeds.bot(owner, settings={**seeds.SETTINGS, "start_conditions": conditions})
    seeds.candles(bot.market, minutes=400)
    ((_, what),) = told(bot)
    assert what.startswith("For the next deal: RSI(7) on 1 min must be under 30; it is ")
    assert "next look at" in what


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
