"""The jump engine with the live strategy, and a plain walk over every bar, find the same fills and deals."""

from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.engine import run
from strategies.backtest.options import FillRule, GapRule, Options
from strategies.market import Market
from tests.strategies.dca.bots import (
    CONDITIONS,
    IN_COINS,
    IN_PERCENT,
    LADDERS,
    LIMITS,
    REINVESTED,
    STOPS,
    TOTAL_OR_BASE,
    TRAILING,
    WAITING,
    bots,
    optional,
    own_ladders,
    stepped,
)
from tests.strategies.dca.series import nasty
from tests.strategies.dca.walker import Account, DcaWalk

MARKETS = st.builds(
    lambda lot, maker, taker: Market(
        symbol="X/USDT",
        tick_size=D("0.01"),
        lot_size=D(lot),
        min_notional=D(5),
        maker_fee=D(maker),
        taker_fee=D(taker),
    ),
    st.sampled_from(["0.00001", "0.01", "0.1"]),
    st.sampled_from(["0", "0.001", "0.0075"]),
    st.sampled_from(["0", "0.001", "0.0075"]),
)
OPTIONS = st.builds(
    Options,
    fill=st.sampled_from(FillRule),
    gap=st.sampled_from(GapRule),
    slippage=st.sampled_from([D(0), D("0.0007")]),
    balance=st.just(D(5000)),
)
thorough = settings(max_examples=300, deadline=None)


def holds_during(conditions, candles):
    """Bar by bar, whether the price conditions hold: they are answered by the close before."""
    close = candles.close.tolist()
    found = [False]
    for now in range(len(close) - 1):
        answers = []
        for each in conditions:
            level, price = float(each.level), close[now]
            before = close[now - 1] if now else None
            answers.append(
                {
                    "above": price > level,
                    "below": price < level,
                    "crossing_up": before is not None and price > level >= before,
                    "crossing_down": before is not None and price < level <= before,
                }[each.relation]
            )
        found.append(all(answers))
    return found


def walk_of(bot, market, candles, options, account=None):
    asked = {"averaging": bot.averaging_conditions, "closing": bot.close_conditions}
    return DcaWalk(
        bot,
        market,
        candles,
        touch=options.fill is FillRule.TOUCH,
        at_limit=options.gap is GapRule.LIMIT,
        slip=options.slippage,
        during={name: holds_during(each, candles) for name, each in asked.items() if each},
        may=None if bot.start_conditions is None else holds_during(bot.start_conditions, candles),
        account=account or Account(balance=options.balance),
    )


def fills_of(result):
    return [(each.bar, each.side, each.price, each.amount, each.order) for each in result.fills]


def deals_of(result):
    done = (deal for deal in result.deals if deal.closed_bar is not None)
    return [(deal.opened_bar, deal.closed_bar, deal.ending, deal.realised) for deal in done]


def assert_the_same(bot, market, candles, options):
    found, walk = run(bot, market, candles, options), walk_of(bot, market, candles, options)
    assert fills_of(found) == walk.run()
    assert deals_of(found) == walk.deals


@thorough
@given(bots(), MARKETS, nasty(), OPTIONS)
def test_plain_ladders(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@thorough
@given(bots(STOPS, more=(TOTAL_OR_BASE,)), MARKETS, nasty(), OPTIONS)
def test_stops_and_timeouts(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@thorough
@given(bots(STOPS, more=(optional(stepped()), optional(TRAILING))), MARKETS, nasty(), OPTIONS)
def test_steps_trailing_and_break_even(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@thorough
@given(bots(LADDERS, more=(optional(own_ladders()), optional(IN_COINS))), MARKETS, nasty(), OPTIONS)
def test_windows_triggers_and_ladders_of_ones_own(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@thorough
@given(bots(CONDITIONS, WAITING, LIMITS), MARKETS, nasty(), OPTIONS)
def test_conditions_cooldown_and_limits(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@thorough
@given(bots(REINVESTED, WAITING, more=(optional(IN_PERCENT),)), MARKETS, nasty(), OPTIONS)
def test_sizes_that_follow_the_past(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)


@settings(max_examples=600, deadline=None)
@given(
    bots(
        STOPS,
        LADDERS,
        WAITING,
        REINVESTED,
        CONDITIONS,
        LIMITS,
        more=(optional(own_ladders()), optional(stepped()), optional(TRAILING), optional(IN_COINS)),
    ),
    MARKETS,
    nasty(),
    OPTIONS,
)
def test_everything_at_once(bot, market, candles, options):
    assert_the_same(bot, market, candles, options)
