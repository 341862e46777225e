"""Take-profit steps, as their help text has them."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.deal import Ending
from strategies.events import Crossing, Trail, Watch
from strategies.exits import Exits, Position, Step
from strategies.exits.step import deal_out
from strategies.orders import OrderType, Side
from tests.strategies.exits.deals import FEES, FREE, Followed, fill, long_deal, short_deal

THREE = Exits(
    steps=(
        Step(profit=D("0.03"), share=D("0.3")),
        Step(profit=D("0.05"), share=D("0.3")),
        Step(profit=D("0.10"), share=D("0.4")),
    )
)


def test_each_step_sells_its_share_at_its_profit():
    assert Followed(THREE, long_deal()).orders() == [
        ("take-profit-step-1", D("0.300"), D("103.00")),
        ("take-profit-step-2", D("0.300"), D("105.00")),
        ("take-profit-step-3", D("0.400"), D("110.00")),
    ]


def test_the_steps_of_a_short_buy_back_below():
    assert Followed(THREE, short_deal()).orders() == [
        ("take-profit-step-1", D("0.300"), D("97.00")),
        ("take-profit-step-2", D("0.300"), D("95.00")),
        ("take-profit-step-3", D("0.400"), D("90.00")),
    ]


def test_a_take_profit_covers_the_fees():
    deal = long_deal(fill(fee="0.001", asset="BTC"), market=FEES)
    ((_, amount, price),) = Followed(Exits(steps=(Step(profit=D("0.02")),)), deal).orders()
    assert amount == D("0.99900")
    assert amount * price * (1 - FEES.maker_fee) >= D(102)
    assert amount * (price - FEES.tick_size) * (1 - FEES.maker_fee) < D(102)


def test_a_short_has_its_profit_and_all_its_coins_after_the_fees():
    deal = short_deal(fill(side=Side.SELL, fee="0.1", asset="USDT"), market=FEES)
    ((_, amount, price),) = Followed(Exits(steps=(Step(profit=D("0.02")),)), deal).orders()
    assert amount * (1 - FEES.maker_fee) >= D(1)
    assert D("99.9") - amount * price >= D("99.9") * D("0.0199")


def test_a_short_whose_fees_are_paid_in_another_coin_buys_back_exactly_what_it_owes():
    deal = short_deal(fill(side=Side.SELL, fee="0.01", asset="BNB"), market=FEES)
    assert Position.of(deal).amount == D(1)


def test_a_price_is_taken_as_it_is_given():
    assert Followed(Exits(steps=(Step(price=D("104.5")),)), long_deal()).orders() == [
        ("take-profit-step-1", D(1), D("104.50"))
    ]


def test_a_step_that_has_sold_leaves_the_others_as_they_were():
    exits = Followed(THREE, long_deal())
    before = list(exits.exits.orders(exits.deal, exits.position, exits.seen))
    exits.fill("take-profit-step-1", Side.SELL, "0.3", "103")
    after = list(exits.exits.orders(exits.deal, exits.position, exits.seen))
    assert [id(order) for order in after] == [id(order) for order in before[1:]]


def test_the_last_step_takes_what_rounding_leaves():
    exits = Exits(steps=(Step(profit=D("0.03"), share=D("0.5")), Step(profit=D("0.05"), share=D("0.5"))))
    amounts = [amount for _, amount, _ in Followed(exits, long_deal(fill(amount="1.001"))).orders()]
    assert amounts == [D("0.500"), D("0.501")]


def test_a_step_too_small_for_an_order_joins_the_next_one():
    small = Exits(steps=(Step(profit=D("0.03"), share=D("0.04")), Step(profit=D("0.05"), share=D("0.96"))))
    assert Followed(small, long_deal()).orders() == [("take-profit-step-2", D(1), D("105.00"))]


def test_a_last_step_too_small_for_an_order_joins_the_one_before():
    small = Exits(steps=(Step(profit=D("0.03"), share=D("0.96")), Step(profit=D("0.05"), share=D("0.04"))))
    assert Followed(small, long_deal()).orders() == [("take-profit-step-1", D(1), D("103.00"))]


def test_a_market_step_is_sent_when_its_price_is_reached_and_not_before():
    exits = Followed(Exits(steps=(Step(profit=D("0.03"), order=OrderType.MARKET),)), long_deal())
    assert exits.price("102.99").orders() == []
    assert exits.awaited() == [
        Watch(crossing=Crossing.ABOVE, price=D("103.00"), then="take profit 1 at market"),
    ]
    assert exits.price("103").orders() == [("take-profit-step-1", D(1), None)]
    assert exits.awaited() == []


def test_a_market_step_goes_on_selling_although_the_price_falls_back():
    exits = Followed(Exits(steps=(Step(profit=D("0.03"), order=OrderType.MARKET),)), long_deal())
    assert exits.price("103").fill("take-profit-step-1", Side.SELL, "0.4", "102").price("99").orders() == [
        ("take-profit-step-1", D("1.000"), None)
    ]


def test_the_trailing_step_begins_at_its_price_follows_the_best_and_sells_at_market():
    exits = Followed(Exits(steps=(Step(profit=D("0.10")),), trailing=D("0.02")), long_deal())
    assert exits.price("109.99", "100").orders() == []
    exits.price("110", "120", "117.61")
    (trail,) = exits.awaited()
    assert trail == Trail(
        crossing=Crossing.BELOW,
        best=D(120),
        distance=D("0.02"),
        price=D("117.60"),
        then="take profit: everything is sold at market",
    )
    assert exits.price("117.60").orders() == [("close", D(1), None)]
    assert exits.deal.ending is Ending.TAKE_PROFIT


def test_the_trailing_step_of_a_short_follows_the_lowest_price():
    exits = Followed(Exits(steps=(Step(profit=D("0.10")),), trailing=D("0.02")), short_deal())
    exits.price("90", "80", "81.59")
    assert exits.deal.ending is None
    assert exits.price("81.60").orders() == [("close", D(1), None)]


def test_only_the_last_step_trails():
    exits = Followed(replace(THREE, trailing=D("0.02")), long_deal())
    assert [name for name, _, _ in exits.orders()] == ["take-profit-step-1", "take-profit-step-2"]


def test_steps_that_have_sold_leave_funds_added_later_to_the_others():
    exits = Followed(THREE, long_deal()).fill("take-profit-step-1", Side.SELL, "0.3", "103")
    exits.seen = exits.exits.funds_added(exits.deal, exits.position, exits.seen)
    exits.fill("add-1", Side.BUY, "0.7", "107")
    amounts = {name: amount for name, amount, _ in exits.orders()}
    assert amounts == {"take-profit-step-2": D("0.600"), "take-profit-step-3": D("0.800")}


def test_coins_that_arrive_when_all_steps_have_sold_are_the_last_ones():
    exits = Followed(THREE, long_deal())
    for number, amount in ((1, "0.3"), (2, "0.3"), (3, "0.4")):
        exits.fill(f"take-profit-step-{number}", Side.SELL, amount, "111")
    exits.fill("entry", Side.BUY, "0.5", "100", trade="late")
    assert sum(amount - exits.deal.filled(name) for name, amount, _ in exits.orders()) == D("0.5")


def test_the_exits_of_another_bot_are_counted_by_what_is_held_whatever_their_names():
    deal = long_deal(
        fill("base"),
        fill("averaging-1", amount="2", price="97"),
        fill("take-profit", Side.SELL, "1", "110"),
    )
    orders = Followed(Exits(steps=(Step(profit=D("0.05")),)), deal).orders()
    assert orders == [("take-profit-step-1", D("2.000"), D("102.90"))]


@st.composite
def halfway(draw):
    """Steps, what is held, and what each step has traded so far."""
    count = draw(st.integers(1, 10))
    weights = draw(st.lists(st.integers(1, 50), min_size=count, max_size=count))
    shares = [D(weight) / sum(weights) for weight in weights]
    steps = tuple(Step(price=D(101 + number), share=share) for number, share in enumerate(shares))
    amount = draw(st.decimals("0.001", 3, places=3))
    filled = draw(st.lists(st.just(D(0)) | st.decimals(0, 2, places=3), min_size=count, max_size=count))
    done = draw(st.sets(st.integers(1, count)))
    return steps, amount, filled, frozenset(done)


@given(halfway())
def test_the_steps_offer_all_that_is_held_and_never_more(case):
    steps, amount, filled, done = case
    position = Position(market=FREE, opens=Side.BUY, amount=amount, price=D(100), entry_price=D(100), cost=D(100))
    portions = deal_out(steps, position, filled, done)
    offered = sum(portion.total - filled[portion.number - 1] for portion in portions.open)
    assert offered in (0, amount)
    if FREE.accepts(amount, D(100)):
        assert offered == amount


@pytest.mark.parametrize("given_", [{}, {"profit": D("0.1"), "price": D(3)}])
def test_a_step_needs_a_profit_or_a_price(given_):
    with pytest.raises(ValueError, match="Give one of the two"):
        Step(**given_)
