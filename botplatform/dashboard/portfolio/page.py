"""A person's accounts: balances as a runner last saw them, what bots hold and may still need, and what it is worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from botplatform.bots.claims import claims
from botplatform.bots.models import Bot, Deal, Order
from botplatform.dashboard.portfolio.worth import Rates
from botplatform.exchanges.models import Balance, ExchangeAccount
from strategies.market import ZERO

_MOST_BARS = 8
_OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset of an account. `total` and `free` are None where no runner has asked."""

    name: str
    total: Decimal | None
    free: Decimal | None
    by_bots: Decimal  # held by open deals
    in_orders: Decimal  # of bots, as buys that rest
    claimed: Decimal  # quote that running bots may still need, what rests among it
    worth: Decimal | None

    @property
    def left(self) -> Decimal | None:
        """What no bot has or may still need; below zero if bots may need more than there is."""
        return None if self.total is None else self.total - self.by_bots - self.claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    row: ExchangeAccount
    assets: list[Asset]
    seen_at: datetime | None
    bots: int
    worth: Decimal

    @property
    def unknown(self) -> list[str]:
        """Assets that no market of this exchange prices."""
        return [asset.name for asset in self.assets if asset.worth is None and (asset.total or asset.by_bots)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    name: str
    worth: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    quote: str
    quotes: list[str]
    accounts: list[Account]
    shares: list[Share]

    @property
    def worth(self) -> Decimal:
        return sum((account.worth for account in self.accounts), ZERO)


def portfolio(owner: UUID, wanted: str = "") -> Portfolio:
    """In the quote that was wanted, or the one that most bots are paid in."""
    rows = list(ExchangeAccount.objects.filter(owner=owner))
    symbols = Bot.objects.filter(owner=owner).order_by().values_list("account", "market__symbol")
    often: Counter[str] = Counter()
    bots: Counter[UUID] = Counter()
    for account, symbol in symbols:
        often[symbol.partition("/")[2]] += 1
        bots[account] += 1
    quotes = [quote for quote, _ in often.most_common()] or ["USDT"]
    quote = wanted if wanted in quotes else quotes[0]
    rates = Rates({row.exchange for row in rows})
    balances: defaultdict[UUID, dict[str, Balance]] = defaultdict(dict)
    for balance in Balance.objects.filter(account__owner=owner):
        balances[balance.account_id][balance.asset] = balance
    held, resting = _held(owner), _resting(owner)
    accounts = [
        _account(row, balances[row.pk], held[row.pk], resting[row.pk], rates=rates, quote=quote, bots=bots[row.pk])
        for row in rows
    ]
    return Portfolio(quote=quote, quotes=quotes, accounts=accounts, shares=_shares(accounts))


def _held(owner: UUID) -> defaultdict[UUID, defaultdict[str, Decimal]]:
    """Coins in open deals, by account and asset."""
    found: defaultdict[UUID, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    open_deals = Deal.objects.filter(owner=owner, closed_at=None).order_by()
    for account, symbol, amount in open_deals.values_list("bot__account", "market__symbol", "held"):
        if amount > 0:
            found[account][symbol.partition("/")[0]] += amount
    return found


def _resting(owner: UUID) -> defaultdict[UUID, defaultdict[str, Decimal]]:
    """Quote in buys that rest, by account and asset."""
    found: defaultdict[UUID, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    going_on = [state for state in Order.State if state not in Order.OVER]
    buys = Order.objects.filter(owner=owner, state__in=going_on, side="buy").order_by()
    for account, symbol, amount, filled, price in buys.values_list(
        "bot__account", "market__symbol", "amount", "filled", "price"
    ):
        found[account][symbol.partition("/")[2]] += (amount - filled) * price
    return found


def _account(
    row: ExchangeAccount,
    balances: dict[str, Balance],
    held: dict[str, Decimal],
    resting: dict[str, Decimal],
    *,
    rates: Rates,
    quote: str,
    bots: int,
) -> Account:
    claimed = claims(row)
    assets = []
    for name in sorted(balances.keys() | held.keys() | resting.keys() | claimed.keys()):
        balance = balances.get(name)
        has = held.get(name, ZERO) if balance is None else balance.total
        rate = rates.rate(row.exchange, name, quote)
        assets.append(
            Asset(
                name=name,
                total=None if balance is None else balance.total,
                free=None if balance is None else balance.free,
                by_bots=held.get(name, ZERO),
                in_orders=resting.get(name, ZERO),
                claimed=claimed.get(name, ZERO),
                worth=None if rate is None else has * rate,
            )
        )
    assets.sort(key=lambda asset: asset.worth or ZERO, reverse=True)
    return Account(
        row=row,
        assets=assets,
        seen_at=min((balance.at for balance in balances.values()), default=None),
        bots=bots,
        worth=sum((asset.worth for asset in assets if asset.worth is not None), ZERO),
    )


def _shares(accounts: list[Account]) -> list[Share]:
    """What part of everything each asset is, the largest first, small ones together."""
    worth: defaultdict[str, Decimal] = defaultdict(Decimal)
    for account in accounts:
        for asset in account.assets:
            if asset.worth is not None and asset.worth > 0:
                worth[asset.name] += asset.worth
    total = sum(worth.values(), ZERO)
    if not total:
        return []
    largest = sorted(worth.items(), key=lambda each: each[1], reverse=True)
    shown = largest[:_MOST_BARS]
    if rest := sum((value for _, value in largest[_MOST_BARS:]), ZERO):
        shown.append((_OTHERS, rest))
    return [Share(name=name, worth=value, percent=value / total * 100) for name, value in shown]
