"""Who goes through a fire drill: a bot, all running deals of a user, or the job in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.db import DatabaseError

from botplatform.bots.backtests import job as jobs
from botplatform.bots.models import Bot, Deal
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.backtest.drill import Running
from strategies.deal import Deal as DealState
from strategies.market import Market as MarketRules
from strategies.opening import Past
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`balance`: the quote that its deals share; None if nobody knows. `notes`: what was assumed or left out."""

    title: str
    quote: str
    running: tuple[Running, ...]
    balance: Decimal | None
    notes: tuple[str, ...] = ()


def of_file(path: Path, price: Decimal | None, balance: Decimal | None) -> Subject:
    """The bot of a job file, with a deal that opens as the crash begins. Raises SettingsRefused."""
    job = jobs.read(path)
    notes = []
    if price is None:
        price = _last_price(job.market.symbol) or Decimal(100)
        notes.append(f"{job.market.symbol} is taken to stand at {written(price)}; --price says otherwise.")
    problems = tuple(job.strategy.problems(price, job.market))
    if problems:
        raise SettingsRefused(problems)
    balance = job.capital if balance is None else balance
    running = _opening_now(job.kind, job.strategy, job.market, price, balance)
    return Subject(
        title=f"a {job.kind} bot on {job.market.symbol}",
        quote=job.market.quote,
        running=(running,),
        balance=running.strategy.capital(price, job.market) if balance is None else balance,
        notes=tuple(notes),
    )


def of_bot(name: str, username: str | None, balance: Decimal | None) -> Subject:
    """A bot with the deals that it has open, or with those that it would open now. Raises SettingsRefused."""
    found = Bot.objects.filter(name=name).select_related("market", "account", "owner")
    bots = list(found if username is None else found.filter(owner__username=username))
    if not bots:
        raise _refused("bot", f"there is no bot {name!r}.", "Name one as its page does.")
    if len(bots) > 1:
        owners = ", ".join(sorted({bot.owner.username for bot in bots}))
        raise _refused("bot", f"{len(bots)} bots are called {name!r}, of {owners}.", "Add --user, or rename one.")
    (bot,) = bots
    deals = list(Deal.objects.filter(bot=bot, closed_at=None).select_related("bot", "market").order_by("opened_at"))
    if deals:
        return _of_deals(f"{bot.name} with what it has open", deals, balance)
    strategy = bot.strategy
    markets = [pair.market for pair in bot.pairs.select_related("market")] or [bot.market]
    running = tuple(
        _opening_now(f"{bot.name} on {market.symbol}", strategy, market.rules, _price(market), balance)
        for market in markets[: strategy.opening.deals_at_once]
    )
    return _subject(f"{bot.name} as if it began now", running, balance)


def of_user(username: str, account: str | None, quote: str | None, balance: Decimal | None) -> Subject:
    """All running deals of a user that share one balance. Raises SettingsRefused."""
    found = Deal.objects.filter(bot__owner__username=username, closed_at=None).order_by("opened_at")
    deals = [
        deal
        for deal in found.select_related("market", "bot__account")
        if account in (None, deal.bot.account.label) and quote in (None, deal.market.rules.quote)
    ]
    if not deals:
        raise _refused("user", f"{username!r} has no such deals open.", "Name a user, account and quote with some.")
    accounts = {deal.bot.account_id: deal.bot.account.label for deal in deals}
    if len(accounts) > 1:
        labels = ", ".join(sorted(accounts.values()))
        raise _refused("account", f"the deals run on {labels}, which share nothing.", "Name one with --account.")
    return _of_deals(f"the {len(deals)} running deals of {username} on {deals[0].bot.account.label}", deals, balance)


def _of_deals(title: str, deals: Iterable[Deal], balance: Decimal | None) -> Subject:
    running, notes = [], []
    for deal in deals:
        name = f"{deal.bot.name} #{deal.number}"
        try:
            strategy = deal.strategy
        except SettingsRefused as why:
            notes.append(f"{name} is left out: {why}")
            continue
        running.append(Running(name=name, strategy=strategy, deal=deal.state(), price=_price(deal.market)))
    return _subject(title, tuple(running), balance, tuple(notes))


def _subject(title: str, running: tuple[Running, ...], balance: Decimal | None, notes: tuple[str, ...] = ()) -> Subject:
    """Raises SettingsRefused if there is nothing to run, or in several quotes."""
    if not running:
        raise _refused("user", "no deal can be run.", " ".join(notes))
    quotes = sorted({each.deal.market.quote for each in running})
    if len(quotes) > 1:
        raise _refused("quote", f"the deals are in {', '.join(quotes)}, which share nothing.", "Name one with --quote.")
    return Subject(title=title, quote=quotes[0], running=running, balance=balance, notes=notes)


def _opening_now(
    name: str, strategy: Strategy, market: MarketRules, price: Decimal, balance: Decimal | None
) -> Running:
    """A deal as it would open now. Raises SettingsRefused if its sizes need a balance that is not known."""
    sized = strategy.for_deal(Past(balance=balance))
    deal = DealState(
        market=market,
        price=price,
        opened_at=int(clock.now().timestamp() * 1000),
        carried=sized.given(price, market),
        opens=sized.opens_with,
    )
    return Running(name=name, strategy=sized, deal=deal, price=price)


def _last_price(symbol: str) -> Decimal | None:
    try:
        known = Market.objects.filter(symbol=symbol, last_price__isnull=False).first()
    except DatabaseError:
        return None  # a job can be drilled where the platform has never run
    return None if known is None else known.last_price


def _price(market: Market) -> Decimal:
    if market.last_price is None:
        raise _refused("market", f"{market} has had no price yet.", "Let the feed run, then try again.")
    return market.last_price


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
