"""A signal bot, long or short, through partial fills, slow cancels, fees in any asset, duplicates, restarts and any
signals in any order, deal after deal."""

from contextlib import suppress
from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from strategies.deal import NOTHING_CARRIED, Deal, Ending
from strategies.events import AddFunds, CancelDeal, CloseAtMarket, ReduceFunds, Tick
from strategies.exits import Step, StopLoss
from strategies.kinds import state_from_text, state_to_text
from strategies.market import Market
from strategies.orders import OrderType, Side
from strategies.settings import SettingsRefused
from strategies.signal_bot import Action, AmountIn, ExitsFrom, SignalBot, SignalExits, SignalOrder, signalled
from tests.strategies.machine import DealMachine
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
STEPS = (
    Step(profit=D("0.02"), share=D("0.5")),
    Step(profit=D("0.05"), share=D("0.5"), order=OrderType.MARKET),
)
STOP = StopLoss(loss=D("0.05"), trailing=True, timeout=60, break_even_after=1)
EXITS = ({}, {"take_profit": STEPS}, {"take_profit": STEPS, "trailing": D("0.01"), "stop_loss": STOP})
ORDERS = (
    None,
    SignalOrder(amount=D(3)),
    SignalOrder(amount=D(150)),
    SignalOrder(amount=D(2), amount_in=AmountIn.BASE),
    SignalOrder(amount=D("0.4"), amount_in=AmountIn.POSITION),
    SignalOrder(order=OrderType.LIMIT, better_by=D("0.02")),
    SignalOrder(amount=D("0.5"), amount_in=AmountIn.POSITION, order=OrderType.LIMIT, better_by=D("-0.01")),
)
SLIPPED = D("1.5")  # prices move between 80 and 120 while an order at market is on its way


class AnyMarket(DealMachine):
    @initialize(
        side=st.sampled_from(Side),
        exits=st.sampled_from(EXITS),
        entries=st.integers(1, 3),
        own=st.booleans(),
        inside=st.booleans(),
    )
    def a_bot_is_enabled(self, side, exits, entries, own, inside):
        self.bot = SignalBot(
            side=side,
            order_amount=D(200),
            max_position=D(500),
            entries=entries,
            coins=D(6) if side is Side.SELL else None,
            exits_from=ExitsFrom.BOT if own else ExitsFrom.SIGNAL,
            **(exits if own else {}),
        )
        self.brought = None if own else SignalExits(**exits)
        self.price, self.now, self.wishes = D(100), NOW, 0
        self.exchange = UnkindExchange(MARKET)
        self.carried = NOTHING_CARRIED
        self.open_a_deal()
        if inside:  # most of what can go wrong goes wrong once there is a position with its orders on the book
            self.a_signal_comes_and_comes_again(
                Action.ENTER_LONG if side is Side.BUY else Action.ENTER_SHORT, SignalOrder(amount=D(300))
            )
            self.a_beat()
            self.the_market_moves(self.price, 0, D(1), "USDT")
            self.a_beat()

    def open_a_deal(self):
        given = self.bot.given(self.price, MARKET)
        carried = given if given.amount > self.carried.amount else self.carried
        self.deal = Deal(
            market=MARKET, price=self.price, opened_at=self.now, opens=self.bot.opens_with, carried=carried
        )
        self.late, self.added = [], D(0)

    @rule(
        price=st.decimals(min_value=80, max_value=120, places=2),
        seconds=st.sampled_from([0, 1, 59, 61]),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1)]),
        asset=st.sampled_from(["DOGE", "USDT", "BNB"]),
    )
    def the_market_moves(self, price, seconds, share, asset):
        self.price, self.now = price, self.now + 1000 * seconds
        for fill in self.exchange.trade(price, share, asset):
            self.deal.record(fill)
            self.late.append(fill)
        self.bot.on_event(self.deal, Tick(self.now, price))

    @rule(action=st.sampled_from([*Action, Action.ENTER_LONG, Action.ENTER_SHORT]), order=st.sampled_from(ORDERS))
    def a_signal_comes_and_comes_again(self, action, order):
        self.wishes += 1
        event = signalled(str(self.wishes), self.now, action, self.price, order, self.brought)
        self.bot.on_event(self.deal, event)
        before = (self.deal.state, self.deal.ending)
        self.bot.on_event(self.deal, event)
        assert (self.deal.state, self.deal.ending) == before

    @rule(price=st.sampled_from([D(80), D(97), D(103), D(120)]))
    def the_market_runs_while_cancels_are_on_their_way(self, price):
        self.a_beat()
        self.the_market_moves(price, 1, D(1), "USDT")

    @rule()
    def the_bot_is_restarted(self):
        deal = self.deal
        again = Deal.of(
            reversed(self.late),
            market=MARKET,
            price=deal.price,
            opened_at=deal.opened_at,
            carried=deal.carried,
            ending=deal.ending,
            opens=deal.opens,
            state=state_from_text(self.bot, state_to_text(deal.state)),
        )
        assert list(self.bot.orders(again)) == list(self.bot.orders(deal))
        assert list(self.bot.watches(again)) == list(self.bot.watches(deal))
        self.deal = again

    @rule(quote=st.sampled_from([D(3), D(50)]), share=st.sampled_from([D("0.3"), D(1)]), more=st.booleans())
    def the_user_adds_or_reduces(self, quote, share, more):
        self.wishes += 1
        wish = str(self.wishes)
        with suppress(SettingsRefused):
            if more:
                self.bot.on_event(self.deal, AddFunds(wish=wish, quote=quote, at_price=self.price))
                self.added += quote
            else:
                self.bot.on_event(self.deal, ReduceFunds(wish=wish, share=share))

    @rule()
    @precondition(lambda self: self.late)
    def the_user_closes(self):
        self.bot.on_event(self.deal, CloseAtMarket())

    @rule()
    @precondition(lambda self: self.wishes > 5)
    def the_user_cancels(self):
        self.bot.on_event(self.deal, CancelDeal())

    @rule()
    def everything_comes_to_rest_and_a_deal_that_is_over_makes_room(self):
        for _ in range(4):
            self.a_beat()
            self.exchange.settle()
        assert self.steps() == []
        if self.bot.finished(self.deal, self.price):
            assert not self.exchange.open
            self.carried = NOTHING_CARRIED if self.deal.ending is Ending.CANCELLED else self.deal.dust
            self.open_a_deal()

    @invariant()
    def never_holds_more_than_the_settings_and_the_added_funds_say(self):
        if not hasattr(self, "deal"):
            return
        if self.deal.opens is Side.BUY:
            cost = self.deal.cost_of_held - self.deal.carried.cost
            assert cost <= (self.bot.capital(D(100), MARKET) + self.added) * SLIPPED
        else:
            assert self.deal.tally.sold <= self.deal.carried.amount + self.deal.tally.bought

    @invariant()
    def a_short_never_buys_back_more_than_it_sold_and_the_fee(self):
        if hasattr(self, "deal") and self.deal.opens is Side.SELL:
            tally = self.deal.tally
            assert tally.bought <= MARKET.amount_up(tally.sold / (1 - MARKET.taker_fee)) + MARKET.lot_size


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=500, stateful_step_count=50, deadline=None)
