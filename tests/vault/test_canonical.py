"""One value, one text: of JSON, of money, of client order ids."""

import base64
import json
import re
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.ledger.identity import client_order_id, prefix
from vault.messages.canonical import b64, canonical, digest, unb64
from vault.messages.money import EXACT, amount, written
from vault.messages.words import Identity

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(PLAIN)
def test_canonical_bytes_read_back_as_the_value(value):
    assert json.loads(canonical(value)) == value


@given(PLAIN)
def test_canonical_bytes_are_those_that_the_standard_library_would_write(value):
    """So that somebody else can check the audit."""
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == written.encode()


@given(st.dictionaries(TEXT, st.integers(), min_size=2))
def test_the_order_of_names_changes_nothing(value):
    backwards = dict(reversed(list(value.items())))
    assert canonical(value) == canonical(backwards)
    assert digest(value) == digest(backwards)


@given(PLAIN, PLAIN)
def test_two_values_have_two_texts(one, other):
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert canonical(one) != canonical(other)


@given(st.floats())
def test_a_float_has_no_canonical_bytes(number):
    for value in (number, [number], (1, (number,)), {"a": {"b": [number]}}):
        with pytest.raises(TypeError):
            canonical(value)


@given(st.binary())
def test_base64_reads_back(data):
    assert unb64(b64(data)) == data


NUMBERS = st.decimals(min_value=0, max_value=Decimal(10) ** 17, places=18)


@given(NUMBERS)
def test_money_reads_back_as_the_same_number(number):
    assert amount(written(number)) == number


@given(NUMBERS, st.integers(0, 8))
def test_one_number_has_one_text(number, zeros):
    longer = Decimal(format(number, "f") + "0" * zeros)
    assert written(longer) == written(number)


@given(NUMBERS, NUMBERS)
def test_two_numbers_have_two_texts(one, other):
    assert (written(one) == written(other)) == (one == other)


@given(st.text())
def test_only_plain_digits_are_money(text):
    plain = re.fullmatch(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", text, re.ASCII) and not text.endswith("\n")
    try:
        number = amount(text)
    except ValueError:
        assert not plain
    else:
        assert plain
        assert number.is_finite()
        assert number >= 0


@given(st.from_regex(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", fullmatch=True))
def test_all_plain_digits_are_money(text):
    assert amount(written(amount(text))) == amount(text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_not_written(value):
    with pytest.raises(ValueError, match="cannot be written"):
        written(Decimal(value))


@pytest.mark.parametrize("value", ["-0", "0", "0.000", "0E-30", "-0.0"])
def test_zero_is_zero(value):
    assert written(Decimal(value)) == "0"


@given(NUMBERS, NUMBERS)
def test_products_of_money_are_exact(one, other):
    assert EXACT.multiply(one, other) == Decimal(
        (0, tuple(map(int, str(int(one.scaleb(18, EXACT)) * int(other.scaleb(18, EXACT))))), -36)
    )


IDENTITIES = st.builds(
    Identity,
    grant=st.uuids(),
    deal=st.uuids(),
    name=st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True),
    generation=st.integers(1, 1_000_000),
)
INSTALLATIONS = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)


@given(IDENTITIES, INSTALLATIONS)
def test_a_client_order_id_is_32_letters_and_digits_that_begin_with_the_installation(identity, installation):
    made = client_order_id(identity, installation)
    assert re.fullmatch(r"[a-z0-9]{32}", made)
    assert made.startswith(prefix(installation))
    assert made == client_order_id(identity, installation)


@given(IDENTITIES, INSTALLATIONS)
def test_a_client_order_id_is_written_in_base32(identity, installation):
    letters = client_order_id(identity, installation).removeprefix(prefix(installation)).upper()
    bits = base64.b32decode(letters + "=" * (-len(letters) % 8))
    assert len(bits) == 16
    assert base64.b32encode(bits).decode().rstrip("=") == letters


@given(IDENTITIES, IDENTITIES, INSTALLATIONS)
def test_two_identities_have_two_client_order_ids(one, other, installation):
    same = client_order_id(one, installation) == client_order_id(other, installation)
    assert same == (one == other)


@given(IDENTITIES, INSTALLATIONS, INSTALLATIONS)
def test_two_installations_have_two_client_order_ids(identity, one, other):
    assert (client_order_id(identity, one) == client_order_id(identity, other)) == (one == other)


def test_a_client_order_id_never_changes():
    """Orders of an older version must be found by a newer one."""
    identity = Identity(grant=uuid.UUID(int=1), deal=uuid.UUID(int=2), name="base", generation=1)
    assert client_order_id(identity, "00" * 16) == "bp0000qkvtsoewc3akmvzdcese32pf3e"
