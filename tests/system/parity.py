"""One price path, walked twice: by the backtest, and by runner, signer and paper exchange, a corner at a time."""

import contextlib
import time
import uuid
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.test import override_settings

from botplatform.accounts.models import User
from botplatform.bots import actions
from botplatform.bots.models import BotEvent, Deal, Fill, Order
from botplatform.exchanges import vault
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib import clock
from botplatform.lib.layout import Layout
from botplatform.markets.models import Market
from botplatform.paper.markets import MARKETS
from botplatform.runner.models import Shard
from botplatform.runner.news import catch_up
from strategies.backtest.candles import Candles
from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.events import Tick
from strategies.orders import OpenOrder
from strategies.reconcile import reconcile
from tests.botplatform.runner.runs import Run

AT_MARKET = ("base", "start", "close")
_MINUTE = 60_000
_BEGIN = 1_700_000_040_000
_SETTLING = 60  # seconds that a corner may take
_BREATH = 0.03


class Trade(NamedTuple):
    """A fill, as both tell it."""

    deal: int
    order: str
    side: str
    price: Decimal
    amount: Decimal

    @property
    def at_market(self):
        return self.order in AT_MARKET


class Bars:
    """Seeded bars: moderate moves, a few gaps between a close and the next open. `grain`: prices are multiples of it."""

    def __init__(self, symbol, seed, count, grain=None):
        self.symbol, self.at_exchange = symbol, symbol.replace("/", "")
        market, chance = MARKETS[self.at_exchange], np.random.default_rng(seed)
        steps = chance.normal(0, 0.005, (count, 5))
        steps[:, 0] *= chance.choice([0, 0, 0, 4], count)  # from the close before to the open
        log = np.cumsum(steps).reshape(count, 5)
        grain = Decimal(grain or market.tick)

        def price(distance):
            return round(market.start * Decimal(float(np.exp(distance))) / grain) * grain

        self.rows = [
            tuple(map(price, (row[0], row.max(), row.min(), row[-1])))  # open, high, low, close
            for row in log - log[0, 0]
        ]

    @property
    def corners(self):
        """The path itself, as both descriptions of a bar have it."""
        return [
            price
            for opened, high, low, close in self.rows
            for price in ((opened, low, high, close) if close > opened else (opened, high, low, close))
        ]

    def write(self, folder):
        """Where the bars stand now, in the form of Binance's dumps."""
        file = folder / f"{self.at_exchange}-1m.csv"
        lines = (f"{_BEGIN + number * _MINUTE},{','.join(map(str, row))},1" for number, row in enumerate(self.rows))
        file.write_text("\n".join(lines) + "\n")
        return f"{self.at_exchange}={file}"

    def candles(self):
        """The bars for the backtest."""
        return _candles(np.array(self.rows, dtype=float).T)

    def flat_candles(self):
        """A candle a corner: a bot that hears a price at corners only has this path before it."""
        return _candles(np.tile(np.array(self.corners, dtype=float), (4, 1)))


def _candles(columns):
    opened, high, low, close = columns
    return Candles(
        opened_at=_BEGIN + np.arange(len(opened), dtype=np.int64) * _MINUTE,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=np.ones(len(opened)),
        span=_MINUTE,
    )


class Backtest:
    """A bot's own strategy under its market's own rules; fills by the number of the candle."""

    def __init__(self, strategy, rules, candles, fill=FillRule.TOUCH):
        result = run(strategy, rules, candles, Options(fill=fill, gap=GapRule.LIMIT))
        self.endings = [str(deal.ending) for deal in result.deals]
        self.fills = defaultdict(list)
        for each in result.fills:
            self.fills[each.bar].append(Trade(each.deal, each.order, each.side, each.price, each.amount))


class LiveBot(Run):
    """A bot on an account of its own, and what it did at every corner."""

    def __init__(self, machine, lease, bars, kind, settings):
        self.bars, grid = bars, MARKETS[bars.at_exchange]
        market = Market.objects.create(
            exchange="paper",
            symbol=bars.symbol,
            tick_size=grid.tick,
            lot_size=grid.lot,
            min_notional=grid.min_notional,
            min_amount=grid.lot,
            last_price=bars.corners[0],
            last_price_at=clock.now(),
        )
        user = User.objects.create_user(uuid.uuid4().hex)
        opened = machine.account(owner=user.pk, USDT="10000")
        self.account = opened.id
        account = ExchangeAccount.objects.create(
            id=opened.credential, owner=user, exchange="paper", label="Paper", connected_at=clock.now()
        )
        bot = actions.create(user, account, market, name=kind, kind=kind, settings=settings)
        actions.start(bot)
        self.strategy, self.rules = bot.strategy, market.rules
        self.name, self.fills, self.known = kind, {}, set()
        super().__init__(machine, lease, bot, bars.symbol)

    def begin(self, corner):
        """The exchange stands at this corner now, and everything that the way there passed has traded."""
        self.corner = corner
        self.tick = Tick(int(clock.now().timestamp() * 1000), self.bars.corners[corner])

    def turn(self, news):
        """What a slice does with news and a price. Whether nothing was left to do at this price."""
        if self.keeper.stirred or self.keeper.deal_id in news.deals:
            self.keeper.tell(news)
            self.keeper.reload(self.keeper.pair)
        self.keeper.beat(self.tick)
        if self.keeper.stirred or self.keeper.restless or not self.stands():
            return False
        return Fill.objects.filter(order__deal__bot=self.pk).count() == self.trades()

    def stands(self):
        """Whether the open deal's book is as its strategy wants it: the keeper may only be pausing."""
        deal = Deal.objects.filter(bot=self.pk, closed_at=None).select_related("bot", "market").first()
        rows = [row for row in Order.objects.filter(deal__bot=self.pk) if not row.over]
        if deal is None or any(row.cancelling or row.state != Order.State.ACCEPTED for row in rows):
            return False
        state, book = deal.state(), [OpenOrder(order=row.wanted, remaining=row.remaining) for row in rows]
        wanted, price = deal.strategy.orders(state), self.tick.price
        return not reconcile(wanted, book, state.filled_amounts, state.market, held=state.held, last_price=price)

    def trades(self):
        path = f"/accounts/{self.account}/trades?symbol={self.bars.at_exchange}"
        return len(self.machine.paper.call("GET", path))

    def end(self):
        """Note down what traded since the corner before."""
        rows = Fill.objects.filter(order__deal__bot=self.pk).exclude(pk__in=self.known).select_related("order__deal")
        self.fills[self.corner] = [
            Trade(row.order.deal.number, row.order.name, row.order.side, row.price, row.amount) for row in rows
        ]
        self.known.update(row.pk for row in rows)

    def complaints(self):
        return list(BotEvent.objects.filter(bot=self.pk, level="error").values_list("text", flat=True))


def walk(machine, planned):
    """Run bots, `(bars, kind, settings)` each, along their paths; all bars are equally many. The bots afterwards."""
    with _platform(machine) as lease:
        # What 200 corners in half a minute ask of an exchange would take hours.
        machine.paper.call("POST", "/limits", {"weight": 10_000_000, "orders": 1_000_000})
        bots = [LiveBot(machine, lease, *plan) for plan in planned]
        corners = len(bots[0].bars.corners)
        for corner in range(corners):
            if corner:
                stands = machine.paper.call("POST", "/step", {"count": 1})["markets"]
                at = [Decimal(stands[bot.bars.at_exchange]["price"]) for bot in bots]
                assert at == [bot.bars.corners[corner] for bot in bots], "the exchange walks the same path"
            _settle(bots, lease, corner)
        for bot in bots:
            bot.errors = bot.complaints()
        return bots


def _settle(bots, lease, corner):
    deadline = time.monotonic() + _SETTLING
    busy = list(bots)
    for bot in bots:
        bot.begin(corner)
    while busy:
        assert time.monotonic() < deadline, f"corner {corner}: {[bot.bars.symbol for bot in busy]} do not settle"
        lease.renew()  # a slice has a thread for it
        news = catch_up(lease)
        busy = [bot for bot in busy if not bot.turn(news)]
        if busy and not news.fills:
            time.sleep(_BREATH)  # the signer has to find out, and shares this machine
    for bot in bots:
        bot.end()


@contextlib.contextmanager
def _platform(machine):
    """The platform in this process, a runner with a lease on a shard of its own. No row of it stays."""
    layout = Layout(var=machine.folder, run=machine.run_folder, web_port=0, pages_port=0, paper_port=0)
    with override_settings(LAYOUT=layout, PLATFORM_DIR=layout.platform), transaction.atomic():
        for client in (vault.web, vault.runner):
            client.cache_clear()
        try:
            lease = vault.runner().take_lease("parity")
            Shard.objects.create(name=lease.shard)
            yield lease
        finally:
            for client in (vault.web, vault.runner):
                if client.cache_info().currsize:
                    client().close()
                client.cache_clear()
            transaction.set_rollback(True)
