"""Made-up rows for measuring."""

from collections import defaultdict

import pytest
from django.core.management import CommandError, call_command

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order
from botplatform.bots.sums.keeping import position
from botplatform.bots.sums.recounting import recount
from botplatform.runner.keeper import pairs_to_look_after
from strategies.kinds import KINDS
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(db):
    call_command("seed", bots=14, orders=1500, verbosity=0)


def test_it_makes_bots_of_every_kind_and_about_so_many_orders(seeded):
    assert Bot.objects.count() == 14
    assert set(Bot.objects.values_list("kind", flat=True)) == set(KINDS)
    assert 1300 < Order.objects.count() < 1900
    assert Deal.objects.filter(closed_at=None).exists()
    assert {"filled", "cancelled", "accepted"} <= set(Order.objects.values_list("state", flat=True))


def test_no_runner_looks_at_what_is_made_up(seeded):
    assert Bot.objects.filter(enabled=True).exists()
    assert not pairs_to_look_after().exists()
    real = seeds.bot(User.objects.get())
    assert [pair.bot for pair in pairs_to_look_after()] == [real]


def test_orders_lie_on_ticks_and_lots(seeded):
    for order in Order.objects.select_related("market"):
        assert order.price % order.market.tick_size == 0
        assert order.amount % order.market.lot_size == 0


def test_each_deals_profit_is_what_its_fills_say(seeded):
    fills = defaultdict(list)
    for fill in Fill.objects.select_related("order"):
        fills[fill.order.deal_id].append(fill)
    for deal in Deal.objects.select_related("market", "bot"):
        state = deal.state(fills[deal.pk])
        assert abs(deal.realised - state.realised) < 1e-7
        if deal.closed_at is None:
            assert (deal.held, deal.paid) == position(state)


def test_an_orders_fills_are_what_it_says_is_filled(seeded):
    for order in Order.objects.prefetch_related("fills"):
        assert sum(fill.amount for fill in order.fills.all()) == order.filled


def test_the_kept_sums_agree(seeded):
    assert recount(write=False) == []


def test_nothing_happened_in_the_future(seeded):
    now = seeds.now()
    assert not Order.objects.filter(updated_at__gt=now).exists()
    assert not Deal.objects.filter(closed_at__gt=now).exists()
    assert not BotEvent.objects.filter(at__gt=now).exists()


def test_where_somebody_has_bots_it_is_refused(db):
    seeds.bot(seeds.user("olga"))
    with pytest.raises(CommandError, match="Somebody has bots here"):
        call_command("seed", bots=2, orders=20)
    assert Bot.objects.count() == 1


def test_beside_somebodys_bots_if_that_is_said(db):
    seeds.bot(seeds.user("olga"))
    call_command("seed", bots=2, orders=20, beside=True, verbosity=0)
    assert Bot.objects.count() == 3


def test_seeding_twice_adds_and_keeps_the_sums(seeded):
    call_command("seed", bots=7, orders=200, verbosity=0)
    assert Bot.objects.count() == 21
    assert recount(write=False) == []
