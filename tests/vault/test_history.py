"""History cannot be changed by a program that has no business with it, and its whole life can still be written."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.vault.test_books import Bot
from vault import clock
from vault.audit import chain
from vault.audit.models import Checkpoint
from vault.grants.models import Credential, Grant, GrantVersion
from vault.kills import kills
from vault.ledger.models import Order
from vault.messages.words import StopLevel
from vault.passkeys.models import Passkey
from vault.service import history
from vault.service.rules import RULES, NotProtected
from vault.tokens.models import EnrolledKey, Lease

pytestmark = pytest.mark.django_db
ANOTHER = uuid.UUID(int=1)
DROP, WEAKER = {
    "sqlite": (
        "DROP TRIGGER history_audit_entry_delete",
        "CREATE TRIGGER history_audit_entry_delete BEFORE DELETE ON audit_entry BEGIN SELECT 1; END",
    ),
    "postgresql": (
        "DROP TRIGGER history_audit_entry_delete ON audit_entry",
        "CREATE TRIGGER history_audit_entry_delete BEFORE DELETE ON audit_entry EXECUTE FUNCTION history_refuses()",
    ),
}[connection.vendor]


@pytest.fixture
def past():
    """A row of every table of history, with its triggers in place."""
    now = clock.now()
    bot = Bot()
    bot.trade(bot.place("buy", 2, 100, reference=100), 1)
    ended = bot.place("sell", 1, 100)
    bot.end(ended)
    chain.append("order.refused", "x", {}, now=now)
    Checkpoint.objects.create(height=1, digest="d", ledger_height=1, ledger_digest="d", at=now, key=1, signature="s")
    key = Credential.objects.create(id=uuid.uuid4(), owner=uuid.uuid4(), exchange="paper", announced_at=now)
    grant = Grant.objects.create(id=uuid.uuid4(), owner=key.owner, credential=key, version=2, epoch=1, revoked_at=now)
    GrantVersion.objects.create(
        grant=grant, version=1, canonical="{}", digest="d", written_at=now, written_by="k", approved_at=now
    )
    kills.put("everything", StopLevel.OPENING, kills.HOST, now=now)
    kills.lift("everything", kills.HOST, now=now)
    runner = EnrolledKey.objects.create(id="k", kind="runner", public="p", enrolled_at=now, revoked_at=now)
    Lease.objects.create(shard="s", fence=5, holder=runner, proof_key="p", expires_at=now)
    Passkey.objects.create(id="p", owner=key.owner, label="", public="x", count=7, added_at=now, removed_at=now)
    connection.check_constraints()  # PostgreSQL changes no table while some are still to be checked
    history.protect()


def refused(statement):
    with pytest.raises(DatabaseError, match="is history: no "), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.table)
def test_nothing_of_it_is_deleted(past, rule):
    refused(f"DELETE FROM {rule.table}")  # noqa: S608 - of the rules' own words


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("audit_entry", "body = 'x'"),
        ("audit_entry", "height = 99"),
        ("audit_checkpoint", "signature = 'x'"),
        ("ledger_event", "told = '{}'"),
        ("ledger_order", "amount = '9'"),
        ("ledger_order", "price = '9'"),
        ("ledger_order", "client_order_id = 'bp'"),
        ("ledger_order", f"\"grant\" = '{ANOTHER}'"),
        ("ledger_order", "state = 'accepted'"),
        ("ledger_trade", "amount = '9'"),
        ("ledger_trade", "fee = '9'"),
        ("ledger_trade", '"grant" = NULL'),
        ("ledger_trade", "order_id = NULL"),
        ("ledger_trade", "slippage = '9'"),
        ("grants_credential", "exchange = 'binance'"),
        ("grants_credential", f"owner = '{ANOTHER}'"),
        ("grants_grantversion", "canonical = '{\"wide\": 1}'"),
        ("grants_grantversion", "approved_at = NULL"),
        ("grants_grantversion", "approval = 'x'"),
        ("grants_grant", "revoked_at = NULL"),
        ("grants_grant", "version = 1"),
        ("grants_grant", "epoch = 0"),
        ("grants_grant", f"owner = '{ANOTHER}'"),
        ("kills_kill", "lifted_at = NULL"),
        ("kills_kill", "scope = 'x'"),
        ("tokens_lease", "fence = 4"),
        ("passkeys_passkey", "public = 'y'"),
        ("passkeys_passkey", "removed_at = NULL"),
        ("passkeys_passkey", "count = 6"),
        ("tokens_enrolledkey", "public = 'x'"),
        ("tokens_enrolledkey", "revoked_at = NULL"),
    ],
)
def test_what_was_written_stays(past, table, change):
    refused(f"UPDATE {table} SET {change}")  # noqa: S608 - of this file's own words


def test_the_present_goes_on(past):
    """An order that is alive fills and ends; a lease is taken anew; a new version is written."""
    bot = Bot()
    order = bot.place("buy", 2, 100)
    bot.trade(order, 1, fee="0.1")
    bot.end(order)
    late = bot.place("buy", 1, 100)
    bot.trade(late, 1)
    assert Order.objects.get(pk=late.pk).state == "filled"
    Lease.objects.filter(shard="s").update(fence=6, expires_at=clock.now() + timedelta(seconds=1))
    Grant.objects.update(version=3, epoch=2, shard="s")
    chain.append("order.refused", "x", {}, now=clock.now())


def test_a_trigger_that_is_missing_or_weaker_is_noticed(past):
    history.check()
    with connection.cursor() as cursor:
        cursor.execute(DROP)
        with pytest.raises(NotProtected, match="python -m vault migrate"):
            history.check()
        cursor.execute(WEAKER)
    with pytest.raises(NotProtected):
        history.check()
    history.protect()
    history.check()


def test_migrating_can_change_everything(past):
    history.unprotect()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_order SET amount = '9'")
    with pytest.raises(NotProtected):
        history.check()
