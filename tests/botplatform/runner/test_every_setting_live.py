"""What goes beyond the plain bot, against the real signer and exchange: rules of opening, memory, wishes."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from botplatform.accounts.models import User
from botplatform.bots import actions, deal_actions
from botplatform.bots.models import BotEvent, BotMarket, Deal, Order, Wish
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib import clock
from botplatform.markets.models import Candle, History
from botplatform.runner.listening import Listener
from strategies.conditions import from_json as conditions_from_json
from strategies.settings import SettingsRefused
from tests.botplatform.runner.conftest import PRICE, SETTINGS
from tests.botplatform.runner.runs import Run

pytestmark = pytest.mark.django_db
ONE = {"base_order": "50", "take_profit": "0.01"}


@pytest.fixture
def running(machine, lease, account, market):
    """A bot of these settings, started, at the usual price."""

    def begin(settings, *more, kind="dca", start=True):
        bot = actions.create(account.owner, account, market, more, name="Bot", kind=kind, settings=settings)
        if start:
            actions.start(bot)
        run = Run(machine, lease, bot)
        run.price(PRICE)
        return run

    return begin


def held(run):
    return run.deal().state().held


def test_a_trailing_take_profit_goes_on_from_its_peak_after_a_takeover(running, account):
    run = running({**ONE, "trailing": "0.01"})
    run.until(lambda: run.state("base") == "filled", "the base order")
    run.price(PRICE * Decimal("1.05"))
    run.until(lambda: "armed" in run.deal().memory, "the peak")
    run.takeover()
    run.price(PRICE * Decimal("1.035"))
    closed = run.until_over()
    assert closed.ending == "take profit"
    assert closed.realised > 1


def test_a_deal_that_is_too_old_is_closed(running, account):
    run = running({**ONE, "deal_timeout": 3600})
    run.until_ladder()
    Deal.objects.update(opened_at=clock.now() - timedelta(hours=2))
    assert run.until_over().ending == "timed out"


def test_added_funds_are_bought_once_and_sold_with_the_rest(running, account):
    run = running({**ONE})
    run.until_ladder()
    before = held(run)
    deal_actions.add_funds(run.deal(), Decimal(100))
    run.until(lambda: held(run) > before * Decimal("2.5"), "the added coins")
    run.takeover()
    run.until(lambda: run.state("take-profit", 2) == "accepted", "the larger take profit")
    assert Order.objects.filter(name__startswith="add-").count() == 1
    assert Order.objects.get(name="take-profit", generation=2).amount > before * Decimal("2.5")
    assert Wish.objects.get().done_at is not None


def test_added_funds_that_cannot_be_an_order_are_told_in_the_inbox(running, account):
    run = running({**ONE})
    run.until_ladder()
    deal_actions.add_funds(run.deal(), Decimal(1))
    run.until(lambda: Wish.objects.filter(done_at__isnull=False).exists(), "the answer")
    assert "below the smallest order" in Wish.objects.get().refused
    assert BotEvent.objects.filter(level="error", text__contains="below the smallest order").exists()


def test_a_part_is_closed_and_the_rest_goes_on(running, account):
    run = running({**ONE, "base_order": "100"})
    run.until_ladder()
    before = held(run)
    deal_actions.close_part(run.deal(), Decimal("0.5"))
    run.until(lambda: held(run) < before * Decimal("0.6"), "the smaller position")
    run.until(lambda: run.state("take-profit", 2) == "accepted", "the smaller take profit")
    assert run.deal().closed_at is None


def test_settings_changed_forth_and_back_give_a_generation_each(running, account):
    run = running({**ONE, "take_profit": "0.015"})
    run.until_ladder()
    for generation, profit in ((2, "0.02"), (3, "0.015")):
        deal_actions.edit(run.deal(), {**ONE, "take_profit": profit})
        run.until(lambda: run.state("take-profit", generation) == "accepted", "the changed take profit")  # noqa: B023
    first, second, third = Order.objects.filter(name="take-profit").order_by("generation")
    assert (first.state, second.state, third.state) == ("cancelled", "cancelled", "accepted")
    assert first.price == third.price < second.price


def test_only_its_user_starts_a_deal_of_a_manual_bot(running, account, market):
    run = running({**ONE, "start_conditions": [{"kind": "manual"}]})
    for _ in range(3):
        run.beat()
    assert run.deal() is None
    deal_actions.start_deal(run.bot(), market)
    run.until_ladder()


def test_a_second_start_while_a_deal_is_open_is_refused_in_words(running, account, market):
    run = running({**ONE})
    run.until_ladder()
    deal_actions.start_deal(run.bot(), market)
    run.until(lambda: Wish.objects.filter(done_at__isnull=False).exists(), "the answer")
    assert Wish.objects.get().refused == "A deal is open on this market already."


def test_a_signal_starts_a_deal(running, account, market):
    run = running({**ONE, "start_conditions": [{"kind": "signal", "lasts": 5}]})
    run.beat()
    assert run.deal() is None
    deal_actions.signal(run.bot(), market)
    run.until_ladder()


def minutes(market, closes):
    """Minutes that have closed, the last of them just now."""
    last = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    Candle.objects.bulk_create(
        Candle(
            market=market,
            opened_at=last - timedelta(minutes=back),
            open=close,
            high=close,
            low=close,
            close=close,
            volume=1,
        )
        for back, close in enumerate(reversed(closes))
    )


def test_conditions_are_answered_from_the_feeds_minutes(market, monkeypatch):
    now = clock.now().replace(second=30, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    minutes(market, [Decimal(price) for price in (100, 101, 99, 95)])
    below = {"kind": "price", "relation": "below", "level": "96", "interval": 1}
    listener = Listener(market, {"start": conditions_from_json([below])})
    listener.listen()
    assert listener.holds("start")


def test_a_condition_whose_history_is_not_there_yet_holds_nothing_and_asks_for_it(market):
    minutes(market, [Decimal(100 - each) for each in range(50)])
    low = {"kind": "rsi", "period": 14, "relation": "below", "level": "90", "interval": 60}
    listener = Listener(market, {"start": conditions_from_json([low])})
    listener.listen()
    assert not listener.holds("start")
    assert History.objects.get().interval == 60


def test_with_one_slot_the_second_market_waits_for_the_first(running, machine, lease, account, ether):
    run = running({**ONE, "stop_after": 5}, ether)
    other = Run(machine, lease, run.bot(), "ETH/USDT")
    other.price(2500)
    run.until_ladder()
    for _ in range(3):
        other.beat()
    assert other.deal() is None
    type(run.bot()).objects.update(enabled=False)
    run.price(PRICE * Decimal("1.02"))
    run.until_over()
    type(run.bot()).objects.update(enabled=True)
    other.until_ladder()


def test_with_two_slots_both_markets_trade_and_keep_their_dust_apart(running, machine, lease, account, ether):
    run = running({**ONE, "deals_at_once": 2}, ether)
    other = Run(machine, lease, run.bot(), "ETH/USDT")
    other.price(2500)
    run.until_ladder()
    other.until_ladder()
    other.price(2550)
    other.until_over()
    assert BotMarket.objects.get(market=ether).carried_amount > 0
    assert BotMarket.objects.get(market__symbol="BTC/USDT").carried_amount == 0


def test_a_bot_that_has_opened_all_its_deals_stops(running, account):
    run = running({**ONE, "stop_after": 1})
    run.until_ladder()
    run.price(PRICE * Decimal("1.02"))
    run.until_over()
    run.until(lambda: not run.bot().enabled, "the end of the bot")
    assert Deal.objects.count() == 1


def test_a_bot_that_was_started_again_counts_its_deals_anew(running, account):
    run = running({**ONE, "stop_after": 1})
    run.until_ladder()
    run.price(PRICE * Decimal("1.02"))
    run.until_over()
    run.until(lambda: not run.bot().enabled, "the end of the bot")
    run.price(PRICE)
    actions.start(run.bot())
    run.until(lambda: Deal.objects.count() == 2, "the second deal")


def test_the_next_deal_waits_for_the_cooldown(running, account):
    run = running({**ONE, "cooldown": 3600})
    run.until_ladder()
    run.price(PRICE * Decimal("1.02"))
    run.until_over()
    for _ in range(3):
        run.beat()
    assert Deal.objects.count() == 1
    Deal.objects.update(closed_at=clock.now() - timedelta(hours=2))
    run.beat()
    assert Deal.objects.count() == 2


def test_a_market_outside_the_bots_prices_opens_no_deal_and_says_why(running, account):
    run = running({**ONE, "highest_price": "40000"})
    run.beat()
    assert run.deal() is None
    assert BotEvent.objects.filter(text__contains="The price is above 40000.").exists()


def test_sizes_in_percent_are_worked_out_from_the_balance_when_a_deal_opens(running, account):
    run = running({"base_order": "1", "volume_in": "percent", "most_balance": "20000", "take_profit": "0.01"})
    run.until_ladder()
    assert Decimal(run.deal().settings["base_order"]) == 100  # 1 % of 10,000


def test_why_no_deal_opens_is_said_once_however_the_price_moves(running, account):
    run = running({**ONE, "highest_price": "40000"})
    for percent in (100, 101, 102):
        run.price(PRICE * Decimal(percent) / 100)
        run.beat()
    assert [event.level for event in BotEvent.objects.filter(code="settings")] == ["info"]


def test_a_percent_of_too_small_a_balance_opens_no_deal_and_says_so_once(running, account):
    run = running({"base_order": "0.01", "volume_in": "percent", "most_balance": "200000", "take_profit": "0.01"})
    for _ in range(3):
        run.beat()
    assert not Deal.objects.exists()
    (said,) = BotEvent.objects.filter(code="settings")
    assert (said.level, "base_order" in said.text) == ("error", True), said.text


def test_a_short_deal_sells_coins_and_buys_them_back_lower(machine, lease, market, layout):
    user = User.objects.create_user(uuid.uuid4().hex)
    opened = machine.account(owner=user.pk, USDT="10000", BTC="0.01")
    account = ExchangeAccount.objects.create(
        id=opened.credential, owner=user, exchange="paper", label="Paper", connected_at=clock.now()
    )
    settings = {**ONE, "direction": "short"}
    bot = actions.create(account.owner, account, market, name="Short", kind="dca", settings=settings)
    actions.start(bot)
    run = Run(machine, lease, bot)
    run.price(PRICE)
    run.until_ladder()
    base, exit_order = Order.objects.get(name="base"), Order.objects.get(name="take-profit")
    assert (base.side, exit_order.side) == ("sell", "buy")
    type(bot).objects.update(enabled=False)
    run.price(PRICE * Decimal("0.98"))
    closed = run.until_over()
    assert closed.realised > 0
    assert closed.state().owed == 0


def alert(**more):
    return {"action": "enter_long", "timestamp": clock.now().isoformat(), **more}


def test_an_alert_enters_and_the_next_one_leaves(running, account, market):
    run = running({"order_amount": "100", "max_position": "200"}, kind="signal")
    run.beat()
    deal_actions.heed(run.bot(), market, alert())
    run.until(lambda: held(run) > 0, "the entry")
    deal_actions.heed(run.bot(), market, alert(action="exit_long"))
    assert run.until_over().ending == "signal"


def test_the_same_alert_twice_enters_once(running, account, market):
    run = running({"order_amount": "100", "max_position": "200"}, kind="signal")
    run.beat()
    same = alert()
    deal_actions.heed(run.bot(), market, same)
    with pytest.raises(SettingsRefused, match="heard before"):
        deal_actions.heed(run.bot(), market, same)
    assert Wish.objects.count() == 1


def test_an_alert_that_disables_the_bot_stops_it_at_once(running, account, market):
    run = running({"order_amount": "100", "max_position": "200"}, kind="signal")
    deal_actions.heed(run.bot(), market, alert(action="disable"))
    assert not run.bot().enabled


def test_an_entry_too_many_is_not_heeded_and_that_is_told(running, account, market):
    run = running({"order_amount": "100", "max_position": "500"}, kind="signal")
    run.beat()
    deal_actions.heed(run.bot(), market, alert())
    run.until(lambda: held(run) > 0, "the entry")
    deal_actions.heed(run.bot(), market, alert(trigger_price="50001"))
    run.until(lambda: BotEvent.objects.filter(text__contains="not heeded").exists(), "the line")
    assert Order.objects.filter(side="buy").count() == 1


def test_an_averaging_order_that_has_filled_is_not_bought_again_when_its_size_is_edited(running, account):
    run = running({**SETTINGS, "stop_loss": None})
    run.until_ladder()
    run.price(PRICE * Decimal("0.985"))
    run.until(lambda: run.state("take-profit", 2) == "accepted", "the averaging order")
    deal_actions.edit(run.deal(), {**SETTINGS, "stop_loss": None, "averaging_order": "100"})
    run.until(lambda: run.state("averaging-2", 2) == "accepted", "the larger second averaging order")
    assert Order.objects.filter(name="averaging-1").count() == 1
