"""Sums that are kept as deals close."""

from datetime import timedelta
from decimal import Decimal as D

import pytest
from django.core.management import CommandError, call_command

from botplatform.bots.models import Bot, BotEvent, DailyProfit, Deal, Fill, Order
from botplatform.bots.sums.keeping import close, open_profit, position, tally
from botplatform.bots.sums.recounting import recount
from strategies.deal import Deal as DealState
from strategies.market import Market
from strategies.orders import Fill as Traded
from strategies.orders import Side
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db
RULES = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), taker_fee=D("0.002"))


@pytest.fixture
def bot(db):
    return seeds.bot(seeds.user("olga"))


def test_a_deal_that_closes_is_in_every_sum(bot):
    at = seeds.now()
    for number, profit in ((1, "0.25"), (2, "-0.1")):
        assert close(seeds.deal(bot, number), D(profit), at)
    bot.refresh_from_db()
    day = DailyProfit.objects.get()
    assert (bot.realised, bot.deals_closed) == (D("0.15"), 2)
    assert (day.owner, day.quote, day.day, day.realised, day.deals) == (bot.owner, "USDT", at.date(), D("0.15"), 2)


def test_a_deal_is_closed_once(bot):
    deal = seeds.deal(bot)
    assert close(deal, D("0.25"), seeds.now())
    assert not close(deal, D("0.25"), seeds.now())
    bot.refresh_from_db()
    assert (bot.realised, bot.deals_closed) == (D("0.25"), 1)


def test_a_day_ends_at_midnight_utc(bot):
    midnight = seeds.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for number, at in ((1, midnight - timedelta(microseconds=1)), (2, midnight)):
        close(seeds.deal(bot, number), D("0.25"), at)
    assert list(DailyProfit.objects.values_list("day", "deals")) == [
        ((midnight - timedelta(days=1)).date(), 1),
        (midnight.date(), 1),
    ]


def test_what_a_closed_deal_is_ranked_by_is_about_its_profit(bot):
    close(seeds.deal(bot), D("-12.5"), seeds.now())
    assert Deal.objects.get().rank == -12.5


def test_an_open_deal_has_what_it_holds_in_its_row(bot):
    deal = seeds.bought(bot)
    tally(deal, deal.state())
    row = Deal.objects.get()
    assert row.held == D("0.00084") * D("0.999")
    assert row.paid == D("50.4")


@pytest.mark.parametrize("opens", list(Side))
def test_the_open_profit_of_a_row_is_the_strategys(opens):
    first = Traded(
        order="base", side=opens, amount=D("0.5"), price=D(60000), fee=D(1), fee_asset="USDT", at=1, trade_id="1"
    )
    part = Traded(
        order="out", side=opens.other, amount=D("0.2"), price=D(60500), fee=D(1), fee_asset="USDT", at=2, trade_id="2"
    )
    state = DealState.of((first, part), market=RULES, price=D(60000), opens=opens)
    held, paid = position(state)
    for price in (D(50000), D(61000)):
        shown = open_profit(held, paid, price, RULES.taker_fee)
        assert abs(shown - state.open_profit(price)) < D("1e-15")


def test_recounting_finds_nothing_where_deals_were_closed_by_the_rules(bot):
    for number in range(1, 5):
        close(seeds.deal(bot, number), D(number) / 7, seeds.now() - timedelta(days=number))
    assert recount(write=False) == []
    call_command("recount")


def test_a_sum_that_was_tampered_with_is_found_and_set_right(bot):
    close(seeds.deal(bot), D("0.25"), seeds.now())
    Bot.objects.update(realised=D(1))
    DailyProfit.objects.update(deals=7)
    with pytest.raises(CommandError, match="2 sums differ"):
        call_command("recount")
    call_command("recount", write=True)
    assert recount(write=False) == []
    assert Bot.objects.get().realised == D("0.25")


def _write(bot, what):
    deal = Deal.objects.first()
    order = Order.objects.first()
    match what:
        case "an order":
            seeds.order(deal, "averaging-1", "buy", "0.001", "59000")
        case "an order's state":
            order.state = Order.State.CANCELLED
            order.save()
        case "a fill":
            seeds.fill(order)
        case "an event":
            seeds.note(bot, "Something.")
        case "many events":
            BotEvent.objects.bulk_create([BotEvent(bot=bot, at=seeds.now(), text="Something.")])
        case "a wish":
            Deal.objects.update(wish="close")
        case "a dismissal":
            BotEvent.objects.update(dismissed=True)
        case "a fill's fee":
            Fill.objects.update(fee=D(1))


@pytest.mark.parametrize(
    "what",
    [
        "an order",
        "an order's state",
        "a fill",
        "an event",
        "many events",
        "a wish",
        "a dismissal",
        "a fill's fee",
    ],
)
def test_whatever_is_written_touches_its_bot_and_no_other(bot, what):
    seeds.bought(bot)
    seeds.note(bot, "There.")
    other = seeds.bot(bot.owner, name="Other")
    before = Bot.objects.get(pk=bot.pk).touched
    _write(bot, what)
    assert Bot.objects.get(pk=bot.pk).touched > before
    assert Bot.objects.get(pk=other.pk).touched == 0


def test_orders_name_the_owner_bot_and_market_of_their_deal(bot):
    order = seeds.order(seeds.deal(bot), "base", "buy", "0.001", "60000")
    assert (order.owner, order.bot, order.market) == (bot.owner, bot, bot.market)
