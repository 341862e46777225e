"""The money: what orders lock, what a trade moves, and what has to be written because of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from botplatform.paper import errors
from botplatform.paper.accounts import FEES, HOUSE, Account
from botplatform.paper.markets import Market
from botplatform.paper.money import ZERO, ceil8, commission
from botplatform.paper.orders import Order, Print, Trade
from botplatform.paper.private_events import Report, report


@dataclass(slots=True)
class Changes:
    """What has to be written before the next answer."""

    orders: dict[Order, None] = field(default_factory=dict)
    balances: set[tuple[int, str]] = field(default_factory=set)
    trades: list[Trade] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    reserved: dict[tuple[str, str], int] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)  # for the private streams, in the order of what happened

    def must_be_stored(self) -> bool:
        return bool(self.orders or self.balances or self.trades or self.reserved)


class Ledger:
    """All accounts. Whatever it moves it notes in `changes`, until somebody takes them away."""

    def __init__(self, markets: dict[str, Market]) -> None:
        self.markets = markets
        self.accounts: dict[int, Account] = {
            HOUSE: Account(id=HOUSE, maker=ZERO, taker=ZERO),
            FEES: Account(id=FEES),
        }
        self.changes = Changes()
        self.watched: set[int] = set()  # accounts whose private stream somebody reads

    def take_changes(self) -> Changes:
        """What changed since the last time."""
        changes, self.changes = self.changes, Changes()
        return changes

    def report(self, order: Order, execution: str, *, trade: Trade | None = None, cancel_id: str = "") -> None:
        """Notes what happened to an order, if somebody reads its account's private stream."""
        if order.account in self.watched:
            self.changes.reports.append(report(order, execution, trade=trade, cancel_id=cancel_id))

    def paid_with(self, order: Order) -> str:
        """The asset that an order locks."""
        market = self.markets[order.symbol]
        return market.quote if order.side == "BUY" else market.base

    def lock(self, order: Order, amount: Decimal) -> None:
        """Sets money of the order's account aside; raises a Refusal, having done nothing, if it is not there."""
        asset = self.paid_with(order)
        balance = self.accounts[order.account].balance(asset)
        if balance.free < amount:
            raise errors.insufficient_balance()
        balance.free -= amount
        balance.locked += amount
        order.locked = amount
        self.changes.balances.add((order.account, asset))

    def unlock(self, order: Order, amount: Decimal) -> None:
        """Gives back what the order does not need."""
        asset = self.paid_with(order)
        balance = self.accounts[order.account].balance(asset)
        balance.locked -= amount
        balance.free += amount
        order.locked -= amount
        self.changes.balances.add((order.account, asset))

    def settle(self, order: Order, trade: Print, *, is_maker: bool) -> None:
        """Moves one side's money, takes the commission from what it gets, and notes its trade."""
        market = self.markets[order.symbol]
        account = self.accounts[order.account]
        buys = order.side == "BUY"
        paid_asset, got_asset = (market.quote, market.base) if buys else (market.base, market.quote)
        paid, got = (trade.quote, trade.quantity) if buys else (trade.quantity, trade.quote)
        fee = commission(got, account.maker if is_maker else account.taker)
        account.balance(got_asset).free += got - fee
        self.changes.balances.update(((account.id, got_asset), (account.id, paid_asset)))
        if order.account == HOUSE:
            account.balance(paid_asset).free -= paid
            return
        if fee:
            self.accounts[FEES].balance(got_asset).free += fee
            self.changes.balances.add((FEES, got_asset))
        account.balance(paid_asset).locked -= paid
        order.locked -= paid
        if buys and order.type != "MARKET":
            # It traded below its limit: what was set aside for the difference is free again.
            self.unlock(order, order.locked - ceil8(order.price * order.remaining))
        self.changes.orders[order] = None
        settled = Trade(
            symbol=order.symbol,
            id=trade.id,
            order_id=order.id,
            account=order.account,
            price=trade.price,
            quantity=trade.quantity,
            quote=trade.quote,
            commission=fee,
            commission_asset=got_asset,
            time=trade.time,
            is_buyer=buys,
            is_maker=is_maker,
        )
        self.changes.trades.append(settled)
        self.report(order, "TRADE", trade=settled)
