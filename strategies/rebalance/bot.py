"""Rebalancing: a portfolio that is brought back to its weights.

Say how much of your money should be in which coin. What has risen above its share is sold, what has fallen below is
bought, every so often or when a weight has drifted too far.

                     target     after a rise of BTC         sold and bought
    BTC/USDT           50 %     6,600 USDT     57 %         sell  800
    ETH/USDT           30 %     3,000 USDT     26 %         buy   480
    in USDT            20 %     2,000 USDT     17 %               320 more
                               11,600 USDT

Sells go first, so that what they bring is there before anything is bought. At the beginning everything is bought from
the cash and the coins that you bring in.

Each coin is a deal of its own. None of them sees another: whoever runs the bot tells all of them what the whole is
worth (`Valued`), at the same moments, and each works out the same plan and does its part of it. `portfolio.valued`
says what to tell, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from strategies.deal import Deal, Ending
from strategies.events import Awaited, CancelDeal, CloseAtMarket, Event, Valued
from strategies.market import ZERO
from strategies.orders import Order, Side
from strategies.rebalance import plan
from strategies.rebalance.settings import RebalanceSettings

CLOSE = "close"
_MINUTE = 60_000  # milliseconds


class Step(StrEnum):
    """Where a round stands."""

    RESTING = "resting"
    SELLING = "selling"
    BUYING = "buying"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one coin has to do in the present round."""

    round: int = 0  # from 1
    at: int = 0  # when it began
    step: Step = Step.RESTING
    amount: Decimal = ZERO  # base, to sell or to buy in this step


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalance(RebalanceSettings):
    """What one coin's deal should have on the book."""

    State: ClassVar[type[msgspec.Struct]] = Part

    def orders(self, deal: Deal) -> Iterator[Order]:
        """What this coin sells or buys in the present step."""
        part = self._part(deal)
        if deal.ending:
            if deal.ending is Ending.AT_MARKET:
                yield deal.keep(CLOSE, Side.SELL, deal.filled(CLOSE) + deal.market.amount_down(deal.held))
        elif part.amount:
            side = Side.SELL if part.step is Step.SELLING else Side.BUY
            yield deal.keep(f"{side}-{part.round}", side, part.amount)

    def _part(self, deal: Deal) -> Part:
        kept: Part | None = deal.state
        return kept or Part()

    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """None: a coin by itself waits for nothing; its host values the whole at every price."""
        del deal
        return iter(())

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Valued() if not deal.ending:
                deal.state = self._after(deal, event)

    def _after(self, deal: Deal, now: Valued) -> Part:
        """The next step: nothing is open any more of the one before."""
        part, symbol = self._part(deal), deal.market.symbol
        if part.step is Step.BUYING:
            return replace(part, step=Step.RESTING, amount=ZERO)
        if part.step is Step.SELLING:
            return replace(part, step=Step.BUYING, amount=self._amount(deal, now, plan.to_buy(self, now, symbol)))
        if not self._due(part, now):
            return part
        part = Part(round=part.round + 1, at=now.at)
        if not any(plan.to_sell(self, now, each) for each, _ in now.worth):
            return replace(part, step=Step.BUYING, amount=self._amount(deal, now, plan.to_buy(self, now, symbol)))
        amount = self._amount(deal, now, plan.to_sell(self, now, symbol))
        return replace(part, step=Step.SELLING, amount=min(amount, deal.market.amount_down(deal.held)))

    def _amount(self, deal: Deal, now: Valued, quote: Decimal) -> Decimal:
        return deal.market.amount_down(quote / now.price)

    def _due(self, part: Part, now: Valued) -> bool:
        """Whether a round begins: the first, one whose time has come, or one for a weight that has drifted."""
        if not part.round:
            return True
        if now.at <= part.at:
            return False
        return (self.every is not None and now.at >= part.at + self.every * _MINUTE) or plan.drifted(self, now)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """A portfolio goes on until somebody ends it."""
        if deal.ending is not Ending.AT_MARKET:
            return deal.ending is not None
        return not deal.market.accepts(deal.market.amount_down(deal.held), last_price)
