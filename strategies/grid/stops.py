"""How a grid ends by itself: stops on both sides, take profit, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from strategies.deal import Deal, Ending
from strategies.events import Crossing, Watch
from strategies.grid.balances import coins_given, invested, largest_order, quote_needed
from strategies.grid.choices import StopAction
from strategies.grid.plan import Plan
from strategies.grid.state import GridState, state_of
from strategies.market import ONE, ZERO
from strategies.orders import Order, Side

CLOSE, BUY_OUT = "close", "stop-buy"
_MOVING = Decimal("0.005")  # of the quote is left for the price moving before a purchase at market arrives
_THEN = {
    StopAction.STOP: "all orders are cancelled, the coins are kept",
    StopAction.SELL: "everything is sold at market",
    StopAction.BUY: "the grid's quote is turned into coins at market",
    StopAction.CLOSE: "what the grid bought is sold, what it sold of yours is bought back",
}


def stops(plan: Plan, deal: Deal) -> Iterator[Watch]:
    """The prices at which the grid ends."""
    grid = plan.grid
    if grid.stop_below is not None:
        then = f"stop below: {_THEN[grid.stop_below_action]}"
        yield Watch(crossing=Crossing.BELOW, price=grid.stop_below, then=then)
    if grid.stop_above is not None:
        then = f"stop above: {_THEN[grid.stop_above_action]}"
        yield Watch(crossing=Crossing.ABOVE, price=grid.stop_above, then=then)
    for price in take_profit_prices(plan, deal):
        yield Watch(crossing=Crossing.ABOVE, price=price, then="take profit: everything is sold at market")


def stop_or_take_profit(plan: Plan, deal: Deal, price: Decimal) -> None:
    """End the deal if this price does."""
    grid = plan.grid
    if grid.stop_below is not None and price <= grid.stop_below:
        _stop(plan, deal, Crossing.BELOW, price)
    elif grid.stop_above is not None and price >= grid.stop_above:
        _stop(plan, deal, Crossing.ABOVE, price)
    elif any(price >= target for target in take_profit_prices(plan, deal)):
        deal.end(Ending.TAKE_PROFIT)


def take_profit_prices(plan: Plan, deal: Deal) -> Iterator[Decimal]:
    """The prices at which profit is taken: the one that is set, and the one at which the whole profit is reached.

    That is where `proceeds + held x price x (1 - fee) - cost = take_profit x invested`; any price once it is reached
    without coins.
    """
    grid, market = plan.grid, plan.market
    if grid.take_profit_price is not None:
        yield grid.take_profit_price
    if grid.take_profit is None:
        return
    missing = grid.take_profit * invested(plan, deal.carried) + deal.cost - deal.tally.proceeds
    if missing <= 0:
        yield market.tick_size
    elif deal.held > 0:
        yield market.price_up(missing / (deal.held * (ONE - market.taker_fee)))


def exit_order(plan: Plan, deal: Deal) -> Order | None:
    """What a deal on its way out still trades; None: it lets everything be."""
    if deal.ending is Ending.CANCELLED:
        action = _action(plan, state_of(deal.state).stopped)
        if action is StopAction.BUY:
            return _buy(plan, deal, None)
        return _close_position(plan, deal) if action is StopAction.CLOSE else None
    if not deal.started and not coins_given(plan.grid):
        return None
    return deal.keep(CLOSE, Side.SELL, deal.filled(CLOSE) + deal.market.amount_down(max(deal.held, ZERO)), None)


def _stop(plan: Plan, deal: Deal, stopped: Crossing, price: Decimal) -> None:
    action = _action(plan, stopped)
    if action is StopAction.CLOSE and not coins_given(plan.grid):
        action = StopAction.SELL  # all coins are ones that the grid bought
    if deal.ending is None:
        deal.state = msgspec.structs.replace(state_of(deal.state), stopped=stopped, stopped_at=price)
    deal.end(Ending.STOP_LOSS if action is StopAction.SELL else Ending.CANCELLED)


def _action(plan: Plan, stopped: Crossing | None) -> StopAction | None:
    if stopped is None:
        return None
    return plan.grid.stop_below_action if stopped is Crossing.BELOW else plan.grid.stop_above_action


def _close_position(plan: Plan, deal: Deal) -> Order | None:
    """The grid's owner gets back as many coins as were given, as far as the grid's quote goes."""
    if deal.position > 0 and BUY_OUT not in deal.by_order:
        amount = deal.filled(CLOSE) + deal.market.amount_down(deal.position)
        return deal.keep(CLOSE, Side.SELL, amount, None)
    tally = deal.by_order.get(BUY_OUT)
    lacking = (ZERO if tally is None else tally.received) - deal.position
    return _buy(plan, deal, deal.market.amount_up(lacking / (ONE - deal.market.taker_fee))) if lacking > 0 else None


def _buy(plan: Plan, deal: Deal, most: Decimal | None) -> Order:
    """Coins for the quote that the grid has: what it asked for and has not spent, and what it earned; at most so many.

    Never for more than the largest order that it was allowed to send.
    """
    state: GridState = state_of(deal.state)
    tally = deal.by_order.get(BUY_OUT)
    spent = deal.tally.cost - deal.tally.proceeds - (tally.cost if tally is not None else ZERO)
    free = min(quote_needed(plan, deal.carried.amount) - spent, largest_order(plan))
    limit = deal.market.price_up((state.stopped_at or deal.price) * (ONE + _MOVING))
    amount = deal.market.amount_down(max(free, ZERO) / limit)
    return deal.keep(BUY_OUT, Side.BUY, amount if most is None else min(amount, most), None)
