"""A portfolio through partial fills, slow cancels, fees in any asset, duplicates and user actions."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strategies.deal import Deal
from strategies.events import CancelDeal, CloseAtMarket, Tick
from strategies.market import Market
from strategies.orders import Side
from strategies.rebalance import Coin, Rebalance, Standing, valued
from strategies.rebalance.portfolio import at_rest, cash
from strategies.reconcile import reconcile
from tests.strategies.unkind import NOW, UnkindExchange

MARKETS = [
    Market(symbol=symbol, tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
    for symbol in ("DOGE/USDT", "SHIB/USDT", "PEPE/USDT")
]
SLIPPED = D("0.05")  # what the settings keep in spare for prices that move between the beat and the fill


class AnyMarket(RuleBasedStateMachine):
    @initialize(
        weights=st.sampled_from([("0.5", "0.3", "0.2"), ("0.3", "0.3", "0.1"), ("0.8", "0.1", "0.1")]),
        held=st.sampled_from([D(0), D(3), D(30)]),
        drift=st.sampled_from([None, D("0.05")]),
    )
    def open_a_portfolio(self, weights, held, drift):
        self.bot = Rebalance(
            coins=tuple(
                Coin(symbol=market.symbol, weight=D(weight), held=held)
                for market, weight in zip(MARKETS, weights, strict=True)
            ),
            cash=D(1000),
            every=30,
            drift=drift,
            spare=SLIPPED,
        )
        self.now = NOW
        self.exchanges = [UnkindExchange(market) for market in MARKETS]
        self.prices = [D(100)] * 3
        self.deals = [
            Deal(market=market, price=D(100), opened_at=NOW, carried=self.bot.given(D(100), market))
            for market in MARKETS
        ]
        self.late = []

    @property
    def standing(self):
        return [Standing(deal, price) for deal, price in zip(self.deals, self.prices, strict=True)]

    def steps(self, place):
        deal = self.deals[place]
        return reconcile(
            self.bot.orders(deal),
            self.exchanges[place].open.values(),
            deal.filled_amounts,
            deal.market,
            held=deal.held,
            last_price=self.prices[place],
        )

    @rule(minutes=st.sampled_from([0, 1, 29, 61]), prices=st.lists(st.integers(40, 200), min_size=3, max_size=3))
    def prices_move_while_nothing_is_open(self, minutes, prices):
        self.now += 60_000 * minutes
        if not any(exchange.open for exchange in self.exchanges) and at_rest(self.bot, self.standing):
            self.prices = [D(price) for price in prices]

    @rule(
        place=st.integers(0, 2),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D(1)]),
        slip=st.sampled_from([D("0.98"), D(1), D("1.02")]),
        coin=st.booleans(),
    )
    def orders_trade(self, place, share, slip, coin):
        asset = MARKETS[place].base if coin else "BNB"
        for fill in self.exchanges[place].trade(self.prices[place] * slip, share, asset):
            self.deals[place].record(fill)
            self.late.append((place, fill))
        self.bot.on_event(self.deals[place], Tick(self.now, self.prices[place]))

    @rule()
    def the_host_tells_what_it_is_worth(self):
        if any(exchange.open for exchange in self.exchanges) or not at_rest(self.bot, self.standing):
            return
        for deal, event in zip(self.deals, valued(self.bot, self.standing, self.now), strict=True):
            if event is not None:
                self.bot.on_event(deal, event)

    @rule()
    def old_trades_are_reported_again(self):
        for place, fill in self.late:
            assert not self.deals[place].record(fill)

    @rule(place=st.integers(0, 2))
    def a_beat(self, place):
        for step in self.steps(place):
            self.exchanges[place].carry_out(step)

    @rule(place=st.integers(0, 2))
    def the_user_closes(self, place):
        self.bot.on_event(self.deals[place], CloseAtMarket())

    @rule(place=st.integers(0, 2))
    def the_user_cancels(self, place):
        self.bot.on_event(self.deals[place], CancelDeal())

    @rule()
    def everything_comes_to_rest(self):
        for place, deal in enumerate(self.deals):
            for _ in range(3):
                self.a_beat(place)
                self.exchanges[place].settle()
            assert self.steps(place) == []
            if self.bot.finished(deal, self.prices[place]):
                assert not self.exchanges[place].open

    @invariant()
    def never_sells_more_than_is_held(self):
        for deal in getattr(self, "deals", ()):
            assert deal.held >= 0

    @invariant()
    def never_offers_more_than_it_holds(self):
        if hasattr(self, "deals"):
            for deal, exchange in zip(self.deals, self.exchanges, strict=True):
                assert sum(p.remaining for p in exchange.open.values() if p.order.side is Side.SELL) <= deal.held

    @invariant()
    def never_spends_more_than_the_cash(self):
        if hasattr(self, "deals"):
            assert cash(self.bot, self.standing) >= 0


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
