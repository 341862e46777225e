"""Recurring buys through partial fills, slow cancels, fees in the coin, duplicates, late ticks and user actions."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from strategies.deal import Deal
from strategies.events import Tick
from strategies.market import Market
from strategies.orders import Side
from strategies.recurring import Every, Recurring
from tests.strategies.machine import DealMachine
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))


class AnyMarket(DealMachine):
    @initialize(
        below=st.sampled_from([None, D("0.01"), D("0.1")]),
        budget=st.sampled_from([None, D(250)]),
        take_profit=st.sampled_from([None, D("0.02"), D("0.2")]),
        dip=st.sampled_from([None, D("0.05")]),
        late=st.sampled_from([None, 10]),
    )
    def open_a_deal(self, below, budget, take_profit, dip, late):
        self.bot = Recurring(
            quote=D(100),
            every=Every.HOUR,
            below=below,
            purchases=4,
            budget=budget,
            dip=dip,
            late=late,
            take_profit=take_profit,
        )
        self.exchange = UnkindExchange(MARKET)
        self.price, self.now = D(100), NOW
        self.deal = Deal(market=MARKET, price=self.price, opened_at=NOW)
        self.late = []

    @rule(
        price=st.decimals(min_value=80, max_value=120, places=2),
        minutes=st.sampled_from([0, 1, 20, 60, 130]),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1)]),
        asset=st.sampled_from(["DOGE", "USDT", "BNB"]),
    )
    def the_market_moves(self, price, minutes, share, asset):
        self.price = price
        self.now += 60_000 * minutes
        for fill in self.exchange.trade(price, share, asset):
            self.deal.record(fill)
            self.late.append(fill)
        self.bot.on_event(self.deal, Tick(self.now, price))

    @rule()
    def the_same_is_told_again(self):
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        told = self.deal.state, self.deal.ending
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        assert (self.deal.state, self.deal.ending) == told

    @invariant()
    def never_has_two_purchases_on_the_book(self):
        if hasattr(self, "deal"):
            buying = [p for p in self.exchange.open.values() if p.order.side is Side.BUY]
            assert len(buying) <= 1

    @invariant()
    def never_spends_more_than_the_settings_say(self):
        if hasattr(self, "deal") and self.bot.below is not None:
            # At the market a purchase costs what is asked between the beat and the fill.
            assert self.deal.tally.spent <= self.bot.capital(D(100), MARKET)


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
