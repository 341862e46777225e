"""Each condition at its edge."""

import uuid
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vault.messages.refusals import Code, Refused
from vault.messages.words import Limits, Place
from vault.policy import CONDITIONS, Facts, authorise

POSITIVE = st.decimals(min_value=Decimal("1e-18"), max_value=Decimal(10) ** 17, places=18)


def facts(amount="1", price="100", limit="100", *, markets=("BTC/USDT",), sides=("buy",), types=("limit",), **terms):
    terms = {"market": "BTC/USDT", "side": "buy", "type": "limit"} | terms
    nobody = uuid.UUID(int=0)
    return Facts(
        intent=Place(
            grant=nobody, deal=nobody, name="base", generation=1, amount=str(amount), price=str(price), **terms
        ),
        amount=Decimal(amount),
        price=Decimal(price),
        limits=Limits(markets=markets, sides=sides, types=types, order_notional=str(limit)),
        order_notional=Decimal(limit),
    )


def code(facts):
    try:
        authorise(facts)
    except Refused as why:
        return why.code
    return None


def test_exactly_the_limit_is_allowed():
    assert code(facts("1", "100", "100")) is None


def test_the_least_bit_over_the_limit_is_not():
    assert code(facts("1", "100.000000000000000001", "100")) is Code.OVER_NOTIONAL


def test_no_rounding_lets_an_order_pass():
    """The product is 1.000000000000000002000000000000000001: 37 digits."""
    assert code(facts("1.000000000000000001", "1.000000000000000001", "1.000000000000000002")) is Code.OVER_NOTIONAL


@given(POSITIVE, POSITIVE, POSITIVE)
def test_an_order_passes_if_it_is_within_the_limit_and_only_then(amount, price, limit):
    whole = 10**18
    within = int(amount * whole) * int(price * whole) <= int(limit * whole) * whole if exact(amount, price) else None
    if within is not None:
        assert (code(facts(amount, price, limit)) is None) == within


def exact(*numbers):
    """Whether the test's own arithmetic is exact for these."""
    return all(len(number.as_tuple().digits) <= 28 for number in numbers)


@given(st.sampled_from(["0", "-0", "0.0", "-1", "-0.000000000000000001"]), st.booleans())
def test_nothing_or_less_is_refused(number, of_amount):
    assert code(facts(amount=number) if of_amount else facts(price=number)) is Code.MALFORMED


def test_what_is_not_granted_is_refused_with_its_own_code():
    assert code(facts(market="ETH/USDT")) is Code.MARKET_NOT_GRANTED
    assert code(facts(market="USDT/BTC")) is Code.MARKET_NOT_GRANTED
    assert code(facts(side="sell")) is Code.SIDE_NOT_GRANTED
    assert code(facts(type="ioc")) is Code.TYPE_NOT_GRANTED


def test_every_condition_can_refuse():
    """None of them is there for show."""
    bad = [facts("0"), facts(market="ETH/USDT"), facts(side="sell"), facts(type="ioc"), facts("2")]
    for condition, breaks in zip(CONDITIONS, bad, strict=True):
        assert condition.refusal(breaks) is not None
        assert condition.refusal(facts()) is None
