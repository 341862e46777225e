"""What a user can do with a deal that goes on, and how a deal is started by hand. The runner does it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from botplatform.bots.actions import NoPrice, allow, note, stop
from botplatform.bots.models import Bot, Deal, Wish
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.kinds import from_json, state_to_text
from strategies.settings import Problem, SettingsRefused
from strategies.signal_bot.order import Action
from strategies.signal_bot.settings import SignalSettings
from strategies.signal_bot.words import Refusal, translate


def start_deal(bot: Bot, market: Market) -> Wish:
    """Open a deal now, whatever the start conditions say."""
    return _wish(bot, market, Wish.Kind.START, {}, "You asked for a deal to be started.")


def signal(bot: Bot, market: Market) -> Wish:
    """A signal came for this bot on this market, of the kind that start conditions listen to."""
    return _wish(bot, market, Wish.Kind.SIGNAL, {}, "A signal came.")


def heed(bot: Bot, market: Market, message: Mapping[str, Any]) -> Wish:
    """A message came for a signal bot, from somebody who knew its secret. The same message is heeded once.

    One that disables the bot does so at once. Raises SettingsRefused if it is no signal for this bot, or is too old,
    and NoPrice.
    """
    strategy = bot.strategy
    if not isinstance(strategy, SignalSettings):
        raise SettingsRefused((Problem("bot", "it is no signal bot.", "Send this to one, or send a start signal."),))
    if market.last_price is None:
        raise NoPrice(f"{market.symbol} has no price yet.")
    now = int(clock.now().timestamp() * 1000)
    found = translate(message, strategy, market.rules, now=now, last_price=market.last_price)
    if isinstance(found, Refusal):
        raise SettingsRefused((Problem("message", found.reason, ""),))
    what = {
        "action": found.action,
        "at": found.at,
        "price": written(found.price),
        "details": dict(found.details),
    }
    try:
        wish = _wish(bot, market, Wish.Kind.SIGNAL, what, f"A signal came: {found.action}.", identity=found.wish)
    except IntegrityError:
        problem = Problem("message", "it was heard before.", "Send each signal once.")
        raise SettingsRefused((problem,)) from None
    if found.action == Action.DISABLE:
        stop(bot)
    return wish


def add_funds(deal: Deal, quote: Decimal, price: Decimal | None = None) -> Wish:
    """Put more into the deal, at market or by a limit order. Its grant grows with it.

    Raises SettingsRefused for what is no amount, and the vault's Refused, Retry and OutcomeUnknown.
    """
    problems = [*_not_positive("quote", quote), *_not_positive("price", price)]
    if problems:
        raise SettingsRefused(tuple(problems))
    allow(deal.bot, deal, more=quote)
    what = {"quote": written(quote), "price": "" if price is None else written(price)}
    return _wish(deal.bot, deal.market, Wish.Kind.ADD, what, f"You asked to add {written(quote)}.", deal)


def close_part(deal: Deal, share: Decimal, price: Decimal | None = None) -> Wish:
    """Exit a share of what the deal holds, and go on. Raises SettingsRefused for what is no share."""
    if not share.is_finite() or not 0 < share <= 1:
        raise SettingsRefused((Problem("share", f"{share} is no share.", "Give more than 0 and at most 1."),))
    what = {"share": written(share), "price": "" if price is None else written(price)}
    return _wish(deal.bot, deal.market, Wish.Kind.REDUCE, what, f"You asked to close {share:.0%} of the deal.", deal)


def edit(deal: Deal, settings: dict[str, Any], kind: str | None = None) -> None:
    """Give an open deal other settings. Its fills stay; orders whose terms change are cancelled and placed again.

    With another `kind` the deal is converted. Its grant is brought up to what they need. Raises SettingsRefused with
    every problem, NoPrice, and the vault's Refused, Retry and OutcomeUnknown.
    """
    strategy = from_json(kind or deal.kind, settings)
    before = deal.strategy
    problems: list[Problem] = []
    if strategy.opens_with is not before.opens_with:
        problems.append(Problem("direction", "an open deal cannot be turned round.", "Close it, and open another."))
    if deal.market.last_price is None:
        raise NoPrice(f"{deal.market.symbol} has no price yet.")
    problems += strategy.problems(deal.market.last_price, deal.market.rules)
    if problems:
        raise SettingsRefused(tuple(problems))
    allow(deal.bot, deal, strategy)
    with transaction.atomic():
        current = Deal.objects.select_for_update().select_related("market").filter(pk=deal.pk, closed_at=None).first()
        if current is None:
            raise SettingsRefused((Problem("deal", "it has ended.", "Look at the bot's present deal."),))
        state = current.state()
        if current.kind != (kind or current.kind):
            state.state = None  # another kind remembers other things
        else:
            strategy.takes_over(state, current.strategy)
        current.settings, current.kind = settings, kind or current.kind
        current.memory = state_to_text(state.state)
        current.edited += 1
        current.save(update_fields=["settings", "kind", "memory", "edited"])
        note(deal.bot, "You changed the settings of the open deal.", deal=deal)


def _wish(  # noqa: PLR0917 - a row and its line on the timeline
    bot: Bot,
    market: Market,
    kind: Wish.Kind,
    what: dict[str, Any],
    text: str,
    deal: Deal | None = None,
    *,
    identity: str = "",
) -> Wish:
    with transaction.atomic():
        row = {"bot": bot, "market": market, "kind": kind, "what": what, "identity": identity}
        wish = Wish.objects.create(**row, wished_at=clock.now())
        note(bot, text, deal=deal)
    return wish


def _not_positive(field: str, value: Decimal | None) -> list[Problem]:
    if value is None or (value.is_finite() and value > 0):
        return []
    return [Problem(field, f"{value} cannot be.", "Give a number above 0.")]
