"""The ledger under any order of events: no generation is freed that may be alive, nothing is filled but by trades."""

import uuid
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from vault import clock
from vault.ledger import ledger
from vault.ledger.book import Book
from vault.ledger.models import Event, Order, Trade
from vault.ledger.recount import differences_of
from vault.messages.answers import State
from vault.messages.refusals import Code, Refused
from vault.messages.words import Place
from vault.service import history, place, watch
from vault.service.readings import apply_reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def history_stays(db):
    """None of its paths needs to change the past."""
    history.protect()


AMOUNT = 3  # lots; each trade is one

# What the exchange, the network and the signer's own restarts can do to one order, in any order.
STEPS = st.lists(
    st.sampled_from(
        [
            "send",
            "accept",
            "time out",
            "reject",
            "look up: open",
            "look up: cancelled",
            "look up: filled",
            "missed",
            "trade",
            "trade again",
            "trade before it is known",
            "cancel",
            "restart",
        ]
    ),
    max_size=14,
)


class Exchange:
    """What is really so: whether the order exists there, how much of it has traded, whether it is over."""

    def __init__(self):
        self.exists = self.over = False
        self.refused = False
        self.trades = []
        self.listed = 0


class Story:
    """One order's life; each step happens only where the exchange and the network could bring it about."""

    def __init__(self):
        self.grant, self.deal, self.credential = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        self.exchange = Exchange()
        self.sent = False
        self.row = self.prepare(1)

    def prepare(self, generation):
        now = clock.now()
        book = Book.of(self.grant, now=now)
        fair, intent = Decimal(99), self.intent(generation)
        return ledger.prepare(
            intent,
            book,
            newest=ledger.newest(intent),
            credential=self.credential,
            exchange="paper",
            now=now,
            valid_until=now,
            reference=fair,
        )

    def intent(self, generation):
        return Place(
            grant=self.grant,
            deal=self.deal,
            name="base",
            generation=generation,
            market="BTC/USDT",
            side="buy",
            type="limit",
            amount=str(AMOUNT),
            price="100",
        )

    @property
    def order(self):
        return Order.objects.get(pk=self.row.pk)

    @property
    def state(self):
        return State(self.order.state)

    def reading(self, status):
        return {"id": f"x{self.row.pk}", "status": status, "filled": str(len(self.exchange.trades))}

    def send(self):
        """Only by the request that admitted it, and only while it is not given up."""
        if self.state is State.SENDING and not self.sent:
            self.sent = self.exchange.exists = True

    def accept(self):
        if self.exchange.exists and self.state in (State.SENDING, State.UNKNOWN):
            apply_reading(self.order, self.reading("open"), now=clock.now())

    def time_out(self):
        if self.state is State.SENDING:
            ledger.unknown(self.order, "no answer", now=clock.now())

    def reject(self):
        if self.state is State.SENDING and not self.exchange.trades:
            self.exchange.exists, self.exchange.refused = False, True
            ledger.end(self.order, State.REJECTED, "no", now=clock.now())

    def look_up(self, status):
        if not self.exchange.exists or self.state not in (State.ACCEPTED, State.UNKNOWN):
            return
        if status == "closed" and len(self.exchange.trades) < AMOUNT:
            return
        self.exchange.over = self.exchange.over or status != "open"
        apply_reading(self.order, self.reading(status), now=clock.now())

    def missed(self):
        """Reads that do not find it: while it exists, they never agree."""
        if not self.exchange.exists and self.state is State.UNKNOWN:
            watch._missed(self.row.pk, set())

    def trade(self):
        if self.exchange.exists and not self.exchange.over and len(self.exchange.trades) < AMOUNT:
            self.exchange.trades.append(f"{self.row.pk}{len(self.exchange.trades)}")

    def list_trades(self):
        """The exchange lists every trade, and again those that it has listed."""
        for number in self.exchange.trades:
            ledger.book(self.trade_row(number), now=clock.now())

    def trade_row(self, number):
        return Trade(
            credential=self.credential,
            market="BTC/USDT",
            trade_id=number,
            exchange_order_id=f"x{self.row.pk}",
            side="buy",
            amount="1",
            price="100",
            fee="0",
            fee_asset="BTC",
            maker=False,
            traded_at=1,
        )

    def cancel(self):
        if self.exchange.exists and not self.state.over and not self.exchange.over:
            self.exchange.over = True
            apply_reading(self.order, self.reading("canceled"), now=clock.now())

    def restart(self):
        watch.after_a_stop()

    def go(self, step):
        match step:
            case "look up: open":
                self.look_up("open")
            case "look up: cancelled":
                self.look_up("canceled")
            case "look up: filled":
                self.look_up("closed")
            case "trade" | "trade again":
                self.trade()
                self.list_trades()
            case "trade before it is known":
                self.trade()
            case "time out":
                self.time_out()
            case _:
                getattr(self, step)()

    def check(self):
        order = self.order
        booked = Trade.objects.filter(order=order).count()
        assert Decimal(order.filled) == booked, "filled counts booked trades and nothing else"
        if order.state == State.FILLED:
            assert booked == AMOUNT
        if order.state in (State.CANCELLED, State.EXPIRED):
            assert booked == len(self.exchange.trades), "it ended with all its trades"
        freed = State(order.state).over
        alive = self.exchange.exists and not self.exchange.over and len(self.exchange.trades) < AMOUNT
        assert not (freed and alive), f"{order.state} frees the next generation of an order that is alive"
        assert self.next_is_refused() is not freed
        assert order.alive is not freed
        assert differences_of(self.grant) == [], "the sums are what orders and trades come to"

    def next_is_refused(self):
        try:
            with transaction.atomic():
                self.prepare(2)
                transaction.set_rollback(True)
        except Refused as why:
            return why.code is Code.GENERATION_ALIVE
        return False


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_no_path_frees_what_may_be_alive_or_fills_without_trades(steps):
    story = Story()
    for step in steps:
        story.go(step)
        story.check()
    states = list(Event.objects.filter(order=story.row).order_by("seq").values_list("told", flat=True))
    trades = list(Event.objects.filter(order=story.row, trade__isnull=False).values_list("trade__trade_id", flat=True))
    assert len(trades) == len(set(trades))
    ends = [number for number, told in enumerate(states) if any(f'"state":"{state}"' in told for state in ENDS)]
    assert ends in ([], [len(states) - 1]), "an ended state comes once, and last"


ENDS = [state.value for state in State if state.over]


def test_a_late_time_out_does_not_undo_what_was_learned():
    """The watch has found the order before its placing gives up."""
    story = Story()
    story.send()
    stale = story.order
    story.accept()
    story.trade()
    story.list_trades()
    ledger.unknown(Order.objects.get(pk=stale.pk), "no answer", now=clock.now())
    assert story.state is State.ACCEPTED
    assert story.order.filled == "1"


def test_an_order_that_has_ended_does_not_end_again():
    story = Story()
    story.send()
    story.cancel()
    ledger.end(story.order, State.REJECTED, "late", now=clock.now())
    assert story.state is State.CANCELLED


def test_an_order_that_was_given_up_is_not_sent_after_all():
    """Its row was left by an error, and tidied up; the request that wakes up then finds it being looked up."""
    story = Story()
    Order.objects.filter(pk=story.row.pk).update(updated_at=clock.after(-60))
    watch._tidy()
    assert story.state is State.UNKNOWN
    with pytest.raises(Refused) as caught:
        place._may_be_sent(None, place.Admitted(order=story.row, credential=None, opening=None, epoch=0), lambda: None)
    assert caught.value.code is Code.DEADLINE_PASSED


def test_what_errors_left_behind_is_tidied_up():
    sending, cancelling = Story(), Story()
    sending.send()
    cancelling.send()
    cancelling.accept()
    ledger.cancelling(cancelling.order, True, now=clock.now())
    watch._tidy()
    assert (sending.state, cancelling.order.cancelling) == (State.SENDING, True), "they may still be under way"
    Order.objects.update(updated_at=clock.after(-60))
    watch._tidy()
    assert (sending.state, cancelling.order.cancelling) == (State.UNKNOWN, False)


def test_reads_must_agree_in_a_row():
    """A trade that may be the order's own, seen between two reads that find nothing, starts the count anew."""
    story = Story()
    story.send()
    story.time_out()
    watch._missed(story.row.pk, set())
    stray = story.trade_row("77")
    stray.exchange_order_id, stray.traded_at = "somebody", clock.milliseconds()
    ledger.book(stray, now=clock.now())
    watch._missed(story.row.pk, set())
    assert (story.state, story.order.misses) == (State.UNKNOWN, 0)
    watch._missed(story.row.pk, {"somebody"})
    assert story.state is State.UNKNOWN
    watch._missed(story.row.pk, {"somebody"})
    assert story.state is State.ABSENT
