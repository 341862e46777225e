"""A SmartTrade's fills by the engine and by a plain walk over every bar, on nasty series and any settings."""

from decimal import Decimal as D
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.events import Crossing
from strategies.exits import Step, StopLoss
from strategies.market import Market
from strategies.orders import OrderType, Side
from strategies.smart import Entry, SmartTrade
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.smart.walker import SmartWalk


def decimal(low, high, places):
    return st.decimals(low, high, places=places)


@st.composite
def steps(draw, side):
    """Take profits that lie ever further away, as profits or as prices."""
    count = draw(st.integers(0, 5))
    cuts = sorted(draw(st.sets(st.integers(1, 19), min_size=count - 1, max_size=count - 1))) if count > 1 else []
    edges = [0, *cuts, 20] if count else []
    as_prices = draw(st.booleans())
    at, found = D(0), []
    for low, high in pairwise(edges):
        at += draw(decimal("0.001", "0.03", 3))
        price = 100 * (1 + at if side is Side.BUY else 1 - at)
        found.append(
            Step(
                profit=None if as_prices else at,
                price=price if as_prices else None,
                share=D(high - low) / 20,
                order=draw(st.sampled_from(OrderType)),
            )
        )
    return tuple(found)


@st.composite
def stops(draw, side, count):
    by_price = draw(st.booleans())
    loss = draw(decimal("0.002", "0.06", 3))
    limit = draw(st.none() | decimal(0, "0.02", 3))
    return StopLoss(
        loss=None if by_price else loss,
        price=100 * (1 - loss if side is Side.BUY else 1 + loss) if by_price else None,
        trailing=not by_price and draw(st.booleans()),
        timeout=draw(st.sampled_from([0, 0, 60, 600, 3600])),
        break_even_after=draw(st.none() | st.integers(1, count)) if count else None,
        order=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit=limit,
    )


@st.composite
def trades(draw):
    side = draw(st.sampled_from(Side))
    entry = draw(st.sampled_from([each for each in Entry if each is not Entry.HELD or side is Side.BUY]))
    conditional = entry is Entry.CONDITIONAL
    trailing = draw(st.none() | decimal("0.001", "0.03", 3)) if conditional else None
    near = decimal(97, 103, 2)
    priced = entry in (Entry.LIMIT, Entry.HELD) or (conditional and trailing is None and draw(st.booleans()))
    coins = entry is Entry.HELD or draw(st.booleans())
    take_profit = draw(steps(side))
    return SmartTrade(
        side=side,
        entry=entry,
        base_amount=draw(decimal(5, 50, 3)) if coins else None,
        quote_amount=None if coins else draw(decimal(500, 5000, 2)),
        price=draw(near) if priced else None,
        trigger=draw(near) if conditional else None,
        crossing=draw(st.sampled_from(Crossing)),
        entry_trailing=trailing,
        take_profit=take_profit,
        trailing=draw(st.none() | decimal("0.001", "0.03", 3)) if take_profit else None,
        stop_loss=draw(st.none() | stops(side, len(take_profit))),
        timeout=draw(st.sampled_from([None, None, None, 90, 7_200])),
    )


@settings(max_examples=1500, deadline=None)
@given(
    bot=trades(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 500),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
    cheaper=st.sampled_from([D(1), D(1), D("0.4"), D(0)]),
)
def test_a_smart_trade_has_the_fills_of_the_walker(bot, seed, bars, wild, gaps, fill, gap, lot, fee, cheaper):
    market = Market(
        symbol="X/USDT",
        tick_size=D("0.01"),
        lot_size=D(lot),
        min_notional=D(5),
        # What a short buys back is dealt out by the larger fee; the walker does that once and knows one fee.
        maker_fee=D(fee) * (cheaper if bot.side is Side.BUY else 1),
        taker_fee=D(fee),
    )
    candles = series(seed, bars, wild, gaps)
    found = run(bot, market, candles, Options(fill=fill, gap=gap)).fills
    expected = SmartWalk(bot, market, candles, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT).run()
    assert [(each.bar, each.side, each.price, each.amount, each.order) for each in found] == expected
