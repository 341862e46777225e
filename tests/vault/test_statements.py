"""Statements that Django wrote once read and write what querysets and `save` would."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError
from django.db.models import F

from vault.kills.models import Kill
from vault.ledger.models import Account, Event, Holding, Order, Trade
from vault.messages.answers import State
from vault.statements import Select, Steady, Table
from vault.tokens.models import EnrolledKey, Lease

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)


def order(**changes):
    words = {
        "grant": uuid.uuid4(),
        "credential": uuid.uuid4(),
        "exchange": "paper",
        "deal": uuid.uuid4(),
        "name": "base",
        "generation": 1,
        "market": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "amount": "0.001",
        "price": "50000",
        "client_order_id": uuid.uuid4().hex,
        "state": State.SENDING,
        "prepared_at": NOW,
        "updated_at": NOW,
    }
    return Order(**words | changes)


def fields(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_is_written_and_read_as_save_and_get_would():
    written = Table(Order).insert(order(valid_until=NOW, cancelling=True))
    assert fields(Order.objects.get()) == fields(written)
    (read,) = Select(Order.objects.all(), "pk").all(written.pk)
    assert fields(read) == fields(written)
    assert not read._state.adding


@pytest.mark.parametrize("at", [NOW, NOW.replace(microsecond=0), NOW.replace(hour=0, minute=0, second=0)])
def test_times_days_and_truth_are_read_as_what_they_are(at):
    Table(Account).insert(Account(grant=uuid.UUID(int=1), since=at, day=at.date()))
    (account,) = Select(Account.objects.all(), "pk").all(uuid.UUID(int=1))
    assert (account.since, account.day) == (at, at.date())
    Table(Order).insert(order(cancelling=True))
    (read,) = Select(Order.objects.all(), "state").all(State.SENDING)
    assert (read.cancelling, read.valid_until) == (True, None)
    assert type(read.cancelling) is bool


def test_a_row_that_was_read_is_written_over_its_old_self():
    saved = Table(Order).insert(order())
    saved.state, saved.valid_until = State.ACCEPTED, NOW + timedelta(seconds=1)
    Table(Order).save(saved)
    assert fields(Order.objects.get()) == fields(saved)


def test_columns_that_stay_are_not_written():
    saved = Table(Order).insert(order())
    saved.state, saved.alive = State.ACCEPTED, False
    Table(Order, "alive").save(saved)
    assert (Order.objects.get().state, Order.objects.get().alive) == (State.ACCEPTED, True)


def test_only_columns_of_its_table_can_stay():
    with pytest.raises(AssertionError, match="ledger_order has no alvie"):
        Table(Order, "alvie")


def test_a_row_that_is_gone_is_not_written_into_nothing():
    saved = Table(Order).insert(order())
    Order.objects.all().delete()
    with pytest.raises(DatabaseError, match="gone"):
        Table(Order).save(saved)


def test_a_row_with_a_key_of_its_own_keeps_it():
    saved = Table(Order).insert(order())
    event = Event(seq=41, grant=saved.grant, order=saved, told="{}", digest="")
    assert Table(Event).insert(event).pk == 41
    assert Event.objects.get().seq == 41


def test_the_databases_own_rules_hold():
    holding = Holding(grant=uuid.uuid4(), asset="BTC")
    Table(Holding).insert(holding)
    with pytest.raises(IntegrityError):
        Table(Holding).insert(Holding(grant=holding.grant, asset="BTC"))


def test_values_go_to_their_own_conditions_in_any_order():
    mine = Table(Order).insert(order(name="one", generation=3))
    Table(Order).insert(order(name="two", generation=3))
    by_name = Select(Order.objects.all()[:1], "name", "generation")
    by_generation = Select(Order.objects.all()[:1], "generation", "name")
    assert by_name.first("one", 3) == by_generation.first(3, "one") == mine
    assert by_name.first("one", 4) is None


def test_a_querysets_own_conditions_order_and_cut_stay():
    grant = uuid.uuid4()
    for generation in (1, 2, 3):
        Table(Order).insert(order(grant=grant, generation=generation, alive=generation != 3, name=f"n{generation}"))
    newest = Select(Order.objects.filter(alive=True, exchange="paper").order_by("-generation")[:1], "grant")
    assert newest.first(grant).generation == 2


def test_times_compare_as_times():
    grant = uuid.uuid4()
    rows = [Trade(grant=grant, counted_at=NOW + timedelta(seconds=n), **_trade(n)) for n in range(4)]
    for row in rows:
        Table(Trade).insert(row)
    between = Select(Trade.objects.order_by("id"), "grant", "counted_at__gt", "counted_at__lte")
    assert between.all(grant, rows[0].counted_at, rows[2].counted_at) == rows[1:3]


def _trade(n):
    return {
        "credential": uuid.uuid4(),
        "market": "BTC/USDT",
        "trade_id": str(n),
        "exchange_order_id": "1",
        "side": "buy",
        "amount": "1",
        "price": "1",
        "fee": "0",
        "fee_asset": "",
        "maker": True,
        "traded_at": 0,
    }


@pytest.mark.parametrize("scopes", [("everything",), ("everything", "user:1"), ("user:1", "user:2", "everything")])
def test_one_of_several_values_takes_any_number_of_them(scopes):
    for scope in ("everything", "user:1", "bot:1"):
        Kill.objects.create(scope=scope, level="opening", by="host", put_at=NOW)
    found = Select(Kill.objects.order_by("id").values_list("scope"), "scope__in").rows(scopes)
    assert found == list(Kill.objects.order_by("id").filter(scope__in=scopes).values_list("scope"))


def test_a_foreign_key_is_found_by_its_value():
    key = EnrolledKey.objects.create(id="k" * 43, kind="runner", public="p", enrolled_at=NOW)
    lease = Lease.objects.create(shard="s", fence=2, holder=key, proof_key="q", expires_at=NOW)
    assert Select(Lease.objects.all(), "holder").all("k" * 43) == [lease]


def test_what_a_query_annotates_is_an_attribute():
    key = EnrolledKey.objects.create(id="k" * 43, kind="runner", public="p", enrolled_at=NOW, revoked_at=NOW)
    Lease.objects.create(shard="s", fence=2, holder=key, proof_key="q", expires_at=NOW)
    lease = Select(Lease.objects.annotate(revoked=F("holder__revoked_at")), "shard").first("s")
    assert (lease.fence, lease.expires_at, lease.revoked) == (2, NOW, NOW)


def test_what_a_query_reads_along_needs_no_query_of_its_own(django_assert_num_queries):
    key = EnrolledKey.objects.create(id="k" * 43, kind="runner", public="p", enrolled_at=NOW)
    Lease.objects.create(shard="s", fence=2, holder=key, proof_key="q", expires_at=NOW)
    lease = Select(Lease.objects.select_related("holder"), "shard").first("s")
    with django_assert_num_queries(0):
        holder = lease.holder
    assert fields(holder) == fields(key)
    assert fields(lease) == fields(Lease.objects.get())


def test_what_may_be_missing_is_not_read_along():
    with pytest.raises(AssertionError, match="may be missing"):
        Select(Event.objects.select_related("trade"), "grant").all(uuid.uuid4())


def test_a_new_row_is_what_the_models_own_constructor_makes():
    words = fields(order())
    del words["id"], words["filled"], words["alive"]
    assert fields(Table(Order).new(**words)) == fields(Order(**words))


def test_a_new_row_has_no_columns_that_its_table_has_not():
    with pytest.raises(TypeError, match="has no markets"):
        Table(Order).new(markets="BTC/USDT")


def test_a_query_whose_values_would_go_elsewhere_is_never_run():
    sorted_by_a_value = Select(Order.objects.order_by(F("generation") * 2), "name")
    with pytest.raises(AssertionError, match="order of"):
        sorted_by_a_value.all("base")


def test_a_row_that_reads_as_before_is_the_same_object_and_any_other_a_new_one():
    kept = Steady(Kill.objects.all(), "pk")
    row = Kill.objects.create(scope="everything", level="opening", by="host", put_at=NOW)
    first = kept.first(row.pk)
    assert kept.first(row.pk) is first
    Kill.objects.update(lifted_at=NOW)
    assert (kept.first(row.pk).lifted_at, first.lifted_at) == (NOW, None)


def test_what_is_read_along_with_a_row_is_as_it_is_now_too():
    key = EnrolledKey.objects.create(id="k", kind="runner", public="p", enrolled_at=NOW)
    Lease.objects.create(shard="a", fence=1, holder=key, proof_key="q", expires_at=NOW)
    kept = Steady(Lease.objects.select_related("holder"), "pk")
    assert kept.first("a").holder.revoked_at is None
    EnrolledKey.objects.update(revoked_at=NOW)
    assert kept.first("a").holder.revoked_at == NOW


def test_a_row_that_is_gone_is_not_found_though_it_was():
    kept = Steady(Kill.objects.all(), "pk")
    row = Kill.objects.create(scope="everything", level="opening", by="host", put_at=NOW)
    kept.first(row.pk)
    Kill.objects.all().delete()
    assert kept.first(row.pk) is None


def test_no_more_rows_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("vault.statements._KEPT", 2)
    kept = Steady(Kill.objects.all(), "pk")
    rows = [Kill.objects.create(scope=f"{n}", level="opening", by="host", put_at=NOW) for n in range(5)]
    assert [kept.first(row.pk).scope for row in rows] == ["0", "1", "2", "3", "4"]
    assert len(kept._kept) <= 2
