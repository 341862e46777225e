"""What is asked every second, and of each order, finds its rows by an index, however long the history is."""

import pytest

from vault.audit import chain
from vault.audit.models import OF_ORDERS, Entry
from vault.driver import execute
from vault.kills.models import Kill
from vault.ledger import ledger
from vault.service import streams, watch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (watch._PLACES, "alive_orders"),
        (watch._LIVE_ORDERS, "alive_orders"),
        (watch._LATE, "alive_orders"),
        (streams._TRADING, "alive_orders"),
        (ledger._AT_EXCHANGE, "orders_by_the_exchanges_id"),
    ],
    ids=["places", "live orders", "late", "trading", "at the exchange"],
)
def test_orders_are_found_by_an_index(statement, index):
    sql = statement._keep(()).sql
    plan = [row[-1] for row in execute(f"EXPLAIN QUERY PLAN {sql}", ["x"] * sql.count("?")).fetchall()]
    assert any(f"INDEX {index}" in step for step in plan), plan
    assert not any("SCAN ledger_order" in step and "INDEX" not in step for step in plan), plan


def steps(queryset):
    """How the database goes about it."""
    return queryset.explain().splitlines()


@pytest.mark.parametrize("kind", ["order.refused", "token.minted", "recovery.entered"])
def test_entries_of_a_kind_are_found_by_an_index(kind):
    plan = steps(Entry.objects.filter(chain.of_kind(kind)).order_by("-height"))
    assert any("INDEX kinds_but_of_orders (kind=?)" in step for step in plan), plan


@pytest.mark.parametrize("kind", OF_ORDERS)
def test_no_index_knows_the_entries_of_all_orders(kind):
    with pytest.raises(ValueError, match="not in the index"):
        chain.of_kind(kind)


def test_whether_anything_is_stopped_is_asked_of_what_is_stopped_alone():
    plan = steps(Kill.objects.filter(lifted_at=None))
    assert any("INDEX kills_in_force" in step for step in plan), plan
