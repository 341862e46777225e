"""Any settings in any order of partial fills, slow cancels, fees in any asset, duplicates, restarts and wishes."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal as D

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from strategies.dca import Direction
from strategies.deal import Deal
from strategies.events import AddFunds, Answered, CancelDeal, CloseAtMarket, ReduceFunds, Tick
from strategies.kinds import from_json, state_from_text, state_to_text, to_json
from strategies.market import Market
from strategies.settings import SettingsRefused
from tests.strategies.dca.bots import (
    CONDITIONS,
    LADDERS,
    STOPS,
    TOTAL_OR_BASE,
    TRAILING,
    bots,
    maybe,
    number,
    optional,
    own_ladders,
    stepped,
)
from tests.strategies.machine import DealMachine
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
PRICES = number(80, 120, 2)
MOVES = st.tuples(
    st.sampled_from([D(each) for each in ("-0.3", "0.3", "-1.1", "1.1", "-2.7", "2.7", "-9", "9")]),
    st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1), D(1)]),  # how much of each order trades
    st.sampled_from(["DOGE", "USDT", "BNB"]),  # what its fee is taken in
    st.sampled_from([0, 1, 40]),  # seconds
    st.booleans(),
)
RARELY = st.sampled_from([False] * 15 + [True])
ANY_BOT = bots(
    STOPS | {"stop_loss": maybe(number("0.1", "0.3", 2)), "deal_timeout": maybe(st.just(1000))},
    LADDERS,
    CONDITIONS,
    more=(TOTAL_OR_BASE, optional(own_ladders()), optional(stepped()), optional(TRAILING)),
)


class AnyMarket(DealMachine):
    @initialize(bot=ANY_BOT, first=st.sampled_from([D("99.5"), D(100), D("100.5")]))
    def begin(self, bot, first):
        assume(not list(bot.problems(D(100), MARKET)))
        self.exchange = UnkindExchange(MARKET)
        self.bot, self.price, self.at, self.wishes = bot, first, NOW, 0
        self.largest = {}
        self.open_a_deal()

    def open_a_deal(self):
        """Its base order trades, or is at least on the book."""
        self.deal = Deal(
            market=MARKET,
            price=self.price,
            opened_at=self.at,
            carried=self.bot.given(self.price, MARKET),
            opens=self.bot.opens_with,
        )
        self.late = []
        self.most = defaultdict(D)  # the most that was ever wanted of each order
        self.largest = {each.number: each.size for each in self.bot.offers}
        self.a_beat()
        self.hear(self.exchange.trade(self.price, D(1), "DOGE"))

    def a_beat(self):
        for order in self.bot.orders(self.deal):
            self.most[order.name] = max(self.most[order.name], order.amount)
        super().a_beat()

    a_beat = rule()(a_beat)

    def quiet(self):
        """Cancels are confirmed and everything that is missing is placed."""
        for _ in range(3):
            self.a_beat()
            self.exchange.settle()

    def trade(self, moves):
        for percent, share, asset, seconds, quiet in moves:
            if quiet:
                self.quiet()
            self.price = MARKET.price_down(min(max(self.price * (1 + percent / 100), D(60)), D(160)))
            self.at += 1000 * seconds
            self.hear(self.exchange.trade(self.price, share, asset))
            self.bot.on_event(self.deal, Tick(self.at, self.price))
            if self.bot.finished(self.deal, self.price) and not self.exchange.open:
                self.open_a_deal()

    # Time passes more often than a user acts: the same rule under several names is chosen as often as they are many.
    @rule(moves=st.lists(MOVES, min_size=3, max_size=12))
    def the_market_moves(self, moves):
        self.trade(moves)

    @rule(moves=st.lists(MOVES, min_size=3, max_size=12))
    def an_hour_passes(self, moves):
        self.trade(moves)

    @rule(moves=st.lists(MOVES, min_size=3, max_size=12))
    def a_day_passes(self, moves):
        self.trade(moves)

    @rule(moves=st.lists(MOVES, min_size=3, max_size=12))
    def a_week_passes(self, moves):
        self.trade(moves)

    @rule(earnestly=RARELY)
    def the_user_closes(self, earnestly):
        if earnestly:
            self.bot.on_event(self.deal, CloseAtMarket())

    @rule(earnestly=RARELY)
    def the_user_cancels(self, earnestly):
        if earnestly:
            self.bot.on_event(self.deal, CancelDeal())

    @rule(ask=st.sampled_from(["averaging", "closing"]), holds=st.booleans())
    def a_candle_closes(self, ask, holds):
        if ask in self.bot.asks:
            self.bot.on_event(self.deal, Answered(self.at, ask, holds, self.price))

    @rule(quote=st.sampled_from([D(20), D(200)]), price=maybe(PRICES), again=st.booleans())
    def the_user_adds_funds(self, quote, price, again):
        self.wish(AddFunds(wish=str(self.wishes), quote=quote, price=price, at_price=self.price), again)

    @rule(share=st.sampled_from([D("0.2"), D("0.6"), D(1)]), price=maybe(PRICES), again=st.booleans())
    def the_user_reduces(self, share, price, again):
        self.wish(ReduceFunds(wish=str(self.wishes), share=share, price=price), again)

    def wish(self, event, again):
        try:
            self.bot.on_event(self.deal, event)
        except SettingsRefused:
            return
        told = self.deal.state
        if again:
            self.bot.on_event(self.deal, event)
        assert self.deal.state == told, "the same wish twice is one wish"
        self.wishes += 1

    @rule(
        profit=st.sampled_from([D("0.015"), D("0.02"), D("0.03")]),
        stop=maybe(st.sampled_from([D("0.1"), D("0.2")])),
        size=maybe(number(40, 500, 1)),
        orders=maybe(st.integers(0, 6)),
    )
    def the_user_edits(self, profit, stop, size, orders):
        change = {"stop_loss": stop, "stop_loss_timeout": 0, "trailing_stop": False}
        if self.bot.take_profit is not None:
            change["take_profit"] = profit
        if not self.bot.own_ladder:
            change |= {} if size is None else {"averaging_order": size}
            change |= {} if orders is None else {"averaging_orders": orders}
        try:
            edited = replace(self.bot, **change)
        except SettingsRefused:
            return
        edited.takes_over(self.deal, self.bot)
        self.bot = edited
        for each in edited.offers:
            self.largest[each.number] = max(self.largest.get(each.number, D(0)), each.size)

    @rule()
    def the_runner_starts_anew(self):
        """What it knows then: the rows of fills, the ending, and state and settings as text."""
        before = list(self.bot.orders(self.deal))
        self.bot = from_json("dca", to_json(self.bot))
        self.deal = Deal.of(
            self.late,
            market=MARKET,
            price=self.deal.price,
            opened_at=self.deal.opened_at,
            carried=self.deal.carried,
            ending=self.deal.ending,
            opens=self.deal.opens,
            state=state_from_text(self.bot, state_to_text(self.deal.state)),
        )
        assert list(self.bot.orders(self.deal)) == before

    @invariant()
    def one_order_is_as_it_is_among_all(self):
        if hasattr(self, "deal"):
            for order in self.bot.orders(self.deal):
                assert self.bot.order(self.deal, order.name) == order

    @invariant()
    def nothing_trades_more_than_was_wanted_of_it(self):
        if hasattr(self, "deal"):
            assert all(amount <= self.most[name] for name, amount in self.deal.filled_amounts.items())

    @invariant()
    def no_averaging_order_spends_more_than_the_settings_say(self):
        if not hasattr(self, "deal"):
            return
        for name, tally in self.deal.by_order.items():
            if name.startswith("averaging"):
                size = self.largest[int(name.split("-")[1])]
                # A lot more for rounding up; and at the market up to half more, which is how far this one jumps.
                most = (size + MARKET.lot_size * 120) * (D("1.5") if self.bot.rests_whole else 2)
                assert tally.spent + tally.earned <= most

    @invariant()
    def a_short_never_owes_more_than_it_was_given(self):
        if hasattr(self, "deal") and self.bot.direction is Direction.SHORT:
            assert self.deal.owed <= self.deal.carried.amount

    @precondition(lambda self: hasattr(self, "deal") and not self.deal.ending and self.deal.started)
    @rule()
    def all_that_is_held_is_offered(self):
        """At rest, a take profit without trailing has everything on the book, parts of averaging orders apart."""
        self.quiet()
        bot, deal = self.bot, self.deal
        orders = {order.name: order for order in bot.orders(deal)}
        if bot.finished(deal, self.price) or bot.trailing is not None or not (bot.take_profit or bot.take_profit_steps):
            return
        if any(self.is_partial(order) for order in orders.values() if order.side is deal.opens):
            return
        offered = sum(piece.remaining for piece in self.exchange.open.values() if piece.order.side is not deal.opens)
        assert not MARKET.accepts(deal.to_exit - offered, bot.target(deal))

    def is_partial(self, order):
        filled = self.deal.filled(order.name)
        return 0 < filled < order.amount

    def teardown(self):
        if not hasattr(self, "deal"):
            return
        self.bot.on_event(self.deal, CloseAtMarket())
        for _ in range(12):
            self.quiet()
            self.hear(self.exchange.trade(self.price, D(1), "DOGE"))
        assert not self.exchange.open, "its book is empty"
        assert self.bot.finished(self.deal, self.price)
        if self.deal.ending.value == "closed at market":
            assert not MARKET.accepts(self.deal.to_exit, self.price), "nothing is held or owed beyond dust"


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
