"""A SmartTrade, long or short, through partial fills, slow cancels, fees in any asset, duplicates, restarts, edits
and everything that its user may wish for."""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from strategies.deal import Deal
from strategies.events import AddFunds, CancelDeal, CloseAtMarket, Crossing, ReduceFunds, Signalled, Tick
from strategies.exits import Step, StopLoss
from strategies.kinds import state_from_text, state_to_text
from strategies.market import Market
from strategies.orders import OrderType, Side
from strategies.settings import SettingsRefused
from strategies.smart import Entry, SmartTrade
from tests.strategies.machine import DealMachine
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
LADDER = (
    Step(profit=D("0.02"), share=D("0.3")),
    Step(profit=D("0.04"), share=D("0.3"), order=OrderType.MARKET),
    Step(profit=D("0.08"), share=D("0.4")),
)
ENTRIES = (
    {},
    {"entry": Entry.LIMIT, "price": D(99)},
    {"entry": Entry.CONDITIONAL, "trigger": D(98)},
    {"entry": Entry.CONDITIONAL, "trigger": D(102), "crossing": Crossing.ABOVE, "price": D(101)},
    {"entry": Entry.CONDITIONAL, "trigger": D(101), "entry_trailing": D("0.01")},
    {"entry": Entry.HELD, "price": D(97)},
)
EXITS = (
    {"take_profit": LADDER},
    {"take_profit": LADDER, "trailing": D("0.01"), "stop_loss": StopLoss(loss=D("0.1"), break_even_after=1)},
    {"take_profit": LADDER[:1], "stop_loss": StopLoss(loss=D("0.05"), trailing=True, timeout=60)},
    {"stop_loss": StopLoss(loss=D("0.05"), order=OrderType.LIMIT, limit=D("0.02"))},
)
SLIPPED = D("1.5")  # prices move between 80 and 120 while an order at market is on its way


def valid(**given):
    exits = dict(given)
    if "take_profit" in exits and len(exits["take_profit"]) == 1:
        exits["take_profit"] = (replace(exits["take_profit"][0], share=D(1)),)
    return exits


class AnyMarket(DealMachine):
    @initialize(
        side=st.sampled_from(Side),
        entry=st.sampled_from(ENTRIES),
        exits=st.sampled_from(EXITS),
        quote=st.booleans(),
        inside=st.booleans(),
    )
    def open_a_deal(self, side, entry, exits, quote, inside):
        held = entry.get("entry") is Entry.HELD
        amount = {"quote_amount": D(1000)} if quote and not held else {"base_amount": D(10)}
        self.bot = SmartTrade(side=Side.BUY if held else side, **amount, **entry, **valid(**exits))
        self.exchange = UnkindExchange(MARKET)
        self.price, self.now = D(100), NOW
        given = self.bot.given(self.price, MARKET)
        self.deal = Deal(market=MARKET, price=self.price, opened_at=NOW, opens=self.bot.opens_with, carried=given)
        self.late, self.wishes, self.added = [], 0, D(0)
        if inside:  # most of what can go wrong goes wrong once there is a position with its orders on the book
            self.the_start_is_forced()
            self.a_beat()
            self.the_market_moves(self.price, 0, D(1), "USDT")
            self.a_beat()

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

    @rule()
    def told_the_same_again_it_changes_nothing(self):
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        before = (self.deal.state, self.deal.ending)
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        assert (self.deal.state, self.deal.ending) == before

    @rule(exits=st.sampled_from(EXITS), profit=st.sampled_from([D("0.015"), D("0.02")]))
    def the_exits_are_edited(self, exits, profit):
        new = valid(**exits)
        if steps := new.get("take_profit"):
            new["take_profit"] = (replace(steps[0], profit=profit), *steps[1:])
        blank = {"take_profit": (), "trailing": None, "stop_loss": None}
        edited = replace(self.bot, **(blank | new))
        assert list(self.bot.edits(edited, self.deal)) == []
        self.bot = edited

    @rule(quote=st.sampled_from([D(3), D(50), D(300)]), limit=st.sampled_from([None, D(95), D(105)]))
    def funds_are_added(self, quote, limit):
        self.wishes += 1
        event = AddFunds(wish=str(self.wishes), quote=quote, price=limit, at_price=self.price)
        with suppress(SettingsRefused):
            self.bot.on_event(self.deal, event)
            self.bot.on_event(self.deal, event)
            self.added += quote

    @rule(share=st.sampled_from([D("0.01"), D("0.3"), D(1)]), limit=st.sampled_from([None, D(95), D(105)]))
    def funds_are_reduced(self, share, limit):
        self.wishes += 1
        with suppress(SettingsRefused):
            self.bot.on_event(self.deal, ReduceFunds(wish=str(self.wishes), share=share, price=limit))

    @rule()
    def the_start_is_forced(self):
        self.bot.on_event(self.deal, Signalled(wish="now", at=self.now, action="force_start", price=self.price))

    @rule()
    @precondition(lambda self: self.late)
    def the_user_closes(self):
        self.bot.on_event(self.deal, CloseAtMarket())

    @rule()
    @precondition(lambda self: self.wishes > 2)
    def the_user_cancels(self):
        self.bot.on_event(self.deal, CancelDeal())

    @rule()
    def everything_comes_to_rest(self):
        for _ in range(4):
            self.a_beat()
            self.exchange.settle()
        assert self.steps() == []
        if self.bot.finished(self.deal, self.price):
            assert not self.exchange.open

    @rule()
    def what_is_held_is_on_offer_or_watched(self):
        """At rest, a position that goes on is wholly on the book, or waits for a price or a time."""
        self.everything_comes_to_rest()
        if self.bot.finished(self.deal, self.price) or self.deal.ending or not self.late:
            return
        exits = self.bot.take_profit or self.bot.stop_loss
        assert self.exchange.open or list(self.bot.watches(self.deal)) or not exits

    @invariant()
    def never_opens_more_than_the_settings_and_the_added_funds_say(self):
        if not hasattr(self, "deal"):
            return
        if self.deal.opens is Side.BUY:
            allowed = self.bot.capital(D(100), MARKET) + self.added
            assert self.deal.tally.spent <= allowed * SLIPPED
        else:
            # What was bought back may be sold again.
            assert self.deal.owed <= self.deal.carried.amount

    @invariant()
    def a_short_never_buys_back_more_than_it_sold_and_the_fee(self):
        if hasattr(self, "deal") and self.deal.opens is Side.SELL:
            tally = self.deal.tally
            assert tally.bought <= MARKET.amount_up(tally.sold / (1 - MARKET.taker_fee))


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=500, stateful_step_count=50, deadline=None)
