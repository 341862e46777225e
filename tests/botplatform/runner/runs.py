"""Running a bot by hand, beat by beat, against the real signer and exchange."""

from decimal import Decimal

from botplatform.bots.models import BotMarket, Deal, Order
from botplatform.lib import clock
from botplatform.runner.keeper import BotKeeper, pairs_to_look_after
from botplatform.runner.news import catch_up
from strategies.events import Tick
from tests.support.processes import wait_until


class Run:
    def __init__(self, machine, lease, bot, symbol="BTC/USDT"):
        self.machine, self.lease = machine, lease
        lease.open_grant(bot.grant)
        self.pk, self.symbol = bot.pk, symbol
        self.keeper = BotKeeper(self.pair(), lease)

    def price(self, price):
        """Move the market, and the tick with it."""
        self.machine.paper.set_price(self.symbol.replace("/", ""), price)
        self.tick = Tick(int(clock.now().timestamp() * 1000), Decimal(str(price)))

    def beat(self):
        """News, then a beat: one turn of a slice."""
        self.lease.renew()  # a slice has a thread for it
        news = catch_up(self.lease)
        self.keeper.tell(news)
        self.keeper.reload(self.pair())
        self.keeper.beat(self.tick)

    def until(self, condition, what="the rows"):
        def turn():
            self.beat()
            return condition()

        return wait_until(turn, what=what)

    def pair(self):
        mine = {"bot": self.pk, "market__symbol": self.symbol}
        found = pairs_to_look_after().filter(**mine).first()
        return found or BotMarket.objects.select_related("bot__account", "market").get(**mine)

    def bot(self):
        return self.pair().bot

    def state(self, name, generation=1):
        mine = {"deal__bot": self.pk, "deal__market__symbol": self.symbol}
        row = Order.objects.filter(**mine, name=name, generation=generation).order_by("-created_at").first()
        return None if row is None else row.state

    def until_ladder(self):
        self.until(lambda: self.state("take-profit") == "accepted", "the take profit")

    def deal(self):
        return Deal.objects.filter(bot=self.pk, market__symbol=self.symbol).order_by("-number").first()

    def takeover(self):
        """Another slice looks after the bot from here on: what it knows is in the rows."""
        self.keeper = BotKeeper(self.pair(), self.lease)

    def until_over(self):
        number = self.deal().number
        closed = Deal.objects.filter(bot=self.pk, number=number, closed_at__isnull=False)
        self.until(closed.exists, "the end of the deal")
        return closed.get()

    def at_exchange(self, account):
        return self.machine.paper.orders(account)
