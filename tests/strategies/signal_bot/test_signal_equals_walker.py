"""A signal bot's fills by the engine and by a plain walk over every bar, on nasty series, settings and signals."""

from decimal import Decimal as D

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.candles import Candles
from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.exits import MeasuredFrom, Step, StopLoss
from strategies.market import Market
from strategies.orders import OrderType, Side
from strategies.signal_bot import Action, AmountIn, SignalBot, SignalOrder, signalled
from tests.strategies.backtest.test_engine_equals_walker import series
from tests.strategies.signal_bot.walker import Said, SignalWalk
from tests.strategies.smart.test_smart_equals_walker import decimal, steps, stops


@st.composite
def bots(draw):
    side = draw(st.sampled_from(Side))
    take_profit = tuple(
        Step(profit=step.profit or abs(step.price / 100 - 1), share=step.share, order=step.order)
        for step in draw(steps(side))
    )
    stop = draw(st.none() | stops(side, len(take_profit)))
    if stop is not None:
        stop = StopLoss(
            loss=stop.loss or D("0.02"),
            trailing=stop.trailing,
            timeout=stop.timeout,
            break_even_after=stop.break_even_after,
            order=stop.order,
            limit=stop.limit,
            measured_from=draw(st.sampled_from(MeasuredFrom)),
        )
    return SignalBot(
        side=side,
        order_amount=draw(decimal(20, 500, 1)),
        max_position=draw(decimal(500, 2000, 1)),
        entries=draw(st.integers(1, 4)),
        coins=draw(decimal(10, 20, 2)) if side is Side.SELL else None,
        take_profit=take_profit,
        trailing=draw(st.none() | decimal("0.001", "0.03", 3)) if take_profit else None,
        stop_loss=stop,
    )


@st.composite
def signals(draw, bars):
    said = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["enter"] * 4 + ["exit"] * 2 + ["disable"] * (number > 5)))
        enters = kind == "enter"
        said.append(
            Said(
                bar=draw(st.integers(0, bars)),
                wish=f"w{number}",
                kind=kind,
                price=draw(decimal(98, 102, 2)),
                quote=draw(st.none() | decimal(20, 600, 1)) if enters else None,
                share=draw(st.none() | decimal("0.1", 1, 2)) if kind == "exit" else None,
                better_by=draw(st.none() | decimal("-0.005", "0.02", 3)) if kind != "disable" else None,
            )
        )
    return sorted(said, key=lambda each: each.bar)


def event(said, side, span=60_000):
    way = "long" if side is Side.BUY else "short"
    action = Action.DISABLE if said.kind == "disable" else Action(f"{said.kind}_{way}")
    order = SignalOrder(
        amount=said.quote or said.share,
        amount_in=AmountIn.POSITION if said.share else AmountIn.QUOTE,
        order=OrderType.MARKET if said.better_by is None else OrderType.LIMIT,
        better_by=said.better_by,
    )
    return signalled(said.wish, said.bar * span, action, said.price, order)


@settings(max_examples=1500, deadline=None)
@given(
    data=st.data(),
    bot=bots(),
    seed=st.integers(0, 2**32),
    bars=st.integers(1, 300),
    wild=st.sampled_from([0.0005, 0.002, 0.01, 0.03]),
    gaps=st.sampled_from([0.0, 0.05, 0.3]),
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    lot=st.sampled_from(["0.00001", "0.01", "0.1"]),
    fee=st.sampled_from(["0", "0.001", "0.0075"]),
)
def test_a_signal_bot_has_the_fills_of_the_walker(data, bot, seed, bars, wild, gaps, fill, gap, lot, fee):
    # When an order at the market that is too small where the price stands is tried again, the two readings do not
    # agree (the engine jumps): whether it is large enough depends on its lots alone here, and on notional below.
    market = Market(
        symbol="X/USDT",
        tick_size=D("0.01"),
        lot_size=D(lot),
        min_notional=D("0.00001"),
        maker_fee=D(fee),
        taker_fee=D(fee),
    )
    candles = series(seed, bars, wild, gaps)
    said = data.draw(signals(bars))
    heard = [event(each, bot.side) for each in said]
    found = run(bot, market, candles, Options(fill=fill, gap=gap), signals=heard).fills
    walk = SignalWalk(bot, market, candles, said, touch=fill is FillRule.TOUCH, at_limit=gap is GapRule.LIMIT)
    assert [(each.bar, each.side, each.price, each.amount, each.order) for each in found] == walk.run()


def test_a_step_that_the_price_has_passed_sells_the_coins_that_a_later_step_offered_before():
    """A second entry moves the steps: the last one offers less, and the third one is within reach at once."""
    steps = (("0.001", "0.1"), ("0.002", "0.15"), ("0.003", "0.2"), ("0.011", "0.55"))
    bot = SignalBot(
        side=Side.BUY,
        order_amount=D(20),
        max_position=D(500),
        entries=2,
        take_profit=tuple(Step(profit=D(profit), share=D(share)) for profit, share in steps),
    )
    market = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
    said = [
        Said(bar=bar, wish=wish, kind="enter", price=D(98), quote=D(quote), share=None, better_by=better_by)
        for bar, wish, quote, better_by in ((0, "a", 20, None), (1, "b", "39.2", None), (1, "c", 20, D(0)))
    ]
    candles = series(0, 72, 0.01, 0.3)
    found = run(bot, market, candles, signals=[event(each, bot.side) for each in said]).fills
    sold = [(each.order, each.price) for each in found if each.bar == 1 and each.side == "sell"]
    assert sold[1:3] == [("take-profit-step-2", D("106.82")), ("take-profit-step-3", D("106.82"))]


def test_an_entry_that_is_too_small_where_the_price_stands_waits_and_signals_are_heard_on():
    """At 49.9 a lot is below the smallest notional, which the signal's own price did not say; at 50.2 it is not."""
    bot = SignalBot(side=Side.BUY, order_amount=D(20), max_position=D(500), entries=1)
    market = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.1"), min_notional=D(5))
    prices = np.array([49.9, 49.9, 50.2, 50.2])
    candles = Candles(
        opened_at=np.arange(4) * 60_000,
        **dict.fromkeys(("open", "high", "low", "close"), prices),
        volume=np.ones(4),
        span=60_000,
    )
    said = [Said(bar=bar, wish=wish, kind="enter", price=D("100.01")) for bar, wish in ((0, "a"), (2, "b"))]
    found = run(bot, market, candles, signals=[event(each, bot.side) for each in said]).fills
    assert [(each.bar, each.order, each.amount) for each in found] == [(2, "enter-a", D("0.1"))]


def test_a_part_that_is_worth_enough_now_is_sold_though_it_was_not_where_the_deal_began():
    """The deal began to wait at 40, where these coins are worth 3.3; the take profit leaves them to the exit."""
    bot = SignalBot(
        side=Side.BUY,
        order_amount=D(30),
        max_position=D(500),
        take_profit=(Step(profit=D("0.5"), share=D(1)),),
    )
    market = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.00001"), min_notional=D(5))
    prices = np.array([40.0, 62.0, 62.0, 62.0])
    candles = Candles(
        opened_at=np.arange(4) * 60_000,
        **dict.fromkeys(("open", "high", "low", "close"), prices),
        volume=np.ones(4),
        span=60_000,
    )
    said = [
        Said(bar=1, wish="a", kind="enter", price=D(62)),
        Said(bar=2, wish="b", kind="exit", price=D(62), share=D("0.17")),
    ]
    found = run(bot, market, candles, signals=[event(each, bot.side) for each in said]).fills
    assert [(each.bar, each.order) for each in found] == [(1, "enter-a"), (2, "exit-b")]
