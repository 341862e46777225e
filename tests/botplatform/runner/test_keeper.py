from decimal import Decimal

import pytest

from botplatform.bots import actions
from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order
from botplatform.exchanges import vault
from botplatform.exchanges.vault import Retry
from botplatform.runner import placing
from botplatform.runner.models import Shard
from botplatform.runner.news import catch_up
from tests.botplatform.runner.conftest import PRICE
from tests.botplatform.runner.runs import Run
from vault.client.channel import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(machine, lease, bot):
    made = Run(machine, lease, bot)
    made.price(PRICE)
    return made


@pytest.fixture
def silent(lease, monkeypatch, tmp_path):
    """The signer cannot be reached, for as long as the test says."""

    class Silence:
        def begin(self):
            monkeypatch.setattr(lease, "_channel", Channel(tmp_path / "nobody.sock"))

        def end(self):
            monkeypatch.undo()

    return Silence()


def test_a_deal_goes_from_base_order_to_profit(run, account):
    run.until_ladder()
    run.price(PRICE * Decimal("1.02"))
    run.until(lambda: run.deal().number > 1 or run.deal().closed_at, "the end of the deal")
    first = Deal.objects.get(bot=run.pk, number=1)
    assert first.realised > 0
    assert BotEvent.objects.filter(bot=run.pk, text__contains="closed: +").exists()


def test_an_averaging_fill_moves_the_take_profit_under_a_new_generation(run):
    run.until_ladder()
    run.price(PRICE * Decimal("0.985"))
    run.until(lambda: run.state("take-profit", 2) == "accepted", "the new take profit")
    old, new = Order.objects.filter(deal__bot=run.pk, name="take-profit").order_by("generation")
    assert old.state == "cancelled"
    assert new.price < old.price
    assert new.amount > old.amount


def test_the_row_stands_before_anything_is_sent(run, silent, account):
    silent.begin()
    run.keeper.beat(run.tick)
    assert run.state("base") == "wished"


def test_what_never_reached_the_signer_is_sent_again_under_the_same_generation(run, silent, account):
    silent.begin()
    run.keeper.beat(run.tick)
    run.keeper.reload(run.pair())
    with pytest.raises(Retry):  # it would look the order up, before anything else
        run.keeper.beat(run.tick)
    assert run.state("base") == "wished"
    silent.end()
    run.until_ladder()
    base = [each for each in run.at_exchange(account.at_exchange) if each["status"] == "FILLED"]
    assert len(base) == 1
    assert run.state("base", 2) is None


def test_a_row_without_an_answer_is_looked_up_before_anything_is_sent(run, account):
    run.until_ladder()
    Order.objects.filter(name="averaging-1").update(state="wished", client_order_id="")
    sent = len(run.at_exchange(account.at_exchange))
    run.until(lambda: run.state("averaging-1") == "accepted", "the look-up")
    assert len(run.at_exchange(account.at_exchange)) == sent


def test_the_same_news_twice_changes_nothing(run):
    run.until_ladder()
    catch_up(run.lease)
    before = list(Order.objects.order_by("pk").values()), list(Fill.objects.order_by("pk").values())
    Shard.objects.update(last_event=0)
    catch_up(run.lease)
    assert (list(Order.objects.order_by("pk").values()), list(Fill.objects.order_by("pk").values())) == before


def test_lost_rows_are_written_anew_from_the_signers_word(run, account):
    run.until_ladder()
    sent = len(run.at_exchange(account.at_exchange))
    Order.objects.all().delete()
    Shard.objects.update(last_event=0)
    run.until_ladder()
    assert run.state("base") == "filled"
    assert Fill.objects.count() >= 1
    assert len(run.at_exchange(account.at_exchange)) == sent


def test_a_deal_waits_while_a_trade_is_told_but_not_read(run, account):
    run.until_ladder()
    Fill.objects.all().delete()
    run.keeper.reload(run.pair())
    run.keeper.beat(run.tick)
    assert all(each["status"] in ("FILLED", "NEW") for each in run.at_exchange(account.at_exchange))


def test_closing_at_market_cancels_the_ladder_and_sells_what_is_held(run, account):
    run.until_ladder()
    actions.stop(Bot.objects.get())
    actions.close_at_market(run.deal())
    run.until(lambda: run.deal().closed_at, "the end of the deal")
    orders = run.at_exchange(account.at_exchange)
    assert not [each for each in orders if each["status"] in ("NEW", "PARTIALLY_FILLED")]
    assert run.state("close") == "filled"


def test_cancelling_keeps_the_coins(run, account):
    run.until_ladder()
    actions.stop(Bot.objects.get())
    actions.cancel(run.deal())
    run.until(lambda: run.deal().closed_at, "the end of the deal")
    assert {each["side"] for each in run.at_exchange(account.at_exchange) if each["status"] == "FILLED"} == {"BUY"}


def test_the_stop_loss_sells_when_the_price_falls_through_it(run):
    run.until_ladder()
    actions.stop(Bot.objects.get())
    run.price(PRICE * Decimal("0.94"))
    run.until(lambda: run.deal().closed_at, "the end of the deal")
    assert run.deal().ending == "stop loss"
    assert run.deal().realised < 0


def test_a_close_sells_what_averaging_orders_bought_meanwhile(run, account):
    run.until_ladder()
    actions.stop(Bot.objects.get())
    run.price(PRICE * Decimal("0.94"))
    for _ in range(2):  # it acts before it has heard that the ladder filled
        run.keeper.reload(run.pair())
        run.keeper.beat(run.tick)
    run.until(lambda: run.deal().closed_at, "the end of the deal")
    sold = [Decimal(each["executedQty"]) for each in run.at_exchange(account.at_exchange) if each["side"] == "SELL"]
    bought = [Decimal(each["executedQty"]) for each in run.at_exchange(account.at_exchange) if each["side"] == "BUY"]
    assert sum(sold) == sum(bought) - Decimal("0.00001")  # the fee, and what is left of its lot


def test_a_stop_loss_that_overtook_its_ladder_does_not_delay_the_next_deal(run):
    run.until_ladder()
    run.price(PRICE * Decimal("0.94"))
    for _ in range(2):  # it cancels averaging orders that have filled already, and has not heard of it
        run.keeper.reload(run.pair())
        run.keeper.beat(run.tick)
    run.until(lambda: run.deal().number == 2, "the next deal")
    assert not any(run.keeper._waits(f"averaging-{number}") for number in (1, 2))
    assert run.keeper._failures["close"] == 0


def test_a_deal_whose_settings_are_refused_waits_and_says_so(run, account):
    run.until_ladder()
    sent = len(run.at_exchange(account.at_exchange))
    Deal.objects.update(settings={"base_order": "50"})
    run.beat()
    run.beat()
    assert len(run.at_exchange(account.at_exchange)) == sent
    assert BotEvent.objects.filter(bot=run.pk, level="error", text__contains="is not looked after").count() == 1


def test_a_stopped_bot_opens_no_new_deal(run):
    actions.stop(Bot.objects.get())
    run.beat()
    assert run.deal() is None


def test_a_rejected_order_stands_in_the_inbox_once(machine, lease, account, market):
    poor = actions.create(
        account.owner,
        account,
        market,
        name="Poor",
        kind="dca",
        settings={
            "base_order": "20000",
            "averaging_order": "50",
            "averaging_orders": 0,
            "step": "0.01",
            "take_profit": "0.01",
        },
    )
    actions.start(poor)
    run = Run(machine, lease, poor)
    run.price(PRICE)
    run.until(lambda: run.state("base", 2) == "rejected", "the second try")
    errors = BotEvent.objects.filter(bot=poor, level="error")
    assert errors.count() == 1
    assert "insufficient balance" in errors.get().text


def test_a_runner_whose_lease_was_taken_over_stops_at_once(run, bot):
    run.until_ladder()
    run.lease.release()
    vault.runner().take_lease(run.lease.shard)
    with pytest.raises(placing.LeaseLost):
        placing.cancel(run.lease, Order.objects.get(name="averaging-1"))
    assert run.state("averaging-1") == "accepted"


def test_dust_is_carried_into_the_next_deal(run):
    run.until_ladder()
    run.price(PRICE * Decimal("1.02"))
    run.until(lambda: run.deal().number == 2, "the next deal")
    assert run.deal().carried_amount > 0
    assert run.deal().carried_cost > 0
