"""A bot as it is being built: what was typed, what it means, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import QueryDict

from botplatform.accounts.models import User
from botplatform.dashboard.builder.outlook import Outlook, outlook, sized
from botplatform.dashboard.builder.typed import on_paper, read
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets.models import Market
from strategies import kinds
from strategies.market import Market as Rules
from strategies.rebalance import Rebalance
from strategies.settings import Problem, SettingsRefused
from strategies.strategy import Strategy

_NOT_SETTINGS = frozenset({"csrfmiddlewaretoken", "name", "account", "market", "more"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Where a bot trades. `market` is the first of `markets`."""

    accounts: Sequence[ExchangeAccount]
    account: ExchangeAccount | None
    markets: tuple[Market, ...]
    on_offer: Sequence[Market]

    @property
    def market(self) -> Market | None:
        return self.markets[0] if self.markets else None


class Draft:
    """One form of one person. Nothing of it is kept until it is sent."""

    def __init__(self, owner: User, kind: str, typed: Mapping[str, str], more: Sequence[str] = ()) -> None:
        self.owner, self.kind = owner, kind
        self.typed = dict(typed)
        self._more = tuple(more)
        self.problems: dict[str, str] = {}
        self.warnings: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.strategy: Strategy | None = None
        self._read()

    @classmethod
    def of(cls, owner: User, kind: str, form: QueryDict) -> Draft:
        """What a form says."""
        return cls(owner, kind, {name: str(text) for name, text in form.dict().items()}, form.getlist("more"))

    @property
    def name(self) -> str:
        return self.typed.get("name", "").strip()

    @property
    def settings_typed(self) -> dict[str, str]:
        return {
            name: text
            for name, text in self.typed.items()
            if name not in _NOT_SETTINGS and not name.endswith(".new") and not name.startswith("_")
        }

    @cached_property
    def chosen(self) -> Chosen:
        """Account and markets, as far as they are this person's."""
        accounts = list(ExchangeAccount.objects.filter(owner=self.owner))
        account = next((each for each in accounts if str(each.pk) == self.typed.get("account")), None)
        if account is None and len(accounts) == 1 and not self.typed.get("account"):
            account = accounts[0]
        exchanges = {each.exchange for each in accounts}
        on_offer = list(Market.objects.filter(active=True, exchange__in=exchanges))
        return Chosen(accounts=accounts, account=account, markets=self._markets(on_offer), on_offer=on_offer)

    @property
    def more(self) -> tuple[str, ...]:
        """Ids of further markets, as they were sent."""
        return self._more

    def _markets(self, on_offer: Sequence[Market]) -> tuple[Market, ...]:
        if isinstance(self.strategy, Rebalance):
            by_symbol = {market.symbol: market for market in on_offer}
            return tuple(by_symbol[coin.symbol] for coin in self.strategy.coins if coin.symbol in by_symbol)
        by_id = {str(market.pk): market for market in on_offer}
        asked = dict.fromkeys([self.typed.get("market", ""), *self._more])
        return tuple(by_id[each] for each in asked if each in by_id)

    @property
    def market(self) -> Market | None:
        return self.chosen.market

    @property
    def rules(self) -> Rules | None:
        return None if self.market is None else self.market.rules

    @property
    def price(self) -> Decimal | None:
        return None if self.market is None else self.market.last_price

    @cached_property
    def outlook(self) -> Outlook | None:
        """The first deal; None while there is no market with a price, or the settings cannot work."""
        strategy, rules, price = self.sized, self.rules, self.price
        if strategy is None or rules is None or price is None:
            return None
        try:
            return outlook(strategy, rules, price)
        except (SettingsRefused, ArithmeticError):
            return None

    @cached_property
    def sized(self) -> Strategy | None:
        """The settings of a first deal, percents of the balance reckoned from the most that they may be of."""
        if self.strategy is None:
            return None
        try:
            return sized(self.strategy, getattr(self.strategy, "most_balance", None))
        except SettingsRefused:
            return None

    @cached_property
    def capital(self) -> Decimal | None:
        """Quote that the deals which can be open at one time need in the worst case."""
        strategy, rules, price = self.sized, self.rules, self.price
        if strategy is None or rules is None or price is None:
            return None
        try:
            one = strategy.capital(price, rules)
        except (SettingsRefused, ArithmeticError):
            return None
        at_once = (
            1 if isinstance(strategy, Rebalance) else min(strategy.opening.deals_at_once, len(self.chosen.markets))
        )
        return one * max(1, at_once)

    def _read(self) -> None:
        try:
            self.values = read(kinds.KINDS[self.kind], self.settings_typed)
            self.strategy = kinds.from_json(self.kind, self.values)
        except SettingsRefused as refused:
            self.complain(refused.problems)

    def check(self) -> None:
        """Find what cannot work on the chosen markets, and what works but hardly as it was meant."""
        if self.strategy is None:
            return
        if isinstance(self.strategy, Rebalance):
            self._check_coins(self.strategy)
        for market in self.chosen.markets:
            if market.last_price is None:
                continue
            try:
                self.complain(self.strategy.problems(market.last_price, market.rules))
                warnings = () if self.problems else self.strategy.warnings(market.last_price, market.rules)
                for warning in warnings:
                    self.warnings.setdefault(on_paper(warning).field, _sentence(warning))
            except SettingsRefused as refused:
                self.complain(refused.problems)

    def _check_coins(self, portfolio: Rebalance) -> None:
        known = {market.symbol for market in self.chosen.on_offer}
        for place, coin in enumerate(portfolio.coins):
            if coin.symbol not in known:
                problem = Problem(
                    f"coins.{place}.symbol", f"{coin.symbol} is no market of this account.", "Choose one."
                )
                self.complain((problem,))

    def check_place(self) -> None:
        """Find what is missing around the settings: name, account, market."""
        if not self.name:
            self.problems.setdefault("name", "It is empty. Give the bot a name.")
        if self.chosen.account is None:
            self.problems.setdefault("account", "None is chosen. Choose the account on which it trades.")
        if self.kind != "rebalance" and self.market is None:
            self.problems.setdefault("market", "None is chosen. Choose the market on which it trades.")

    def complain(self, problems: Any) -> None:
        """Put each problem at its field; the first at a field stands."""
        for problem in problems:
            there = on_paper(problem)
            self.problems.setdefault(there.field, _sentence(there))


def _sentence(problem: Problem) -> str:
    text = f"{problem.problem} {problem.remedy}".strip()
    return text[:1].upper() + text[1:]


def identity(text: str) -> UUID | None:
    """A bot's id that somebody sent; None for what is none."""
    try:
        return UUID(text)
    except (ValueError, AttributeError, ValidationError):
        return None
