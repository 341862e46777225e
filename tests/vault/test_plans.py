"""What is asked every second, and of each order, finds its rows by an index, however long the history is."""

import pytest

from vault.driver import execute
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
