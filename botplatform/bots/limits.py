"""What a bot's grant has to allow: worked out from its strategy, its markets and its open deals.

As little as the bot can do its work with. On real accounts a day's budgets are multiples of the capital; paper markets
run many times faster than the clock, so that an hour there says nothing about a price and a day is two months.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from botplatform.exchanges.vault import Limits
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.market import ZERO
from strategies.orders import Side
from strategies.strategy import Strategy

_SMALLEST = Decimal("0.00000001")
_HEADROOM = Decimal("1.10")  # above the largest order that the settings can ask for: prices move between two deals
_FALLEN = Decimal("0.5")  # coins that are sold for an amount of quote become more as the price falls: down to here


class NoPrice(Exception):
    """The market has no price yet: the feed has not seen it trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How far a day may go, in multiples of the capital, and how far a price from the signer's reference."""

    turnover: int
    slippage: Decimal
    loss: Decimal
    collar: Decimal
    exit_collar: Decimal
    market_volume: int  # at least so many times the capital is traded by everybody in a day
    orders_a_minute: int
    days: int | None  # until it has to be renewed


_REAL = Room(
    turnover=20,
    slippage=Decimal("0.05"),
    loss=Decimal("0.25"),
    collar=Decimal("0.05"),
    exit_collar=Decimal("0.2"),
    market_volume=100,
    orders_a_minute=120,
    days=180,
)
_ROOMS = {
    "paper": Room(
        turnover=5000,
        slippage=Decimal(2500),
        loss=Decimal(20),
        collar=Decimal("0.5"),
        exit_collar=Decimal("0.9"),
        market_volume=0,
        orders_a_minute=6000,
        days=None,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one deal on one market may come to, in quote; `coins` are its owner's, in base."""

    market: Market
    capital: Decimal
    largest: Decimal
    coins: Decimal

    @classmethod
    def of(cls, strategy: Strategy, market: Market, more: Decimal = ZERO) -> Need:
        """Of a deal that is `more` larger than its settings say: its exit trades that, too. Raises NoPrice."""
        price, rules = market.last_price, market.rules
        if price is None:
            raise NoPrice(f"{market.symbol} has no price yet.")
        capital, largest = strategy.capital(price, rules), strategy.largest_order(price, rules)
        given = max(strategy.given(at, rules).amount for at in (price, price * _FALLEN))
        if given and strategy.opens_with is Side.SELL:
            given += more / (price * _FALLEN)
        return cls(
            market=market,
            capital=max(capital + more, given * price),
            largest=largest * (capital + more) / capital if capital else largest + more,
            coins=given,
        )


def limits(needs: Iterable[Need], *, exchange: str, deals_at_once: int, now: datetime) -> Limits:
    """What a grant says for these deals, of which so many go on at once."""
    room, by_market = _ROOMS.get(exchange, _REAL), dict[str, Need]()
    for need in needs:
        known = by_market.get(need.market.symbol)
        by_market[need.market.symbol] = need if known is None else _larger(known, need)
    every = list(by_market.values())
    largest = max(need.largest for need in every) * _HEADROOM
    capital = sum(sorted((max(need.capital, need.largest) for need in every), reverse=True)[:deals_at_once], ZERO)
    return Limits(
        markets=tuple(by_market),
        sides=("buy", "sell"),
        types=("limit", "ioc"),
        time_in_force=("gtc", "ioc"),
        order_notional=_money(largest),
        # What rests counts beside what was traded: a ladder and the exit of everything.
        turnover=_money(capital * (room.turnover + 4)),
        slippage=_money(capital * room.slippage),
        loss=_money(capital * room.loss),
        open_orders=sum(need.market.rules.max_orders for need in every),
        orders_a_minute=room.orders_a_minute,
        exits_a_minute=room.orders_a_minute,
        reads_a_minute=room.orders_a_minute,
        collar=written(room.collar),
        exit_collar=written(room.exit_collar),
        market_volume=_money(capital * room.market_volume),
        inventory={need.market.rules.base: _money(need.coins) for need in every if need.coins},
        expires=None if room.days is None else _midnight_in(room.days, now),
    )


def _larger(one: Need, other: Need) -> Need:
    return Need(
        market=one.market,
        capital=max(one.capital, other.capital),
        largest=max(one.largest, other.largest),
        coins=max(one.coins, other.coins),
    )


def _money(value: Decimal) -> str:
    return written(value.quantize(_SMALLEST, ROUND_CEILING))


def _midnight_in(days: int, now: datetime) -> int:
    """Rounded to a day, so that the same settings make the same grant all day long."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days + 1)
    return int(day.timestamp())
