"""One person with many bots and everything that they did in half a year."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random

from django.db import transaction

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent, BotMarket, DailyProfit, Deal, Fill, Order
from botplatform.bots.seeding.kinds import SHARES, settings
from botplatform.bots.seeding.markets import EXCHANGE, Place, places
from botplatform.bots.seeding.story import Rows, Start, Story
from botplatform.exchanges.models import ExchangeAccount

_PAST = timedelta(days=180)
_BATCH = 2000
_AT_ONCE = 25  # bots whose rows are held in memory before they are written
_ERRORS = (
    (
        "over_turnover",
        "Take-profit: refused by the signer. With this order more would be traded than the grant allows.",
    ),
    ("exchange_refused", "Averaging-3: rejected by the exchange. Account has insufficient balance."),
    ("failure", "The bot stumbled and is tried again. The operator's log says why."),
)
_SUFFIXES = ("one", "two", "night", "calm", "wide", "test", "long", "small", "slow")


def accounts(owner: User, now: datetime) -> list[ExchangeAccount]:
    """Three accounts that no vault knows."""
    known = list(ExchangeAccount.objects.filter(owner=owner, made_up=True))
    labels = ("Seeded main", "Seeded savings", "Seeded try-outs")[len(known) :]
    made = [
        ExchangeAccount(
            id=uuid.uuid4(), owner=owner, exchange=EXCHANGE, label=label, made_up=True, connected_at=now - _PAST
        )
        for label in labels
    ]
    ExchangeAccount.objects.bulk_create(made)
    return known + made


def fill_up(owner: User, bots: int, orders: int, *, now: datetime, say: Callable[[str], None], seed: int = 5) -> None:
    """So many bots, and about so many orders of theirs."""
    random = Random(seed)  # noqa: S311 - chance that can be repeated is the point
    where, mine = places(now, random), accounts(owner, now)
    days: dict[tuple[str, date], list[Deal]] = defaultdict(list)
    written = 0
    kinds = _kinds(bots, random)
    for first in range(0, bots, _AT_ONCE):
        made, rows, pairs = [], Rows(), []
        for number, kind in enumerate(kinds[first : first + _AT_ONCE], first):
            bot, place = _bot(
                owner, mine[number % len(mine)], number=number, kind=kind, where=where, now=now, random=random
            )
            made.append(bot)
            pairs.append(BotMarket(bot=bot, market=place.market))
            left = round((orders - written - len(rows.orders)) / (bots - number))
            _live(bot, place, left, rows, now=now, random=random)
        for deal in rows.deals:
            if deal.closed_at is not None:
                days[deal.market.rules.quote, deal.closed_at.date()].append(deal)
        written += len(rows.orders)
        _write(made, pairs, rows)
        say(f"{first + len(made):,} of {bots:,} bots, {written:,} orders")
    for (quote, day), closed in days.items():
        row, _ = DailyProfit.objects.get_or_create(owner=owner, quote=quote, day=day)
        row.realised += sum((deal.realised for deal in closed), Decimal(0))
        row.deals += len(closed)
        row.save()


def _kinds(bots: int, random: Random) -> list[str]:
    several = [kind for kind, share in SHARES.items() for _ in range(share)]
    random.shuffle(several)
    endless: Iterator[str] = cycle([*SHARES, *several])
    return [next(endless) for _ in range(bots)]


def _bot(
    owner: User, account: ExchangeAccount, *, number: int, kind: str, where: list[Place], now: datetime, random: Random
) -> tuple[Bot, Place]:
    place = random.choice(where)
    begun = now - _PAST * random.uniform(0.3, 1)
    bot = Bot(
        owner=owner,
        account=account,
        market=place.market,
        name=f"{place.market.rules.base} {kind} {random.choice(_SUFFIXES)} {number + 1}",
        kind=kind,
        settings=settings(kind, place, random),
        enabled=random.random() < 0.8,  # noqa: PLR2004
        created_at=begun,
        started_at=begun,
        grant_version=1,
    )
    return bot, place


def _live(bot: Bot, place: Place, orders: int, rows: Rows, *, now: datetime, random: Random) -> None:
    """Deals one after the other until there are so many orders; the last one mostly goes on."""
    begun, before = bot.created_at, len(rows.orders)
    at, number, strategy = begun, 0, bot.strategy
    pace = (now - begun) / max(orders, 12)
    price = place.price * Decimal(f"{random.uniform(0.85, 1.15):.4f}")
    while number <= orders:
        number += 1
        spent = len(rows.orders) - before
        last = spent >= orders or at >= now - pace * 4
        if last:
            price = place.price * Decimal(f"{random.uniform(0.985, 1.01):.5f}")
            if random.random() < 0.25:  # noqa: PLR2004 - between two deals
                return
        start = Start(number=number, price=place.market.rules.price_up(price), at=at, pace=pace)
        story = Story(bot, place.market, strategy, start, rows=rows, random=random)
        story.tell(until_closed=not last, latest=now)
        if story.row.closed_at is not None:
            bot.deals_closed += 1
            bot.realised += story.row.realised
        if last:
            break
        # Back towards the price of today, so that the last deal is where the market is.
        share = Decimal(f"{min(1.0, (story.at - begun) / (now - begun)):.4f}")
        price = story.price * (1 - share) + place.price * share
        at = min(now, story.at + pace * random.uniform(0.2, 2))
    if random.random() < 0.04:  # noqa: PLR2004
        code, text = random.choice(_ERRORS)
        rows.events.append(BotEvent(bot=bot, at=now, level=BotEvent.Level.ERROR, code=code, text=text))


@transaction.atomic
def _write(bots: list[Bot], pairs: list[BotMarket], rows: Rows) -> None:
    Bot.objects.bulk_create(bots, batch_size=_BATCH)
    BotMarket.objects.bulk_create(pairs, batch_size=_BATCH)
    Deal.objects.bulk_create(rows.deals, batch_size=_BATCH)
    Order.objects.bulk_create(rows.orders, batch_size=_BATCH)
    Fill.objects.bulk_create(rows.fills, batch_size=_BATCH)
    BotEvent.objects.bulk_create(rows.events, batch_size=_BATCH)
