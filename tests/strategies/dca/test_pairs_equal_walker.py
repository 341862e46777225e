"""One bot on several markets with shared slots: the engine against plain walks, bar by bar in the order of time."""

from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.backtest.candles import Candles
from strategies.backtest.engine import Pair, run, run_pairs
from strategies.dca import DCA
from strategies.market import Market
from tests.strategies.dca.bots import CONDITIONS, IN_PERCENT, REINVESTED, STOPS, WAITING, bots, optional
from tests.strategies.dca.series import nasty, series
from tests.strategies.dca.test_equals_walker import OPTIONS, deals_of, fills_of, walk_of
from tests.strategies.dca.walker import Account

MARKET = Market(symbol="X0/USDT", tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5))


def bot_with_one_slot():
    return DCA(base_order=D(100), take_profit=D("0.02"), cooldown=600)


def candles_of(*bars):
    """Minutes from (open, high, low, close)."""
    opened, high, low, close = (np.array(column, dtype=float) for column in zip(*bars, strict=True))
    times = np.arange(len(bars), dtype=np.int64) * 60_000
    return Candles(
        opened_at=times, open=opened, high=high, low=low, close=close, volume=np.ones(len(bars)), span=60_000
    )


def walk_together(bot, markets, all_candles, options):
    """The first market in the list goes first where several have a bar at one time."""
    account = Account(balance=options.balance)
    walks = [
        walk_of(bot, market, candles, options, account) for market, candles in zip(markets, all_candles, strict=True)
    ]
    moments = sorted((at, place, bar) for place, walk in enumerate(walks) for bar, at in enumerate(walk.times))
    for _, place, bar in moments:
        walks[place].walk(bar)
    return walks


@settings(max_examples=500, deadline=None)
@given(
    bots(STOPS, CONDITIONS, WAITING, REINVESTED, more=(optional(IN_PERCENT),)),
    st.lists(nasty(120), min_size=1, max_size=4),
    st.integers(1, 4),
    OPTIONS,
)
def test_several_markets_share_their_slots(bot, all_candles, slots, options):
    bot = replace(bot, deals_at_once=slots)
    markets = [replace(MARKET, symbol=f"X{number}/USDT") for number in range(len(all_candles))]
    pairs = [Pair(market, candles) for market, candles in zip(markets, all_candles, strict=True)]
    found = run_pairs(bot, pairs, options)
    walks = walk_together(bot, markets, all_candles, options)
    for result, walk in zip(found, walks, strict=True):
        assert fills_of(result) == walk.fills
        assert deals_of(result) == walk.deals


@settings(max_examples=200, deadline=None)
@given(bots(STOPS), st.lists(nasty(120), min_size=2, max_size=4), OPTIONS)
def test_one_slot_is_never_two_deals(bot, all_candles, options):
    markets = [replace(MARKET, symbol=f"X{number}/USDT") for number in range(len(all_candles))]
    pairs = [Pair(market, candles) for market, candles in zip(markets, all_candles, strict=True)]
    deals = [deal for result in run_pairs(bot, pairs, options) for deal in result.deals]
    times = sorted((deal.opened_at, deal.closed_at) for deal in deals if deal.closed_at is not None)
    assert all(after[0] >= before[1] for before, after in pairwise(times))


def test_a_slot_given_back_within_a_bar_is_free_for_others_from_the_next():
    bot = bot_with_one_slot()
    first = candles_of((100, 100, 100, 100), (100, 103, 100, 100), (100, 100, 100, 100))
    second = candles_of((50, 50, 50, 50), (50, 50, 50, 50), (50, 50, 50, 50))
    one, other = run_pairs(bot, [Pair(MARKET, first), Pair(replace(MARKET, symbol="X1/USDT"), second)])
    assert [(deal.opened_bar, deal.closed_bar) for deal in one.deals] == [(0, 1)]
    assert [deal.opened_bar for deal in other.deals] == [2]


def test_a_market_on_the_blacklist_is_left_alone():
    bot = replace(bot_with_one_slot(), blacklist=("X0/USDT",))
    candles = candles_of((100, 101, 99, 100), (100, 103, 100, 100))
    assert run(bot, MARKET, candles).fills == []


@settings(max_examples=200, deadline=None)
@given(bots(WAITING), nasty(200, span=3_600_000), st.integers(50_000, 150_000), OPTIONS)
def test_deals_open_only_where_enough_was_traded_in_24_hours(bot, candles, least, options):
    bot = replace(bot, least_volume=D(least) + D("0.5"))
    traded = [volume * close for volume, close in zip(candles.volume.tolist(), candles.close.tolist(), strict=True)]
    may = [bar >= 24 and sum(traded[bar - 24 : bar]) >= least + 0.5 for bar in range(len(candles))]
    walk = walk_of(bot, MARKET, candles, options)
    walk.may = may
    assert fills_of(run(bot, MARKET, candles, options)) == walk.run()


@settings(max_examples=200, deadline=None)
@given(bots(STOPS, CONDITIONS), st.integers(0, 2**32), st.integers(2, 150), st.data())
def test_candles_after_a_bar_never_change_fills_up_to_it(bot, seed, bars, data):
    """Look-ahead: two histories that are the same up to a bar have the same fills up to it."""
    before = series(seed, bars, wild=0.01, gaps=0.1)
    bar = data.draw(st.integers(0, bars - 1), label="last bar in common")
    after = series(data.draw(st.integers(0, 2**32)), bars, wild=0.03, gaps=0.3)
    mixed = Candles(
        opened_at=before.opened_at,
        span=before.span,
        **{
            name: np.concatenate((getattr(before, name)[: bar + 1], getattr(after, name)[bar + 1 :]))
            for name in ("open", "high", "low", "close", "volume")
        },
    )
    known = [fill for fill in fills_of(run(bot, MARKET, before)) if fill[0] <= bar]
    assert [fill for fill in fills_of(run(bot, MARKET, mixed)) if fill[0] <= bar] == known
