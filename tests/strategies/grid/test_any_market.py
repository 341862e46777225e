"""A grid through any order of partial fills, slow cancels, fees in any coin, duplicates and user actions."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strategies.deal import NOTHING_CARRIED, Deal
from strategies.events import CancelDeal, CloseAtMarket, Tick
from strategies.grid import Beyond, Grid, ProfitIn, Spacing, StopAction
from strategies.market import Market
from strategies.orders import Side
from strategies.reconcile import Cancel, reconcile
from tests.strategies.unkind import NOW, UnkindExchange

MARKET = Market(symbol="DOGE/USDT", tick_size=D("0.01"), lot_size=D("0.01"), min_notional=D(5))
RANGE = {"lower": D(90), "upper": D(110), "lines": 6, "quote_a_line": D(60)}
GRIDS = {
    "plain": Grid(**RANGE, stop_below=D(82), stop_above=D(118)),
    "profit in base, coins held": Grid(
        **RANGE,
        profit_in=ProfitIn.BASE,
        coins_held=D(1),
        stop_below=D(82),
        stop_below_action=StopAction.CLOSE,
        stop_above=D(118),
        stop_above_action=StopAction.CLOSE,
    ),
    "active lines, take profit": Grid(
        **RANGE, spacing=Spacing.ARITHMETIC, active_lines=1, take_profit=D("0.03"), stop_below=D(82)
    ),
    "trailing up": Grid(**RANGE, above=Beyond.TRAIL, stop_below=D(82), stop_above=D(119)),
    "trailing both ways": Grid(
        **RANGE,
        above=Beyond.TRAIL,
        highest=D(117),
        below=Beyond.TRAIL,
        lowest=D(83),
        stop_above=D(119),
        stop_above_action=StopAction.BUY,
    ),
    "expansion": Grid(
        **RANGE, above=Beyond.EXPAND, highest=D(117), below=Beyond.EXPAND, lowest=D(83), take_profit_price=D(119)
    ),
    "infinity": Grid(lower=D(90), step=D("0.03"), quote_a_line=D(60), stop_above=D(119)),
}


class AnyMarket(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(sorted(GRIDS)))
    def open_a_deal(self, kind):
        self.grid = GRIDS[kind]
        assert not list(self.grid.problems(D(100), MARKET))
        self.exchange = UnkindExchange(MARKET)
        self.price = D(100)
        self.given = self.grid.given(self.price, MARKET) or NOTHING_CARRIED
        self.deal = Deal(market=MARKET, price=self.price, carried=self.given)
        self.late = []
        self.at_market = D(0)  # what orders at the market paid over the price of the start

    def steps(self):
        return reconcile(
            self.grid.orders(self.deal),
            self.exchange.open.values(),
            self.deal.filled_amounts,
            MARKET,
            held=self.deal.held,
            last_price=self.price,
        )

    @rule(
        price=st.decimals(87, 114, places=2) | st.decimals(87, 114, places=2) | st.decimals(80, 120, places=2),
        share=st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D("0.97"), D(1)]),
        asset=st.sampled_from(["DOGE", "USDT", "BNB"]),
    )
    def the_market_moves(self, price, share, asset):
        self.price = price
        for fill in self.exchange.trade(price, share, asset):
            self.deal.record(fill)
            self.late.append(fill)
            if fill.order in ("start", "stop-buy"):
                self.at_market += fill.amount * max(fill.price - 100, 0)
        self.grid.on_event(self.deal, Tick(NOW, price))

    @rule()
    def old_trades_are_reported_again(self):
        for fill in self.late:
            assert not self.deal.record(fill)

    @rule()
    def a_beat(self):
        for step in self.steps():
            if isinstance(step, Cancel) or step.order.side is Side.SELL or not self.buys_are_leaving():
                self.exchange.carry_out(step)

    def buys_are_leaving(self):
        """An exchange keeps their quote reserved until they are gone, and refuses a purchase that needs it."""
        return any(piece.order.side is Side.BUY and piece.leaving for piece in self.exchange.open.values())

    @rule(wish=st.sampled_from([CloseAtMarket(), CancelDeal()]))
    def the_user_has_enough(self, wish):
        if len(self.late) > 25:
            self.grid.on_event(self.deal, wish)

    @rule()
    def cancels_are_confirmed(self):
        self.exchange.settle()

    @rule()
    def the_rows_are_read_again(self):
        """What a restart does: the deal is made of its fills, its ending and its state."""
        wanted = list(self.grid.orders(self.deal))
        self.deal = Deal.of(
            reversed(self.late),
            market=MARKET,
            price=D(100),
            carried=self.given,
            ending=self.deal.ending,
            state=self.deal.state,
        )
        assert list(self.grid.orders(self.deal)) == wanted

    @rule()
    def everything_comes_to_rest(self):
        for _ in range(3):
            self.a_beat()
            self.exchange.settle()
        assert self.steps() == []
        if self.grid.finished(self.deal, self.price):
            # A rest of an order at the market stays on no real book.
            assert all(piece.order.price is None for piece in self.exchange.open.values())

    def teardown(self):
        """Whatever came before, a user who closes has an empty book and no coins but dust; who cancels, the coins."""
        if not hasattr(self, "deal"):
            return
        self.grid.on_event(self.deal, CloseAtMarket())
        for _ in range(6):
            self.a_beat()
            self.exchange.settle()
            self.the_market_moves(self.price, D(1), "DOGE")
        self.everything_comes_to_rest()
        assert self.grid.finished(self.deal, self.price)
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
    def never_spends_more_than_it_asked_for(self):
        """Apart from what the market asks for an order at the market, fees on top, and dust that a turn leaves."""
        if hasattr(self, "deal"):
            tally = self.deal.tally
            dust = MARKET.min_notional * (len(self.deal.by_order) + 1) / 2
            spent = tally.spent - tally.earned * D("0.999")
            assert spent <= self.grid.capital(D(100), MARKET) + self.at_market + dust


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
