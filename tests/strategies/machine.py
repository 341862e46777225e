"""What every kind of bot goes through in its stateful test: slow cancels, duplicates, wishes, restarts of the book."""

from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from strategies.events import CancelDeal, CloseAtMarket
from strategies.orders import Side
from strategies.reconcile import reconcile


class DealMachine(RuleBasedStateMachine):
    """A kind's own machine opens a deal (`bot`, `deal`, `exchange`, `price`, `late`) and moves the market.

    `late` has every fill so far. It adds what its kind promises about spending.
    """

    def steps(self):
        return reconcile(
            self.bot.orders(self.deal),
            self.exchange.open.values(),
            self.deal.filled_amounts,
            self.deal.market,
            held=self.deal.held,
            last_price=self.price,
            owed=self.deal.most_bought_back,
        )

    def hear(self, fills):
        for fill in fills:
            self.deal.record(fill)
            self.late.append(fill)

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
        self.bot.on_event(self.deal, CloseAtMarket())

    @rule()
    def the_user_cancels(self):
        self.bot.on_event(self.deal, CancelDeal())

    @rule()
    def cancels_are_confirmed(self):
        self.exchange.settle()

    @rule()
    def everything_comes_to_rest(self):
        for _ in range(3):
            self.a_beat()
            self.exchange.settle()
        assert self.steps() == []
        if self.bot.finished(self.deal, self.price):
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
