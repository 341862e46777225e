"""Changing the settings of a bot that exists."""

import pytest

from botplatform.bots import editing
from botplatform.bots.models import BotEvent, Deal, Order, SettingsChange
from strategies.settings import SettingsRefused
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db):
    return seeds.bot(seeds.user("olga"), enabled=False)


@pytest.fixture
def going_on(bot):
    """A bot with an open deal: the base order has filled, two averaging orders and the take profit rest."""
    seeds.bought(bot)
    deal = Deal.objects.get()
    state = deal.state()
    for wanted in bot.strategy.orders(state):
        if wanted.name in ("averaging-1", "averaging-2", "take-profit"):
            seeds.order(deal, wanted.name, wanted.side.value, wanted.amount, wanted.price)
    return bot


def changed(bot, **settings):
    return {**bot.settings, **settings}


def test_what_differs_is_told_in_the_units_of_a_person(bot):
    found = editing.changes("dca", bot.settings, changed(bot, take_profit="0.02", stop_loss=None, trailing_stop=True))
    assert [(each.name, each.before, each.after) for each in found] == [
        ("Take profit", "0.5 %", "2 %"),
        ("Stop loss", "5 %", "none"),
        ("Trailing stop", "no", "yes"),
    ]


def test_a_default_that_is_written_out_is_no_change(bot):
    assert editing.changes("dca", bot.settings, changed(bot, direction="long", deals_at_once=1)) == []


def test_another_take_profit_replaces_the_sell_and_nothing_else(going_on):
    (effect,) = editing.effects(going_on, changed(going_on, take_profit="0.02"))
    assert [row.name for row in effect.cancelled] == ["take-profit"]
    placed = [order.name for order in effect.placed if order.name == "take-profit"]
    assert placed == ["take-profit"]
    assert effect.kept == 2


def test_another_step_replaces_the_ladder(going_on):
    (effect,) = editing.effects(going_on, changed(going_on, step="0.01"))
    assert {row.name for row in effect.cancelled} == {"averaging-1", "averaging-2"}
    assert {order.name for order in effect.placed} >= {"averaging-1", "averaging-2"}


def test_looking_at_the_effect_changes_nothing(going_on):
    before = list(Order.objects.values_list("pk", "state", "updated_at"))
    list(editing.effects(going_on, changed(going_on, step="0.01")))
    assert list(Order.objects.values_list("pk", "state", "updated_at")) == before
    assert Deal.objects.get().settings == going_on.settings


def test_what_an_open_deal_cannot_change_is_refused_with_its_name(going_on):
    with pytest.raises(SettingsRefused, match="base_order"):
        list(editing.effects(going_on, changed(going_on, base_order="70")))


def test_an_edit_counts_for_new_deals_and_is_written_down(going_on):
    before = going_on.settings
    editing.edit(going_on, name="Mine", settings=changed(going_on, take_profit="0.02"))
    going_on.refresh_from_db()
    assert (going_on.name, going_on.settings["take_profit"]) == ("Mine", "0.02")
    assert Deal.objects.get().settings == before
    assert SettingsChange.objects.get().before == before
    assert "take profit 0.5 % → 2 %" in BotEvent.objects.filter(text__contains="changed its settings").get().text


def test_an_edit_that_changes_nothing_leaves_no_trace(bot):
    editing.edit(bot, name=bot.name, settings=dict(bot.settings))
    assert not SettingsChange.objects.exists()
    assert not BotEvent.objects.exists()


@pytest.mark.parametrize(
    ("settings", "name", "words"),
    [
        ({"base_order": "1"}, "Mine", "below the smallest order"),
        ({"step": "7"}, "Mine", "too large"),
        ({}, " ", "Give the bot a name"),
    ],
)
def test_a_mistake_leaves_the_bot_as_it_was(bot, settings, name, words):
    before = bot.settings
    with pytest.raises(SettingsRefused, match=words):
        editing.edit(bot, name=name, settings=changed(bot, **settings))
    bot.refresh_from_db()
    assert bot.settings == before


def test_a_bot_with_an_open_deal_is_not_turned_round(going_on):
    with pytest.raises(SettingsRefused, match="the other way"):
        editing.edit(going_on, name="Mine", settings=changed(going_on, direction="short"))


def test_a_running_bot_whose_vault_is_away_keeps_its_settings(going_on, settings, tmp_path):
    from dataclasses import replace

    from botplatform.exchanges import vault

    settings.LAYOUT = replace(settings.LAYOUT, var=tmp_path, run=tmp_path)
    settings.PLATFORM_DIR = tmp_path
    vault.web.cache_clear()
    going_on.enabled = True
    going_on.save()
    before = going_on.settings
    with pytest.raises(vault.BadKeyFile):
        editing.edit(going_on, name="Mine", settings=changed(going_on, take_profit="0.02"))
    going_on.refresh_from_db()
    assert (going_on.name, going_on.settings) == ("Demo DCA", before)
