"""Any order of partial fills, slow cancels, fees in the coin, duplicates and user actions."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strategies.dca import DCA
from strategies.deal import Deal
from strategies.events import CancelDeal, CloseAtMarket, Tick
from strategies.market import Market
from strategies.orders import Side
from strategies.reconcile import reconcile
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
BOT = DCA(
    base_order=D(100),
    averaging_order=D(100),
    averaging_orders=3,
    step=D("0.02"),
    step_scale=D("1.5"),
    volume_scale=D(2),
    take_profit=D("0.015"),
    stop_loss=D("0.15"),
)


class AnyMarket(RuleBasedStateMachine):
    @initialize()
    def open_a_deal(self):
        self.exchange = UnkindExchange(MARKET)
        self.price = D(100)
        self.deal = Deal(market=MARKET, price=self.price)
        self.late = []

    def steps(self):
        return reconcile(
            BOT.orders(self.deal),
            self.exchange.open.values(),
            self.deal.filled_amounts,
            MARKET,
            held=self.deal.held,
            last_price=self.price,
        )

    def hear(self, fills):
        for fill in fills:
            self.deal.record(fill)
            self.late.append(fill)

    @rule(
        price=st.decimals(min_value=80, max_value=120, places=2),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1)]),
        asset=st.sampled_from(["DOGE", "USDT", "BNB"]),
    )
    def the_market_moves(self, price, share, asset):
        self.price = price
        self.hear(self.exchange.trade(price, share, asset))
        BOT.on_event(self.deal, Tick(NOW, price))

    @rule()
    def old_trades_are_reported_again(self):
        for fill in self.late:
            assert not self.deal.record(fill)

    @rule()
    def a_beat(self):
        for step in self.steps():
            self.exchange.carry_out(step)

    @rule()
    def the_user_closes(self):
        BOT.on_event(self.deal, CloseAtMarket())

    @rule()
    def the_user_cancels(self):
        BOT.on_event(self.deal, CancelDeal())

    @rule()
    def cancels_are_confirmed(self):
        self.exchange.settle()

    @rule()
    def everything_comes_to_rest(self):
        for _ in range(3):
            self.a_beat()
            self.exchange.settle()
        assert self.steps() == []
        if BOT.finished(self.deal, self.price):
            assert not self.exchange.open

    @invariant()
    def never_sells_more_than_is_held(self):
        if hasattr(self, "deal"):
            assert self.deal.held >= 0

    @invariant()
    def never_offers_more_than_it_holds(self):
        if hasattr(self, "deal"):
            offered = sum(p.remaining for p in self.exchange.open.values() if p.order.side is Side.SELL)
            assert offered <= self.deal.held

    @invariant()
    def never_spends_more_than_the_settings_say(self):
        if hasattr(self, "deal"):
            # The base order is at market: it may cost what the market asks between the beat and the fill.
            base = self.deal.by_order.get("base")
            ladder = self.deal.tally.spent - (base.spent if base else 0)
            assert ladder <= BOT.capital(D(120), MARKET)


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
