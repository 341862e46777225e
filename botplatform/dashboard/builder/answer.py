"""Everything that follows from a form: what is wrong, sentences, lines, rows, money, and what to test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from botplatform.bots.backtests.hand import Question, Series
from botplatform.bots.claims import claims
from botplatform.bots.grant_words import in_words
from botplatform.bots.limits import Need, NoPrice, limits
from botplatform.dashboard.builder import tables
from botplatform.dashboard.builder.draft import Draft
from botplatform.dashboard.builder.history import HISTORIES, History
from botplatform.dashboard.builder.lines import dragged, lines, price_of
from botplatform.dashboard.builder.outlook import Outlook, Worst, worst
from botplatform.dashboard.builder.sections import KINDS
from botplatform.dashboard.builder.sentences import sentences
from botplatform.exchanges.models import Balance
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.dca import DCA
from strategies.dca.choices import VolumeIn
from strategies.grid import Grid
from strategies.rebalance import Rebalance
from strategies.settings import SettingsRefused
from strategies.signal_bot import SignalBot
from strategies.smart import SmartTrade

_TURNS = 3
_PROBE = 1000  # times the smallest order: rounding to lots hardly matters then
_ASSUMED = "1000"  # quote on the account, for sizes in percent of it where nothing else is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The money of a bot, in one place. None: not known yet."""

    quote: str
    capital: Decimal | None
    claimed: Decimal
    free: Decimal | None  # of what the account had when it was last asked, less what others claim
    worst: Worst | None
    at_once: int

    @property
    def short(self) -> bool:
        """Whether the account has less than is needed."""
        return self.free is not None and self.capital is not None and self.capital > self.free


def answer(draft: Draft, but: UUID | None = None) -> dict[str, Any]:
    """For the page's script, as JSON."""
    draft.check()
    out = draft.outlook
    return {
        "problems": draft.problems,
        "warnings": draft.warnings,
        "troubled": _troubled(draft),
        "sentences": _sentences(draft),
        "lines": _lines(draft, out),
        "table": render_to_string("dashboard/builder/table.html", table(draft, out)),
        "strip": render_to_string("dashboard/builder/strip.html", {"strip": strip(draft, but), "draft": draft}),
    }


def after_drag(draft: Draft, handle: str, at: str) -> dict[str, str]:
    """What has to be typed for a line to lie where it was dragged to; empty where that is nowhere."""
    price, out, strategy = price_of(at), draft.outlook, draft.sized
    if price is None or out is None or strategy is None:
        return {}
    try:
        return dict(dragged(strategy, out, handle, price))
    except (ArithmeticError, IndexError, ValueError):
        return {}


def sized_by_risk(draft: Draft) -> dict[str, str]:
    """What to spend on a smart trade so that its stop loss costs as much as was typed into `_risk`, and no more.

    A loss at the stop grows with the size, so one trade that is played through says what a unit of quote loses. Fees
    are in it. Empty without a stop loss, or while the trade cannot be played through.
    """
    risk, rules, price, trade = price_of(draft.typed.get("_risk", "")), draft.rules, draft.price, draft.sized
    if risk is None or rules is None or price is None or not isinstance(trade, SmartTrade):
        return {}
    if trade.quote_amount is None or trade.stop_loss is None:
        return {}
    amount = _PROBE * max(rules.min_notional, rules.smallest * price)
    for turn in range(_TURNS):
        found = worst(replace(trade, quote_amount=amount), rules, price, Decimal(0))
        if found is None or not found.ends or not found.loss:
            if not turn:
                return {}
            break  # too small for the exchange, which the field then says
        # Each turn comes nearer: what is left is the rounding to lots of the amount itself, always downwards.
        amount = (amount * risk / found.loss).quantize(Decimal("0.01") if amount > 1 else rules.lot_size, ROUND_FLOOR)
        if not amount:
            return {}
    return {"quote_amount": written(amount)}


def _troubled(draft: Draft) -> dict[str, int]:
    """How many problems each section has."""
    found = {}
    for section in KINDS[draft.kind].sections:
        names = set(section.settings)
        count = sum(path.partition(".")[0] in names for path in draft.problems)
        found[section.key] = count
    return found


def _sentences(draft: Draft) -> dict[str, str]:
    if draft.strategy is None or draft.rules is None:
        return {}
    return dict(sentences(draft.strategy, draft.rules))


def _lines(draft: Draft, out: Outlook | None) -> list[dict[str, Any]]:
    if out is None or draft.sized is None:
        return []
    return [
        {"price": float(line.price), "title": line.title, "kind": line.kind, "handle": line.handle}
        for line in lines(draft.sized, out)
    ]


def table(draft: Draft, out: Outlook | None) -> dict[str, Any]:
    """The rows under the chart, for their template."""
    common = {"market": draft.market, "draft": draft, "price": draft.price}
    if out is None or draft.sized is None:
        return common
    if isinstance(draft.sized, DCA):
        return {**common, "ladder": tables.ladder(draft.sized, out)}
    if isinstance(draft.sized, Grid):
        return {**common, "grid": tables.grid(draft.sized, out)}
    return {**common, "plan": tables.plan(out), "awaited": out.awaited}


def strip(draft: Draft, but: UUID | None) -> Strip | None:
    """What it costs, what others claim, what can be lost. None without a market."""
    rules, price, capital = draft.rules, draft.price, draft.capital
    if rules is None or price is None:
        return None
    account = draft.chosen.account
    taken = Decimal(0) if account is None else claims(account, but).get(rules.quote, Decimal(0))
    balance = Balance.objects.filter(account=account, asset=rules.quote).first()
    found = None
    at_once = 1
    if draft.sized is not None and capital is not None:
        at_once = max(1, min(draft.sized.opening.deals_at_once, len(draft.chosen.markets)))
        found = worst(draft.sized, rules, price, capital / at_once)
    return Strip(
        quote=rules.quote,
        capital=capital,
        claimed=taken,
        worst=found,
        at_once=at_once,
        free=None if balance is None else balance.total - taken,
    )


def plan(draft: Draft) -> dict[str, Any]:
    """What starting would do: the exact orders, and what the vault would allow."""
    out, rules = draft.outlook, draft.rules
    shown: dict[str, Any] = {"draft": draft, "market": draft.market, "out": out}
    if out is None or rules is None or draft.sized is None or draft.chosen.account is None:
        return shown
    try:
        needs = [Need.of(draft.sized, market) for market in draft.chosen.markets]
        allowed = limits(
            needs,
            exchange=draft.chosen.account.exchange,
            deals_at_once=draft.sized.opening.deals_at_once,
            now=clock.now(),
        )
    except (NoPrice, SettingsRefused):
        return shown
    return {**shown, "plan": tables.plan(out), "awaited": out.awaited, "grant": list(in_words(allowed, rules.quote))}


# The backtest


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to ask, or why there is nothing to ask; and what the candles are."""

    question: Question | None
    histories: tuple[History, ...] = ()
    why: str = ""

    def whole(self) -> Question | None:
        """The question with its candles, for a process that does not have them."""
        if self.question is None:
            return None
        return _with(self.question, [each.series(whole=True) for each in self.histories])


def trial(draft: Draft, starts: int = 0) -> Trial:
    """The backtest of these settings over what is known of their markets."""
    strategy = draft.strategy
    if strategy is None:
        return Trial(question=None, why="The backtest waits for settings that work.")
    if isinstance(strategy, SignalBot):
        return Trial(question=None, why="A signal bot acts on signals, and the past has none to test it with.")
    markets = draft.chosen.markets if isinstance(strategy, Rebalance) else draft.chosen.markets[:1]
    if not markets or (isinstance(strategy, Rebalance) and len(markets) < len(strategy.coins)):
        return Trial(question=None, why="The backtest waits for a market.")
    histories = tuple(HISTORIES.of(market) for market in markets)
    if not all(history.minutes for history in histories):
        return Trial(question=None, why="There are no candles of this market yet.")
    words: dict[str, Any] = {"kind": draft.kind, "settings": draft.values}
    if isinstance(strategy, DCA) and strategy.volume_in is VolumeIn.PERCENT:
        most = strategy.most_balance
        words["options"] = {"balance": _ASSUMED if most is None else written(most)}
    listed = [_words(market) for market in markets]
    words |= {"markets": listed} if isinstance(strategy, Rebalance) else {"market": listed[0]}
    question = Question(job=words, series=[each.series() for each in histories], starts=starts)
    return Trial(question=question, histories=histories)


def _with(question: Question, series: list[Series]) -> Question:
    return Question(job=question.job, series=series, starts=question.starts)


def _words(market: Market) -> dict[str, str]:
    names = ("tick_size", "lot_size", "min_notional", "maker_fee", "taker_fee")
    return {"symbol": market.symbol, **{name: written(getattr(market, name)) for name in names}}
