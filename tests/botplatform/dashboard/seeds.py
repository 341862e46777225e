"""Rows as a running bot leaves them."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from random import Random

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent, BotMarket, Deal, Fill, Order, Study
from botplatform.bots.sums import keeping
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets.models import Candle, Market

SETTINGS = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": 5,
    "step": "0.004",
    "step_scale": "1.2",
    "volume_scale": "1.3",
    "take_profit": "0.005",
    "stop_loss": "0.05",
}


def now():
    return datetime.now(UTC)


def market():
    rules = {"tick_size": D("0.01"), "lot_size": D("0.00001"), "min_notional": D(5)}
    stands = {"last_price": D(60000), "last_price_at": now()}
    return Market.objects.get_or_create(exchange="paper", symbol="BTC/USDT", defaults={**rules, **stands})[0]


def user(name, **more):
    """Without a password: making one is slow, and tests sign in without."""
    return User.objects.create_user(name, **more)


def account(owner):
    return ExchangeAccount.objects.create(
        id=uuid.uuid4(), owner=owner, exchange="paper", label="Paper account", connected_at=now()
    )


def bot(owner, **more):
    given = {"name": "Demo DCA", "settings": SETTINGS, "created_at": now(), "enabled": True, **more}
    where = given.pop("account", None) or account(owner)
    made = Bot.objects.create(owner=owner, account=where, market=market(), **given)
    BotMarket.objects.create(bot=made, market=made.market)
    return made


def deal(bot, number=1, price="60000", **more):
    given = {"opened_at": now(), "kind": bot.kind, "settings": bot.settings, "price": price, **more}
    return Deal.objects.create(bot=bot, market=bot.market, number=number, **given)


def order(deal, name, side, amount, price, state=Order.State.ACCEPTED, **more):
    at = more.pop("at", now())
    given = {"generation": 1, "total": amount, "created_at": at, "updated_at": at, **more}
    return Order.objects.create(
        deal=deal,
        name=name,
        side=side,
        amount=amount,
        price=price,
        state=state,
        client_order_id=uuid.uuid4().hex,
        **given,
    )


def fill(order, amount=None, price=None, at=None):
    """A trade of all of it, or of a part."""
    amount, price = D(amount or order.amount), D(price or order.price)
    Order.objects.filter(pk=order.pk).update(filled=order.filled and D(order.filled) + amount)
    buying = order.side == "buy"
    return Fill.objects.create(
        order=order,
        trade_id=uuid.uuid4().hex,
        amount=amount,
        price=price,
        fee=amount * D("0.001") * (1 if buying else price),
        fee_asset="BTC" if buying else "USDT",
        maker=True,
        traded_at=at or now(),
        learned=Fill.objects.count() + 1,
    )


def bought(bot, number=1, **more):
    """An open deal whose base order has filled at 60,000."""
    made = deal(bot, number, **more)
    base = order(made, "base", "buy", "0.00084", "60000", Order.State.FILLED, at_market=True, filled="0.00084")
    fill(base, at=made.opened_at)
    keeping.tally(made, made.state())
    return made


def closed(bot, number, at, entry, leave, profit):
    """A deal that ended at its take profit."""
    made = deal(bot, number, entry, opened_at=at, closed_at=at + timedelta(minutes=9), realised=profit)
    keeping.book(bot.pk, D(profit), made.closed_at)
    base = order(made, "base", "buy", "0.00084", entry, Order.State.FILLED, at=at, filled="0.00084")
    fill(base, at=at)
    sell = order(made, "take-profit", "sell", "0.00083", leave, Order.State.FILLED, at=made.closed_at, filled="0.00083")
    fill(sell, at=made.closed_at)
    return made


def candles(market, minutes=240, end=60000, seed=7):
    """A random walk that arrives at `end` now."""
    source, close, rows = Random(seed), float(end), []
    start = now().replace(second=0, microsecond=0)
    for back in range(minutes):
        opened = close * (1 + source.gauss(0, 0.0009))
        high = max(opened, close) * (1 + abs(source.gauss(0, 0.0005)))
        low = min(opened, close) * (1 - abs(source.gauss(0, 0.0005)))
        rows.append(
            Candle(
                market=market,
                opened_at=start - timedelta(minutes=back),
                **{
                    name: D(f"{value:.2f}")
                    for name, value in zip(("open", "high", "low", "close"), (opened, high, low, close), strict=True)
                },
                volume=D("1.5"),
            )
        )
        close = opened
    Candle.objects.bulk_create(rows)


def lively(owner):
    """A bot in the middle of its fourth deal, for the eye."""
    made = bot(owner)
    place = made.market
    Market.objects.filter(pk=place.pk).update(last_price="59871.37", last_price_at=now())
    candles(place, end=59871.37)
    begin = now() - timedelta(minutes=110)
    for number, profit in enumerate(("0.2514", "0.2498", "0.3121"), 1):
        at = begin + timedelta(minutes=28 * (number - 1))
        candle = Candle.objects.filter(market=place, opened_at__lte=at).last()
        later = Candle.objects.filter(market=place, opened_at__lte=at + timedelta(minutes=9)).last()
        closed(made, number, at, candle.low, later.high, profit)
        note(made, f"Deal #{number} closed at its take profit: +{profit} USDT.", at=at + timedelta(minutes=9))
    current = bought(made, 4, opened_at=now() - timedelta(minutes=17))
    first = order(current, "averaging-1", "buy", "0.00084", "59820.12", Order.State.FILLED, filled="0.00084")
    fill(first, at=now() - timedelta(minutes=9))
    keeping.tally(current, current.state())
    for number, (amount, price) in enumerate(
        (("0.00109", "59532.01"), ("0.00142", "59186.27"), ("0.00186", "58771.39")), 2
    ):
        order(current, f"averaging-{number}", "buy", amount, price)
    order(current, "take-profit", "sell", "0.00167", "60331.15")
    note(made, "Averaging order 1 bought 0.00084 BTC at 59,820.12.", deal=current, at=now() - timedelta(minutes=9))
    note(made, "Started: it opens deals from now on.", at=begin - timedelta(minutes=1))
    return made


def note(bot, text, *, level=BotEvent.Level.INFO, at=None, deal=None):
    return BotEvent.objects.create(bot=bot, text=text, level=level, at=at or now(), deal=deal)


def study(owner, **more):
    """A backtest that is done."""
    hours = [[1_760_000_000 + hour * 3600, hour / 2000] for hour in range(100)]
    figures = {"profit": "12.5", "quote": "USDT", "profit_share": 0.05, "drawdown": 0.02, "deals": 7, "capital": "250"}
    given = {"job": {"settings": SETTINGS}, "exchange": "paper", "interval": "1m", "figures": figures}
    given |= {"curve": hours, "title": "dca on BTC/USDT", "state": "done", "created_at": now(), **more}
    row = Study.objects.create(owner=owner, **given)
    row.report.parent.mkdir(mode=0o700, exist_ok=True)
    row.report.write_text("<!doctype html><title>Report</title>")
    return row
