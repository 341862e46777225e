"""The same path through the backtest, and through runner, signer and paper exchange, gives the same fills.

The exchange walks a file of bars corner by corner (open, low, high, close; or open, high, low, close) and stands
still while the bot does all that it wants. So a bot hears prices at corners only, and what it does about a fill
between two corners it does at the second. A backtest over flat candles, one a corner, has exactly that path: a jump
from corner to corner, on which resting orders trade at their own prices (`touch`, `limit`). There everything must
be the same: deal, order, side, price and amount.

Fills are compared as sets for each corner: between two corners several orders trade, and the bot learns of them
in any order. What is bought or sold at market is compared in sum: price and fills reach the bot by different ways,
so a stop loss may sell before it has heard of the last averaging order, and then sells that too.

A backtest over the whole bars reacts between corners, which a bot that is a corner late cannot:
a deal that ends there is followed by the next one at the take profit's price, a stop loss sells at its own. A grid
has no such reaction: what a fill puts on its book lies behind the price. So its fills are the same over whole bars
as well, and so are a DCA's limit orders in its first deal, if that ends by its take profit.
"""

from collections import Counter

import pytest

from strategies.backtest.options import FillRule
from tests.support.machine import Machine
from tests.system.parity import Backtest, Bars, walk

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("parity")]  # one walk for all of them

BARS = 40
DCA = {
    "base_order": "200",
    "averaging_order": "150",
    "averaging_orders": 4,
    "step": "0.006",
    "step_scale": "1.2",
    "volume_scale": "1.3",
    "take_profit": "0.007",
    "stop_loss": "0.04",
}
GEOMETRIC = {"lower": "2700", "upper": "3300", "lines": 15, "quote_a_line": "100"}
ARITHMETIC = {"lower": "135", "upper": "165", "lines": 21, "quote_a_line": "100", "spacing": "arithmetic"}
PLANS = {
    "dca": (Bars("BTC/USDT", 2, BARS), "dca", DCA),
    "dca-in-whole-coins": (Bars("DOGE/USDT", 9, BARS), "dca", DCA | {"averaging_orders": 2}),
    "grid": (Bars("ETH/USDT", 3, BARS), "grid", GEOMETRIC),
    "grid-touched": (Bars("SOL/USDT", 8, BARS, grain="0.5"), "grid", ARITHMETIC),  # corners lie on its lines
}


@pytest.fixture(scope="module")
def walked(tmp_path_factory, django_db_setup, django_db_blocker):
    """All bots at once along one exchange: each on a market and an account of its own."""
    folder = tmp_path_factory.mktemp("candles")
    files = [f"--candles={bars.write(folder)}" for bars, _, _ in PLANS.values()]
    with Machine("--step", "--fill", "touch", *files, poll_seconds=0.05) as machine, django_db_blocker.unblock():
        return dict(zip(PLANS, walk(machine, PLANS.values()), strict=True))


@pytest.fixture(params=PLANS)
def bot(request, walked):
    return walked[request.param]


def of_limits(fills, corners=1):
    """What traded of limit orders within so many corners of each other."""
    return Counter((at // corners, trade) for at, trades in fills.items() for trade in trades if not trade.at_market)


def at_market(fills):
    """How much of each order at the market traded at a corner, and at what price."""
    sums = Counter()
    for at, trades in fills.items():
        for trade in trades:
            if trade.at_market:
                sums[at, *trade[:-1]] += trade.amount
    return sums


def backtest(bot, candles, **options):
    return Backtest(bot.strategy, bot.rules, candles, **options)


def test_the_fills_are_those_of_the_backtest(bot):
    expected = backtest(bot, bot.bars.flat_candles()).fills
    assert bot.errors == []
    assert of_limits(bot.fills) == of_limits(expected)
    assert at_market(bot.fills) == at_market(expected)


@pytest.mark.parametrize("name", ["grid", "grid-touched"])
def test_a_grid_has_the_fills_of_whole_bars(walked, name):
    bot = walked[name]
    assert of_limits(bot.fills, corners=4) == of_limits(backtest(bot, bot.bars.candles()).fills)


@pytest.mark.parametrize("name", ["dca", "dca-in-whole-coins"])
def test_the_first_deal_of_a_dca_has_the_limit_fills_of_whole_bars(walked, name):
    def first(fills):
        return {each: count for each, count in fills.items() if each[1].deal == 1}

    bot = walked[name]
    expected = backtest(bot, bot.bars.candles())
    assert expected.endings[0] == "take profit"
    assert first(of_limits(bot.fills, corners=4)) == first(of_limits(expected.fills))


def test_the_paths_have_everything_in_them(walked):
    """Otherwise equal would say little."""
    for bot in walked.values():
        expected = backtest(bot, bot.bars.flat_candles())
        assert of_limits(expected.fills).total() >= 20
        assert any(len(trades) > 2 for trades in expected.fills.values())
        if "dca" in bot.name:
            assert {"take profit", "stop loss"} <= set(expected.endings)
    touched = walked["grid-touched"]
    through = backtest(touched, touched.bars.flat_candles(), fill=FillRule.THROUGH)
    assert of_limits(through.fills) != of_limits(touched.fills)
