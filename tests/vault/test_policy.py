"""Each condition at its edge."""

import dataclasses
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vault.messages.money import EXACT, amount
from vault.messages.refusals import Code, Refused
from vault.messages.terms import terms
from vault.messages.words import Limits, Place
from vault.policy import CONDITIONS, Coins, Facts, Present, Reference, Spent, authorise

POSITIVE = st.decimals(min_value=Decimal("1e-18"), max_value=Decimal(10) ** 17, places=18)
NOBODY = uuid.UUID(int=0)
LEAST = Decimal("1e-18")

LIMITS = Limits(
    markets=("BTC/USDT",),
    sides=("buy", "sell"),
    types=("limit",),
    order_notional="1000",
    turnover="5000",
    slippage="20",
    loss="50",
    open_orders=3,
    orders_a_minute=5,
    exits_a_minute=2,
    collar="0.05",
    exit_collar="0.2",
    market_volume="100000",
    inventory={"BTC": "2"},
    expires=1_000_000,
)
HUNDRED = Reference(
    bid=Decimal(100), ask=Decimal(100), median=Decimal(100), fresh=True, warm=True, volume=Decimal(100_000)
)
# What the grant bought, so that a sell of up to 1 is an exit.
LONG = Coins(net=Decimal(1))
SHORT = Coins(net=Decimal(-1))


def facts(amount="1", price="100", **more):
    """An order of 1 at 100 which everything allows, but for what is named."""
    terms_of_order = {name: more.pop(name) for name in ("market", "side", "type") if name in more}
    word = {"market": "BTC/USDT", "side": "buy", "type": "limit"} | terms_of_order
    limits = more.pop("limits", {})
    reference = more.pop("reference", HUNDRED)
    found = Facts(
        intent=Place(
            grant=NOBODY, deal=NOBODY, name="base", generation=1, amount=str(amount), price=str(price), **word
        ),
        amount=Decimal(amount),
        price=Decimal(price),
        terms=dataclasses.replace(terms(LIMITS, paper=False), **limits),
        at=999_999,
        present=Present(fence=7, present_fence=7, epoch=1, present_epoch=1),
        coins=Coins(),
        spent=Spent(),
        reference=reference,
        opposite=None,
    )
    return replace(found, **more)


def code(facts):
    try:
        authorise(facts)
    except Refused as why:
        return why.code
    return None


def test_an_order_within_everything_is_allowed():
    assert code(facts()) is None
    assert code(facts(side="sell")) is None


# Each condition: just within it, and just beyond.
EDGES = {
    Code.STALE_FENCE: ({}, {"present": Present(fence=7, present_fence=8, epoch=1, present_epoch=1)}),
    Code.GRANT_REVOKED: ({}, {"present": Present(fence=7, present_fence=7, epoch=1, present_epoch=2)}),
    Code.MALFORMED: ({"amount": LEAST}, {"amount": 0}),
    Code.MARKET_NOT_GRANTED: ({}, {"market": "ETH/USDT"}),
    Code.SIDE_NOT_GRANTED: ({}, {"side": "sell", "limits": {"sides": frozenset({"buy"})}}),
    Code.TYPE_NOT_GRANTED: ({}, {"type": "ioc"}),
    Code.TIME_IN_FORCE_NOT_GRANTED: ({}, {"limits": {"time_in_force": frozenset({"ioc"})}}),
    Code.OVER_NOTIONAL: ({"amount": 10}, {"amount": "10.000000000000000001"}),
    Code.GRANT_EXPIRED: ({"at": 999_999}, {"at": 1_000_000}),
    Code.COINS_NOT_HELD: ({"side": "sell", "amount": 2}, {"side": "sell", "amount": "2.000000000000000001"}),
    Code.TOO_MANY_OPEN: ({"spent": Spent(open_orders=2)}, {"spent": Spent(open_orders=3)}),
    Code.TOO_MANY_ORDERS: ({"spent": Spent(orders_this_minute=4)}, {"spent": Spent(orders_this_minute=5)}),
    Code.TOO_MANY_EXITS: (
        {"side": "sell", "coins": LONG, "spent": Spent(exits_this_minute=1, orders_this_minute=99)},
        {"side": "sell", "coins": LONG, "spent": Spent(exits_this_minute=2)},
    ),
    Code.NO_REFERENCE: ({}, {"reference": None}),
    Code.OUTSIDE_COLLAR: ({"price": 105, "amount": 1}, {"price": "105.000000000000000001"}),
    Code.THIN_MARKET: (
        {"reference": HUNDRED},
        {"reference": replace(HUNDRED, volume=Decimal("99999.99"))},
    ),
    Code.OVER_TURNOVER: ({"spent": Spent(traded=Decimal(4900))}, {"spent": Spent(traded=Decimal(4900) + LEAST)}),
    Code.OVER_SLIPPAGE: (
        {"price": 101, "spent": Spent(slipped=Decimal(19))},
        {"price": 101, "spent": Spent(slipped=Decimal(19) + LEAST)},
    ),
    Code.OVER_LOSS: ({"spent": Spent(lost=Decimal(50) - LEAST)}, {"spent": Spent(lost=Decimal(50))}),
    Code.WOULD_CROSS_OWN: ({"opposite": Decimal(100) + LEAST}, {"opposite": Decimal(100)}),
}


@pytest.mark.parametrize("reason", EDGES, ids=str)
def test_each_condition_has_an_edge(reason):
    within, beyond = EDGES[reason]
    assert code(facts(**within)) is None
    assert code(facts(**beyond)) is reason


def test_every_condition_can_refuse():
    """None of them is there for show: each has an edge above, and refuses there by itself."""
    assert len(CONDITIONS) == len(EDGES) - 1 + 0  # SlowEnough has two codes
    reasons = {
        refusal.code
        for _, beyond in EDGES.values()
        for condition in CONDITIONS
        if (refusal := condition.refusal(facts(**beyond))) is not None
    }
    assert reasons == set(EDGES)
    for condition in CONDITIONS:
        assert condition.refusal(facts()) is None


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_first_refusal_wins(side):
    worst = facts(amount=99, price=1, side=side, market="ETH/USDT", type="ioc", at=2_000_000, reference=None)
    assert code(worst) is Code.MARKET_NOT_GRANTED


# --- Numbers as in a hostile world ---------------------------------------------------------------

HOSTILE = ["NaN", "sNaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0", "0", "0.0", "-1", "-1e-18"]


@pytest.mark.parametrize("number", HOSTILE)
@pytest.mark.parametrize("of_amount", [True, False])
def test_what_is_no_amount_of_anything_is_refused(number, of_amount):
    odd = facts(amount=number) if of_amount else facts(price=number)
    assert code(odd) in (Code.MALFORMED, Code.OVER_NOTIONAL, Code.OUTSIDE_COLLAR)


@pytest.mark.parametrize(
    "text",
    [*HOSTILE[:-5], "-0", "-1", "+1", "1e3", " 1", "1 ", "01", ".5", "5.", "1_000", "٣", "१", "1" * 40, "", "0x1"],
)
def test_only_plain_ascii_digits_are_read(text):
    with pytest.raises(ValueError, match="plain decimal"):
        amount(text)


def test_forty_digits_are_exact():
    """The product is 1.000000000000000002000000000000000001: 37 digits."""
    over = facts(
        "1.000000000000000001", "1.000000000000000001", limits={"order_notional": Decimal("1.000000000000000002")}
    )
    assert code(over) is Code.OVER_NOTIONAL


def test_a_tenth_and_two_tenths_are_three_tenths():
    spent = Spent(traded=Decimal("0.1"))
    assert code(facts("0.002", 100, limits={"turnover": Decimal("0.3")}, spent=spent)) is None


@given(POSITIVE, POSITIVE, POSITIVE)
def test_an_order_passes_if_it_is_within_the_notional_and_only_then(size, price, limit):
    whole = 10**18
    units = [int(EXACT.multiply(number, whole)) for number in (size, price, limit)]
    around = replace(HUNDRED, bid=price, ask=price, median=price)
    free = {"order_notional": limit, "turnover": None}
    found = facts(size, price, reference=around, limits=free)
    assert (code(found) is None) == (units[0] * units[1] <= units[2] * whole)


# --- Exits -------------------------------------------------------------------------------------


SKIPPED = {
    "turnover": {"spent": Spent(traded=Decimal(10**9))},
    "slippage": {"spent": Spent(slipped=Decimal(10**9))},
    "loss": {"spent": Spent(lost=Decimal(10**9))},
    "expiry": {"at": 2_000_000},
    "volume": {"reference": replace(HUNDRED, volume=None)},
    "a stale reference": {"reference": replace(HUNDRED, fresh=False)},
    "a young reference": {"reference": replace(HUNDRED, warm=False)},
}


@pytest.mark.parametrize("what", SKIPPED)
def test_an_exit_skips(what):
    out = {**SKIPPED[what]}
    assert code(facts(side="sell", coins=LONG, **out)) is None
    assert code(facts(side="buy", coins=SHORT, **out)) is None
    assert code(facts(side="sell", coins=Coins(), **out)) is not None
    assert code(facts(side="buy", coins=LONG, **out)) is not None


@pytest.mark.parametrize(
    ("reason", "terms"),
    [
        (Code.MARKET_NOT_GRANTED, {"market": "ETH/USDT"}),
        (Code.OUTSIDE_COLLAR, {"price": "79.99"}),
        (Code.NO_REFERENCE, {"reference": None}),
        (Code.TOO_MANY_EXITS, {"spent": Spent(exits_this_minute=2)}),
        (Code.TOO_MANY_OPEN, {"spent": Spent(open_orders=3)}),
        (Code.WOULD_CROSS_OWN, {"opposite": Decimal(100)}),
        (Code.OVER_NOTIONAL, {"limits": {"order_notional": Decimal(99)}}),
    ],
)
def test_an_exit_never_skips(reason, terms):
    assert code(facts(side="sell", coins=LONG, **terms)) is reason


def test_an_exit_has_the_wider_collar():
    assert code(facts(side="sell", coins=LONG, price=80)) is None
    assert code(facts(side="sell", coins=Coins(), price=80)) is Code.OUTSIDE_COLLAR
    assert code(facts(side="buy", coins=SHORT, price=120)) is None


@given(
    net=st.decimals(-5, 5, places=3),
    selling=st.decimals(0, 5, places=3),
    size=st.decimals("0.001", 5, places=3),
)
def test_a_sell_is_an_exit_if_what_was_bought_covers_it_and_what_is_offered(net, selling, size):
    found = facts(size, side="sell", coins=Coins(net=net, selling=selling))
    assert found.exits == (size + selling <= net)


@given(
    net=st.decimals(-5, 5, places=3),
    buying=st.decimals(0, 5, places=3),
    size=st.decimals("0.001", 5, places=3),
)
def test_a_buy_is_an_exit_if_it_buys_back_what_was_sold_and_the_fee(net, buying, size):
    found = facts(size, side="buy", coins=Coins(net=net, buying=buying))
    assert found.exits == (net < 0 and size + buying <= -net * Decimal("1.01"))


# --- Reference and collar ----------------------------------------------------------------------

PRICE = st.decimals("0.01", 1000, places=2)
WIDE = {"order_notional": Decimal(10**9), "turnover": None, "slippage": None}


@given(bid=PRICE, spread=st.decimals(0, 5, places=2), median=PRICE, price=PRICE)
def test_the_collar_holds_on_one_side_around_the_worse_of_present_and_median(bid, spread, median, price):
    around = replace(HUNDRED, bid=bid, ask=bid + spread, median=median)
    fair = min(bid + spread, median)
    bought = code(facts(price=price, reference=around, limits=WIDE))
    assert (bought is None) == (price <= fair * Decimal("1.05"))
    fair = max(bid, median)
    sold = code(facts(price=price, side="sell", reference=around, limits=WIDE))
    assert (sold is None) == (price >= fair * Decimal("0.95"))


def test_a_market_that_was_pushed_up_is_measured_by_its_median():
    """The counter-trader's first step: the present price is his, the hour's is not."""
    pushed = replace(HUNDRED, bid=Decimal(190), ask=Decimal(200))
    assert code(facts(price=200, reference=pushed, limits=WIDE)) is Code.OUTSIDE_COLLAR
    assert code(facts(price=105, reference=pushed, limits=WIDE)) is None


def test_what_an_order_may_give_away_is_reckoned_at_its_own_price():
    assert facts(amount=3, price=102).may_slip == 6
    assert facts(amount=3, price=98).may_slip == 0
    assert facts(amount=3, price=98, side="sell").may_slip == 6


@given(traded=POSITIVE, size=st.decimals("0.001", 5, places=3))
def test_turnover_counts_what_was_traded_and_this_order(traded, size):
    found = facts(size, spent=Spent(traded=traded), limits={"turnover": Decimal(5000)})
    assert (code(found) is None) == (EXACT.add(traded, size * 100) <= 5000)
