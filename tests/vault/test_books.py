"""A grant's book: sums that orders and trades move, and that can be recounted from them at any time."""

import uuid
from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from hypothesis import given, settings
from hypothesis import strategies as st

from vault import clock
from vault.ledger import ledger
from vault.ledger.book import WINDOW, Book, best_price, sortable
from vault.ledger.models import Account, Holding, Order, Trade
from vault.ledger.recount import differences, differences_of
from vault.messages.answers import State
from vault.messages.money import written
from vault.messages.words import Place
from vault.service import watch

pytestmark = pytest.mark.django_db


class Bot:
    """One grant at an exchange of its own, on a clock that the test moves."""

    def __init__(self):
        self.grant, self.credential, self.exchange = uuid.uuid4(), uuid.uuid4(), uuid.uuid4().hex[:20]
        self.now, self.count = clock.now(), 0

    def book(self):
        return Book.of(self.grant, now=self.now)

    def place(self, side, amount, price, reference=None, market="BTC/USDT"):
        self.count += 1
        word = Place(
            grant=self.grant,
            deal=self.grant,
            name=f"n{self.count}",
            generation=1,
            market=market,
            side=side,
            type="limit",
            amount=str(amount),
            price=str(price),
        )
        fair = None if reference is None else Decimal(reference)
        order = ledger.prepare(
            word,
            self.book(),
            newest=ledger.newest(word),
            credential=self.credential,
            exchange=self.exchange,
            now=self.now,
            valid_until=self.now,
            reference=fair,
        )
        ledger.accepted(order, f"x{order.pk}", now=self.now)
        return order

    def trade(self, order, amount, price=None, fee="0", fee_asset="BTC"):
        self.count += 1
        trade = Trade(
            credential=self.credential,
            market=order.market,
            trade_id=str(self.count),
            exchange_order_id=f"x{order.pk}",
            side=order.side,
            amount=str(amount),
            price=str(price or order.price),
            fee=fee,
            fee_asset=fee_asset,
            maker=False,
            traded_at=1,
        )
        ledger.book(trade, now=self.now)

    def end(self, order):
        order.refresh_from_db()
        ledger.ended(order, State.CANCELLED, Decimal(order.filled), now=self.now)

    def held(self, asset="BTC"):
        row = self.book().holding(asset)
        return Decimal(row.net), Decimal(row.selling), Decimal(row.buying)


@pytest.fixture
def bot():
    return Bot()


def test_what_is_bought_is_held_net_of_the_fee_in_the_coin(bot):
    order = bot.place("buy", 1, 100)
    assert bot.held() == (0, 0, 1)
    bot.trade(order, 1, fee="0.001")
    assert bot.held() == (Decimal("0.999"), 0, 0)


def test_a_sell_reserves_gross_until_it_ends(bot):
    order = bot.place("sell", 2, 100)
    bot.trade(order, "0.5", fee="0.05", fee_asset="USDT")
    assert bot.held() == (Decimal("-0.5"), Decimal("1.5"), 0)
    bot.end(order)
    assert bot.held() == (Decimal("-0.5"), 0, 0)


def test_a_fee_in_a_third_coin_is_noted_there(bot):
    bot.trade(bot.place("buy", 1, 100), 1, fee="0.01", fee_asset="BNB")
    assert bot.held() == (1, 0, 0)
    assert bot.held("BNB") == (Decimal("-0.01"), 0, 0)


def test_turnover_counts_fills_and_what_rests_once_each(bot):
    order = bot.place("buy", 2, 100)
    assert bot.book().traded == 200
    bot.trade(order, 1, price=99)
    assert bot.book().traded == 99 + 100
    bot.end(order)
    assert bot.book().traded == 99


def test_a_trade_leaves_the_turnover_after_a_day_to_the_moment(bot):
    bot.trade(bot.place("buy", 1, 100), 1)
    start = bot.now
    bot.now = start + WINDOW - timedelta(microseconds=1)
    assert bot.book().traded == 100
    bot.now = start + WINDOW
    assert bot.book().traded == 0
    bot.now = start + 3 * WINDOW
    bot.trade(bot.place("sell", 1, 50), 1)
    assert bot.book().traded == 50
    assert differences() == []


def test_slippage_is_what_was_given_away_against_the_reference(bot):
    order = bot.place("buy", 2, 104, reference=100)
    assert bot.book().slipped == 8
    bot.trade(order, 1, price=101)
    assert bot.book().slipped == 1 + 4
    bot.trade(order, 1, price=99)  # better than fair: nothing comes back
    assert bot.book().slipped == 1
    bot.trade(bot.place("sell", 1, 96, reference=100), 1, price=96)
    assert bot.book().slipped == 5


def at(price):
    return lambda *held: Decimal(price) if held[0] == "BTC" else None


def test_loss_is_realised_and_marked_since_the_beginning_of_the_day(bot):
    bot.trade(bot.place("buy", 2, 100), 2)
    assert bot.book().lost(at(100), bot.now) == 0
    assert bot.book().lost(at(90), bot.now) == 20
    bot.trade(bot.place("sell", 1, 80), 1)
    assert bot.book().lost(at(90), bot.now) == 30
    assert bot.book().lost(at(200), bot.now) < 0


def test_a_new_day_begins_with_what_was_last_seen_or_more(bot):
    """What is lost between two looks over midnight is today's."""
    bot.trade(bot.place("buy", 1, 100), 1)
    book = bot.book()
    assert book.lost(at(100), bot.now) == 0
    book.save()
    bot.now += timedelta(days=1)
    book = bot.book()
    assert book.lost(at(70), bot.now) == 30
    book.save()
    bot.now += timedelta(days=1)
    assert bot.book().lost(at(75), bot.now) == 0


def test_a_coin_without_a_price_is_worth_nothing(bot):
    bot.trade(bot.place("buy", 1, 100), 1)
    assert bot.book().lost(lambda *_: None, bot.now) == 100


PRICES = st.decimals("0.000000000000000001", 10**17, places=18)


@given(PRICES, PRICES)
def test_prices_sort_as_texts(one, other):
    assert (sortable(one) < sortable(other)) == (one < other)


def test_the_best_of_ours_is_the_highest_buy_and_the_lowest_sell(bot):
    for price in ("9", "100", "20.5"):
        bot.place("buy", 1, price)
        bot.place("sell", 1, price)
    other = Bot()
    other.exchange = bot.exchange
    low = other.place("sell", 1, "8")
    assert best_price(bot.exchange, "BTC/USDT", "buy") == 100
    assert best_price(bot.exchange, "BTC/USDT", "sell") == 8
    assert best_price(bot.exchange, "ETH/USDT", "sell") is None
    other.end(low)
    assert best_price(bot.exchange, "BTC/USDT", "sell") == 9


def test_orders_of_a_removed_key_stand_in_nobodys_way(bot):
    bot.place("sell", 1, "8")
    ledger.let_go(bot.credential, now=bot.now)
    assert best_price(bot.exchange, "BTC/USDT", "sell") is None
    assert bot.book().open_orders == 0
    assert differences() == []


STEP = st.tuples(
    st.sampled_from(["buy", "sell", "trade", "end", "wait"]), st.integers(0, 5), st.decimals("0.001", 9, places=3)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=15))
def test_whatever_happens_the_sums_are_what_orders_and_trades_come_to(steps):
    bot, orders = Bot(), []
    for step, which, number in steps:
        order = orders[which % len(orders)] if orders else None
        if step in ("buy", "sell"):
            orders.append(bot.place(step, number, written(100 + number), reference=100))
        elif step == "wait":
            bot.now += timedelta(hours=float(number))
        elif order is not None:
            order.refresh_from_db()
            left = Decimal(order.amount) - Decimal(order.filled)
            if State(order.state).over:
                continue
            if step == "end":
                bot.end(order)
            else:
                bot.trade(order, written(min(left, number)), fee="0.0001", fee_asset=["BTC", "USDT", "BNB"][which % 3])
        assert differences_of(bot.grant) == []
    alive = Order.objects.filter(grant=bot.grant, alive=True)
    account = Account.objects.filter(grant=bot.grant).first()
    assert (account.open_orders if account else 0) == alive.count()


def test_a_sum_that_was_tampered_with_is_told(bot):
    bot.place("buy", 1, 100)
    Account.objects.filter(grant=bot.grant).update(resting="1")
    Holding.objects.filter(grant=bot.grant).update(buying="0")
    assert differences() == [
        f"Grant {bot.grant}: resting is 1, and should be 100.",
        f"Grant {bot.grant}, BTC: buying is 0, and should be 1.",
    ]


def test_books_that_are_missing_are_told(bot):
    """Without its row a grant would begin with budgets that nobody has used."""
    bot.place("buy", 1, 100)
    Account.objects.filter(grant=bot.grant).delete()
    assert differences() == [f"Grant {bot.grant}: it has orders and no books."]


def test_orders_that_were_prepared_and_never_sent_are_looked_up(bot):
    """What a signer of before left behind: its rows began in a state that there is no more."""
    order = bot.place("buy", 2, 100)
    Order.objects.filter(pk=order.pk).update(state="prepared")
    import_module("vault.ledger.migrations.0004_orders_begin_as_sending").begin_as_sending(apps, None)
    watch.after_a_stop()
    assert Order.objects.get(pk=order.pk).state == "unknown"


def test_a_ledger_from_before_the_books_gets_them(bot):
    bot.trade(bot.place("buy", 2, 100), 2, fee="0.002")
    resting = bot.place("sell", 1, 120)
    bot.end(bot.place("sell", 1, 130))
    Account.objects.all().delete()
    Holding.objects.all().delete()
    Order.objects.update(alive=True, price_order="")
    Trade.objects.update(grant=None, counted_at=None)
    import_module("vault.ledger.migrations.0002_books").fill_books(apps, None)
    assert differences() == []
    assert bot.held() == (Decimal("1.998"), 1, 0)
    assert best_price(bot.exchange, "BTC/USDT", "sell") == Decimal(resting.price)
    assert bot.book().lost(at(50), bot.now) == 0, "what was lost before is no loss of today"
