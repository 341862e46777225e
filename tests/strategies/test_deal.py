"""A deal is its fills, however they are counted."""

from decimal import Decimal as D

import pytest

from strategies.deal import Deal
from strategies.orders import Fill, Side
from tests.strategies.grid.settings import MARKET

FILLS = {
    "a buy that pays in coins": ("buy-3", Side.BUY, "0.001", "X"),
    "a buy that pays in quote": ("buy-3", Side.BUY, "0.1", "USDT"),
    "a sell": ("sell-3", Side.SELL, "0.1", "USDT"),
    "a sell that pays in a third asset": ("sell-3", Side.SELL, "0.01", "BNB"),
}


def fill(order, side, fee, asset, trade_id):
    return Fill(
        order=order, side=side, amount=D("1.1"), price=D("99.37"), fee=D(fee), fee_asset=asset, at=0, trade_id=trade_id
    )


def totals(tally):
    return {name: str(getattr(tally, name)) for name in tally.__slots__}


@pytest.mark.parametrize("terms", FILLS.values(), ids=FILLS)
def test_trades_that_are_alike_count_as_one_by_one(terms):
    one_by_one, alike = (Deal.of([fill(*terms, "0")], market=MARKET, price=D(100)) for _ in range(2))
    for trade in ("1", "2", "3"):
        one_by_one.record(fill(*terms, trade))
    alike.record_alike(fill(*terms, ""), ["1", "2", "3"])
    assert totals(alike.tally) == totals(one_by_one.tally)
    assert totals(alike.by_order[terms[0]]) == totals(one_by_one.by_order[terms[0]])
    assert alike.trades == one_by_one.trades == 4


def test_a_trade_that_was_counted_with_its_like_is_not_counted_again():
    deal = Deal(market=MARKET, price=D(100))
    terms = FILLS["a sell"]
    deal.record_alike(fill(*terms, ""), ["1", "2"])
    assert not deal.record(fill(*terms, "2"))
    assert deal.tally.sold == D("2.2")
