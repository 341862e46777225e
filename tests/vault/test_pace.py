import uuid

from vault import clock
from vault.service.pace import Bucket, Pace


def test_counts_slide_over_a_minute_for_each_grant_and_kind(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    pace, one, other = Pace(), uuid.uuid4(), uuid.uuid4()
    for second in (0, 30, 59):
        now[0] = 1000.0 + second
        pace.count(one, "order")
    assert (pace.of(one, "order"), pace.of(one, "exit"), pace.of(other, "order")) == (3, 0, 0)
    now[0] = 1059.999
    assert pace.of(one, "order") == 3
    now[0] = 1060.0
    assert pace.of(one, "order") == 2
    now[0] = 2000.0
    assert pace.of(one, "order") == 0


def test_a_bucket_gives_its_burst_and_then_so_many_a_second(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    bucket = Bucket(a_second=2, burst=3)
    assert [bucket.take("a") for _ in range(4)] == [True, True, True, False]
    assert bucket.take("b")
    now[0] = 1000.5
    assert [bucket.take("a") for _ in range(2)] == [True, False]
    now[0] = 2000.0
    assert [bucket.take("a") for _ in range(4)] == [True, True, True, False]
