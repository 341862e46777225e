"""Bringing a database that has deals already up to the kept sums."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("bots", "0005_each_message_once"), ("exchanges", "0001_initial")]
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def before(transactional_db):
    """The models as they were; the database is brought up to date again in the end."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    _forward()


def _forward():
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate(newest)
    return executor.loader.project_state(newest).apps


def test_deals_that_were_there_are_summed_up_and_orders_get_their_owner(before):
    user = before.get_model("accounts", "User").objects.create(username="olga")
    market = before.get_model("markets", "Market").objects.create(
        exchange="paper", symbol="BTC/USDT", tick_size="0.01", lot_size="0.00001"
    )
    account = before.get_model("exchanges", "ExchangeAccount").objects.create(
        id=uuid.uuid4(), owner=user, exchange="paper", label="Paper", connected_at=AT
    )
    bot = before.get_model("bots", "Bot").objects.create(
        owner=user, account=account, market=market, name="Old", settings={}, created_at=AT
    )
    deals = before.get_model("bots", "Deal").objects
    for number, profit in ((1, "0.25"), (2, "0.1")):
        row = {"kind": "dca", "settings": {}, "price": "60000", "opened_at": AT}
        deal = deals.create(bot=bot, market=market, number=number, closed_at=AT, realised=profit, **row)
    before.get_model("bots", "Order").objects.create(
        deal=deal, name="base", generation=1, side="buy", total=1, amount=1, price=1, created_at=AT, updated_at=AT
    )
    now = _forward()
    (row,) = now.get_model("bots", "Bot").objects.all()
    (day,) = now.get_model("bots", "DailyProfit").objects.all()
    (order,) = now.get_model("bots", "Order").objects.all()
    assert (row.realised, row.deals_closed) == (D("0.35"), 2)
    assert (day.owner_id, day.quote, day.day, day.realised, day.deals) == (user.pk, "USDT", AT.date(), D("0.35"), 2)
    assert (order.owner_id, order.bot_id, order.market_id) == (user.pk, bot.pk, market.pk)
