"""What limits come to, and which version of a grant is wider than another."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.messages.canonical import canonical
from vault.messages.refusals import Code, Refused
from vault.messages.terms import Terms, check, terms, wider_than
from vault.messages.words import GrantText, Limits, WriteGrant

OLD = Limits(markets=("BTC/USDT",), sides=("buy",), types=("limit",), order_notional="100")
MARKETS = st.sampled_from(["BTC/USDT", "ETH/USDT", "SOL/USDT"])
MONEY = st.decimals(0, 1000, places=2)
SOME = st.integers(1, 20)
TERMS = st.builds(
    Terms,
    markets=st.frozensets(MARKETS, min_size=1),
    sides=st.frozensets(st.sampled_from(["buy", "sell"]), min_size=1),
    types=st.frozensets(st.sampled_from(["limit", "ioc"]), min_size=1),
    time_in_force=st.frozensets(st.sampled_from(["gtc", "ioc"]), min_size=1),
    order_notional=MONEY,
    turnover=st.none() | MONEY,
    slippage=st.none() | MONEY,
    loss=st.none() | MONEY,
    open_orders=SOME,
    orders_a_minute=SOME,
    exits_a_minute=SOME,
    reads_a_minute=SOME,
    collar=MONEY,
    exit_collar=MONEY,
    market_volume=MONEY,
    inventory=st.none() | st.dictionaries(st.sampled_from(["BTC", "ETH"]), MONEY),
    expires=st.none() | SOME,
)
ONE = terms(
    Limits(
        markets=("BTC/USDT",),
        sides=("buy",),
        types=("limit",),
        time_in_force=("gtc",),
        order_notional="100",
        turnover="1000",
        slippage="10",
        loss="10",
        open_orders=5,
        orders_a_minute=5,
        exits_a_minute=5,
        reads_a_minute=5,
        collar="0.05",
        exit_collar="0.1",
        market_volume="1000",
        inventory={"BTC": "1"},
        expires=1000,
    ),
    paper=False,
)
LOOSER = {
    "markets": frozenset({"BTC/USDT", "ETH/USDT"}),
    "sides": frozenset({"buy", "sell"}),
    "types": frozenset({"limit", "ioc"}),
    "time_in_force": frozenset({"gtc", "ioc"}),
    "order_notional": Decimal("100.000000000000000001"),
    "turnover": None,
    "slippage": Decimal("10.000000000000000001"),
    "loss": None,
    "open_orders": 6,
    "orders_a_minute": 6,
    "exits_a_minute": 6,
    "reads_a_minute": 6,
    "collar": Decimal("0.0500001"),
    "exit_collar": Decimal("0.11"),
    "market_volume": Decimal("999.99"),
    "inventory": {"BTC": Decimal(1), "ETH": Decimal("0.1")},
    "expires": None,
}


@given(TERMS)
def test_nothing_is_wider_than_itself(one):
    assert wider_than(one, one) == ()


@given(TERMS, TERMS, TERMS)
def test_narrower_of_narrower_is_narrower(one, two, three):
    if not wider_than(one, two) and not wider_than(two, three):
        assert wider_than(one, three) == ()


@given(TERMS, st.sampled_from(sorted(LOOSER)), TERMS)
def test_what_is_wider_is_named_whatever_else_was_narrowed(one, name, other):
    """Taking over a single field tells of that field alone."""
    changed = replace(one, **{name: getattr(other, name)})
    assert set(wider_than(one, changed)) <= {name}
    assert set(wider_than(one, other)) >= set(wider_than(one, changed))


@pytest.mark.parametrize("name", LOOSER)
def test_any_single_loosened_limit_is_wider(name):
    assert wider_than(ONE, replace(ONE, **{name: LOOSER[name]})) == (name,)
    assert wider_than(replace(ONE, **{name: LOOSER[name]}), ONE) == ()


def test_every_limit_is_compared():
    assert set(LOOSER) == set(Terms.__dataclass_fields__)


def test_what_is_left_out_opens_nothing_on_a_real_host():
    real = terms(OLD, paper=False)
    assert (real.turnover, real.slippage, real.loss, real.expires, real.inventory) == (0, 0, 0, 0, {})
    paper = terms(OLD, paper=True)
    assert (paper.turnover, paper.slippage, paper.loss, paper.expires, paper.inventory) == (None,) * 5
    assert set(wider_than(real, paper)) >= {"turnover", "slippage", "loss", "expires", "inventory", "collar"}


def test_leaving_a_limit_out_is_no_way_to_widen_it():
    """On paper, where what is left out has no limit."""
    said = msgspec.structs.replace(OLD, turnover="1000", inventory={})
    assert wider_than(terms(said, paper=True), terms(OLD, paper=True)) == ("turnover", "inventory")


def test_a_grant_from_before_the_limits_has_the_same_bytes_as_ever():
    word = WriteGrant(
        grant="00000000-0000-0000-0000-000000000001",
        owner="00000000-0000-0000-0000-000000000002",
        credential="00000000-0000-0000-0000-000000000003",
        version=1,
        label="Bot",
        limits=OLD,
        reauthenticated_at=5,
    )
    stored = (
        b'{"credential":"00000000-0000-0000-0000-000000000003","grant":"00000000-0000-0000-0000-000000000001",'
        b'"label":"Bot","limits":{"markets":["BTC/USDT"],"order_notional":"100","sides":["buy"],"types":["limit"]},'
        b'"owner":"00000000-0000-0000-0000-000000000002","v":1,"version":1}'
    )
    assert canonical(word.text) == stored
    assert msgspec.json.decode(stored, type=GrantText).limits == OLD


@pytest.mark.parametrize(
    "limits",
    [
        {"order_notional": "0"},
        {"order_notional": "100.0"},
        {"order_notional": "1e3"},
        {"turnover": "-1"},
        {"turnover": "NaN"},
        {"slippage": "٣"},
        {"loss": "1" * 19},
        {"collar": "0"},
        {"collar": "1"},
        {"collar": "0.2", "exit_collar": "0.1"},
        {"inventory": {"BTC": "01"}},
        {"markets": ("BTC/USDT", "BTC/USDT")},
        {"markets": ("BTC/USDT", "ETH/BTC")},
        {"sides": ("buy", "buy")},
    ],
)
def test_what_is_not_canonical_or_makes_no_sense_is_refused(limits):
    with pytest.raises(Refused) as caught:
        check(msgspec.structs.replace(OLD, **limits))
    assert caught.value.code is Code.MALFORMED
    assert next(iter(limits)) in caught.value.detail or "exit_collar" in caught.value.detail
