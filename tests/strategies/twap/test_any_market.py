"""Slices through partial fills, slow cancels, fees in the coin, duplicates, late ticks and user actions."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from strategies.deal import Deal
from strategies.events import Tick
from strategies.market import Market
from strategies.orders import Side
from strategies.twap import TWAP, Missed
from tests.strategies.machine import DealMachine
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))


class AnyMarket(DealMachine):
    @initialize(
        side=st.sampled_from(Side),
        in_quote=st.booleans(),
        missed=st.sampled_from(Missed),
        worst=st.sampled_from([None, D(90), D(100), D(110)]),
    )
    def open_a_deal(self, side, in_quote, missed, worst):
        self.bot = TWAP(
            side=side,
            quote=D(1000) if in_quote else None,
            base=None if in_quote else D(10),
            slices=5,
            duration=300,
            worst_price=worst,
            missed=missed,
        )
        self.exchange = UnkindExchange(MARKET)
        self.price, self.now = D(100), NOW
        self.deal = Deal(market=MARKET, price=self.price, opened_at=NOW, carried=self.bot.given(self.price, MARKET))
        self.late = []

    @rule(
        price=st.decimals(min_value=80, max_value=120, places=2),
        seconds=st.sampled_from([0, 1, 20, 60, 130]),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1)]),
        asset=st.sampled_from(["DOGE", "USDT", "BNB"]),
    )
    def the_market_moves(self, price, seconds, share, asset):
        self.price = price
        self.now += 1000 * seconds
        for fill in self.exchange.trade(price, share, asset):
            self.deal.record(fill)
            self.late.append(fill)
        self.bot.on_event(self.deal, Tick(self.now, price))

    @rule()
    def the_same_is_told_again(self):
        before = self.deal.state, self.deal.ending
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        told = self.deal.state, self.deal.ending
        self.bot.on_event(self.deal, Tick(self.now, self.price))
        assert (self.deal.state, self.deal.ending) == told
        assert before[1] is None or told == before

    @invariant()
    def never_trades_more_than_the_total(self):
        if not hasattr(self, "deal") or self.bot.side.value not in self.deal.by_order:
            return
        tally = self.deal.by_order[self.bot.side.value]
        if self.bot.base is not None:
            assert tally.traded <= self.bot.base
        elif self.bot.side is Side.BUY and self.bot.worst_price is not None:
            assert tally.spent <= self.bot.quote


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
