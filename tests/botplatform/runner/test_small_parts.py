import uuid
from datetime import timedelta
from decimal import Decimal as D

import pytest
from django_q.models import OrmQ

from botplatform.lib import clock
from botplatform.runner import drain
from botplatform.runner.dispatcher import dispatch_once
from botplatform.runner.models import Shard
from botplatform.runner.pricing import worst_price
from botplatform.runner.shards import all_shards, shard_of
from strategies.market import Market
from strategies.orders import Side

MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.00001"))


def test_a_buy_at_the_market_pays_at_most_half_a_percent_more():
    assert worst_price(Side.BUY, D(100), MARKET, tries=9, exit_order=False) == D("100.50")


def test_an_exit_gives_way_a_little_more_each_time():
    prices = [worst_price(Side.SELL, D(100), MARKET, tries=n, exit_order=True) for n in range(6)]
    assert prices == [D("99.50"), D("99.00"), D("98.00"), D("96.00"), D("95.00"), D("95.00")]


def test_all_bots_of_an_account_run_in_one_shard():
    account = uuid.uuid4()
    assert shard_of(account) == shard_of(uuid.UUID(account.hex))
    assert shard_of(account) in all_shards()


def test_the_drain_flag_is_seen_and_gone_again_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.delenv("BOTPLATFORM_DRAIN", raising=False)
    assert not drain.flagged()
    monkeypatch.setenv("BOTPLATFORM_DRAIN", str(tmp_path / "drain"))
    drain.raise_flag()
    assert drain.flagged()
    drain.prepare(tmp_path / "drain")
    assert not drain.flagged()


@pytest.mark.django_db
class TestDispatcher:
    def test_every_shard_without_a_slice_gets_one(self, tmp_path):
        assert dispatch_once(tmp_path / "beat") == all_shards()
        assert OrmQ.objects.count() == len(all_shards())

    def test_a_shard_is_not_asked_for_twice_at_once(self, tmp_path):
        dispatch_once(tmp_path / "beat")
        assert dispatch_once(tmp_path / "beat") == []

    def test_a_shard_whose_slice_lives_is_left_alone(self, tmp_path):
        for name in all_shards():
            Shard.objects.create(name=name, beat_at=clock.now())
        assert dispatch_once(tmp_path / "beat") == []

    def test_a_shard_whose_slice_fell_silent_gets_another(self, tmp_path):
        for name in all_shards():
            Shard.objects.create(name=name, beat_at=clock.now() - timedelta(seconds=6))
        assert dispatch_once(tmp_path / "beat") == all_shards()

    def test_a_cluster_that_starts_nothing_loses_its_heartbeat(self, tmp_path):
        for name in all_shards():
            Shard.objects.create(name=name, unanswered_since=clock.now() - timedelta(seconds=21))
        dispatch_once(tmp_path / "beat")
        assert not (tmp_path / "beat").exists()

    def test_a_task_carries_a_shards_name_and_nothing_else(self, tmp_path):
        dispatch_once(tmp_path / "beat")
        task = OrmQ.objects.first().task
        assert task["args"] in [(name,) for name in all_shards()]
        assert task["kwargs"] == {}
