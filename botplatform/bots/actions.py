"""What a user can do with a bot. Views, commands and the admin all come through here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from botplatform.accounts.identified import identified_at
from botplatform.accounts.models import User
from botplatform.bots.limits import Need, NoPrice, limits
from botplatform.bots.models import Bot, BotEvent, BotMarket, Deal, Wish
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import Limits, WriteGrant, web
from botplatform.lib import clock
from botplatform.markets.models import Market
from strategies.kinds import from_json
from strategies.market import ZERO
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

__all__ = ["NoPrice", "allow", "cancel", "close_at_market", "complain", "create", "note", "start", "stop"]


def create(
    owner: User,
    account: ExchangeAccount,
    market: Market,
    more: Sequence[Market] = (),
    *,
    name: str,
    kind: str,
    settings: dict[str, Any],
) -> Bot:
    """A bot that is not running yet, on `market` and `more`. Raises SettingsRefused with every problem known now."""
    strategy = from_json(kind, settings)
    problems: list[Problem] = []
    markets = list(dict.fromkeys((market, *more)))
    for each in markets:
        if account.owner_id != owner.pk or account.exchange != each.exchange:
            problems.append(Problem("account", "this account cannot trade on that market.", "Choose one of your own."))
        if each.rules.quote != market.rules.quote:
            quote = market.rules.quote
            problem = Problem("markets", f"{each.symbol} is not paid in {quote}.", "Choose markets of one quote.")
            problems.append(problem)
        if each.last_price is not None:
            problems += problems_on(strategy, each, each.last_price)
    if not name.strip():
        problems.append(Problem("name", "it is empty.", "Give the bot a name."))
    if problems:
        raise SettingsRefused(tuple(dict.fromkeys(problems)))
    with transaction.atomic():
        bot = Bot.objects.create(
            owner=owner,
            account=account,
            market=market,
            name=name.strip(),
            kind=kind,
            settings=settings,
            created_at=clock.now(),
        )
        BotMarket.objects.bulk_create(
            BotMarket(bot=bot, market=each, position=position) for position, each in enumerate(markets)
        )
    return bot


def start(bot: Bot) -> None:
    """Let it open deals. Its grant is written first: without one nothing that it asks for is signed.

    Raises NoPrice, SettingsRefused, and the vault's Refused, Retry and OutcomeUnknown.
    """
    strategy, problems = bot.strategy, list[Problem]()
    for market in _markets(bot):
        if market.last_price is None:
            raise NoPrice(f"{market.symbol} has no price yet. Wait a moment, and look whether the feed is running.")
        problems += problems_on(strategy, market, market.last_price)
    if problems:
        raise SettingsRefused(tuple(dict.fromkeys(problems)))
    allow(bot)
    bot.enabled, bot.started_at = True, clock.now()
    bot.save(update_fields=["enabled", "started_at"])
    note(bot, "Started: it opens deals from now on.")


def allow(bot: Bot, deal: Deal | None = None, strategy: Strategy | None = None, more: Decimal = ZERO) -> None:
    """Write the grant that the bot needs: for deals to come, and for those that are open with what was added to them.

    `deal` is about to get `strategy`, or so much `more` quote. Raises the vault's Refused, Retry and OutcomeUnknown.
    """
    markets = _markets(bot)
    needs = [Need.of(bot.strategy, market) for market in markets]
    going_on = list(bot.deals.filter(closed_at=None).select_related("market"))
    for each in going_on:
        mine = deal is not None and each.pk == deal.pk
        added = bot.wishes.filter(market=each.market, kind=Wish.Kind.ADD, refused="")
        quote = sum((Decimal(wish.what["quote"]) for wish in added.filter(wished_at__gte=each.opened_at)), ZERO)
        needs.append(Need.of(each.strategy, each.market, quote + more if mine else quote))
        if mine and strategy is not None:
            needs.append(Need.of(strategy, each.market, quote + more))
    at_once = max(bot.strategy.opening.deals_at_once, len(going_on))
    _write_grant(bot, limits(needs, exchange=bot.account.exchange, deals_at_once=at_once, now=clock.now()))


def problems_on(strategy: Strategy, market: Market, price: Decimal) -> Iterator[Problem]:
    """What cannot work on this market now: the kind's own problems, and an exit that no single order can be."""
    problems = list(strategy.problems(price, market.rules))
    yield from problems
    if problems or market.max_amount is None:
        return
    largest = strategy.largest_order(price, market.rules)
    if largest > market.max_amount * price:
        base = market.rules.base
        yield Problem(
            "settings",
            f"a deal's largest order may be {largest / price:.4f} {base}, and {market.symbol} takes at most"
            f" {market.max_amount.normalize():f} {base} in one.",
            "Make its orders smaller, or use fewer of them.",
        )


def _markets(bot: Bot) -> list[Market]:
    return [pair.market for pair in bot.pairs.select_related("market")]


def _write_grant(bot: Bot, allowed: Limits) -> None:
    """The next version of the bot's grant. A version that is there already with these limits is not written again.

    It may be wider than the one before: its user has asked for it, and signed in or confirmed at `identified_at`.
    """
    answer = web().write_grant(
        WriteGrant(
            grant=bot.grant,
            owner=bot.owner_id,
            credential=bot.account_id,
            version=bot.grant_version + 1,
            label=bot.name,
            limits=allowed,
            reauthenticated_at=identified_at(),
        )
    )
    Bot.objects.filter(pk=bot.pk).update(grant_version=answer.version)
    bot.grant_version = answer.version


def stop(bot: Bot) -> None:
    """Open no more deals. The one that is open goes on to its end."""
    Bot.objects.filter(pk=bot.pk).update(enabled=False)
    bot.enabled = False
    note(bot, "Stopped: no new deals. An open deal goes on to its end.")


def close_at_market(deal: Deal) -> None:
    """Sell what the deal holds at the market and end it. The runner does it; the page shows when it is done."""
    _wish(deal, Deal.Wish.CLOSE, "You asked to close the deal at market.")


def cancel(deal: Deal) -> None:
    """End the deal and keep the coins."""
    _wish(deal, Deal.Wish.CANCEL, "You asked to cancel the deal and keep the coins.")


def _wish(deal: Deal, wish: Deal.Wish, text: str) -> None:
    with transaction.atomic():
        if Deal.objects.filter(pk=deal.pk, closed_at=None).update(wish=wish):
            note(deal.bot, text, deal=deal)


def note(
    bot: Bot, text: str, *, deal: Deal | None = None, level: BotEvent.Level = BotEvent.Level.INFO, code: str = ""
) -> None:
    """A line on the bot's timeline."""
    BotEvent.objects.create(bot=bot, deal=deal, at=clock.now(), level=level, code=code, text=text[:600])


def complain(bot: Bot, code: str, text: str, *, deal: Deal | None = None) -> None:
    """Put an error into the bot's inbox, unless the same stands there already."""
    standing = BotEvent.objects.filter(bot=bot, level=BotEvent.Level.ERROR, code=code, text=text[:600], dismissed=False)
    if not standing.exists():
        note(bot, text, deal=deal, level=BotEvent.Level.ERROR, code=code)
