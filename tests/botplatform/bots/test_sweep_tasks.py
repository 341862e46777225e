"""A sweep's work as rows and tasks: what a worker does with a chunk, and how the one who waits takes care of them."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from botplatform.bots.backtests.opened import Piece
from botplatform.bots.models import Sweep, SweepChunk
from botplatform.bots.sweeps import clusters, feeding, tasks
from botplatform.bots.sweeps.wire import row_of, row_words, unit_of, unit_words
from botplatform.bots.sweeps.work import Row, run_set
from botplatform.lib import clock
from tests.botplatform.bots.test_sweep import DCA, saved
from tests.strategies.backtest.test_engine_equals_walker import series

UNITS = [((("step", step),), None) for step in ("0.005", "0.01", "0.02", "0.03", "0.04", "0.05")]


@pytest.fixture(scope="module")
def candles(tmp_path_factory):
    return str(saved(tmp_path_factory.mktemp("candles") / "candles.npz", series(5, 3000, 0.002, 0.05)))


@pytest.fixture
def chunk(db, candles):
    sweep = Sweep.objects.create(job=DCA, candles=candles, created_at=clock.now())
    return SweepChunk.objects.create(sweep=sweep, number=0, units=[unit_words(unit) for unit in UNITS[:2]])


# What a worker does


def expected(candles, units=UNITS):
    return [run_set(DCA, candles, *unit) for unit in units]


def test_sets_and_rows_come_back_from_json_as_they_were(candles):
    for row in [*expected(candles), Row(settings=(("step", "none"),), field="step", problem="step: no.")]:
        assert row_of(json.loads(json.dumps(row_words(row)))) == row
    for unit in [UNITS[0], (UNITS[0][0], Piece(3, 500))]:
        assert unit_of(json.loads(json.dumps(unit_words(unit)))) == unit


def test_a_task_writes_its_rows(chunk, candles):
    tasks.run_chunk(str(chunk.pk))
    chunk.refresh_from_db()
    assert chunk.done
    assert [row_of(words) for words in chunk.rows] == expected(candles, UNITS[:2])


def test_a_task_that_comes_twice_does_nothing_more(chunk, monkeypatch):
    tasks.run_chunk(str(chunk.pk))
    monkeypatch.setattr(tasks, "run_set", lambda *_: pytest.fail("it was done already"))
    tasks.run_chunk(str(chunk.pk))


def test_a_task_for_which_nobody_waits_does_nothing(chunk, monkeypatch):
    Sweep.objects.update(ended=True)
    monkeypatch.setattr(tasks, "run_set", lambda *_: pytest.fail("nobody waits"))
    tasks.run_chunk(str(chunk.pk))
    Sweep.objects.all().delete()
    tasks.run_chunk(str(chunk.pk))


def test_a_worker_stops_between_two_sets_when_the_sweep_ends(chunk, monkeypatch):
    monkeypatch.setattr(tasks, "_BEAT", -1)
    done = []

    def once(*_):
        done.append(1)
        Sweep.objects.update(ended=True)
        return Row(settings=())

    monkeypatch.setattr(tasks, "run_set", once)
    tasks.run_chunk(str(chunk.pk))
    chunk.refresh_from_db()
    assert (len(done), chunk.done) == (1, False)


def test_what_goes_wrong_is_written_where_somebody_waits(chunk, tmp_path):
    Sweep.objects.update(candles=str(tmp_path / "gone.npz"))
    with pytest.raises(Exception, match="There is no file"):
        tasks.run_chunk(str(chunk.pk))
    chunk.refresh_from_db()
    assert "There is no file" in chunk.problem


# Who waits


@pytest.mark.parametrize(
    ("units", "bars", "workers", "size"),
    [(1000, 525_600, 2, 24), (1000, 3000, 2, 100), (12, 3000, 2, 2), (3, 525_600, 8, 1), (500, 30_000_000, 2, 1)],
)
def test_chunks_are_neither_long_nor_many(units, bars, workers, size):
    assert feeding.chunk_size(units, bars, workers) == size


class Workshop:
    """A cluster of two workers that does what a test tells it whenever the one who waits pauses; time is its own."""

    name, workers = "workshop", 2

    def __init__(self, act):
        self.asked, self.now, self.restarts, self.act = [], 0.0, 0, act

    def look(self):
        return False

    def restart(self):
        self.restarts += 1

    def pause(self, _seconds):
        self.now += 2
        assert self.now < 3600, "it waits for ever"
        self.act(self)


def do(asked):
    while asked:
        tasks.run_chunk(asked.pop())


@pytest.fixture
def waiting(db, candles, monkeypatch):
    def run(act):
        workshop = Workshop(act)
        monkeypatch.setattr(feeding, "async_task", lambda _, pk, **__: workshop.asked.append(pk))
        monkeypatch.setattr(feeding.time, "sleep", workshop.pause)
        monkeypatch.setattr(feeding.clock, "monotonic", lambda: workshop.now)
        return workshop, list(feeding.rows(DCA, candles, UNITS, 3000, workshop))

    return run


def test_rows_come_in_the_order_of_the_sets_whatever_is_done_first(waiting, candles):
    _, rows = waiting(lambda workshop: do(workshop.asked))  # the last one that was asked for first
    assert rows == expected(candles)


def test_nothing_is_left_when_it_is_over(waiting):
    waiting(lambda workshop: do(workshop.asked))
    assert not Sweep.objects.exists()


def test_only_a_few_chunks_are_asked_for_at_a_time(waiting, monkeypatch):
    monkeypatch.setattr(feeding, "_ASKED_AHEAD", 1)
    most = []

    def one(workshop):
        most.append(len(workshop.asked))
        tasks.run_chunk(workshop.asked.pop(0))

    waiting(one)
    assert max(most) == 2


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_chunk_whose_worker_was_killed_is_done_again(waiting, candles):
    dead = f"{tasks.here().split()[0]} {ended_process()}"

    def first_takes_and_dies(workshop):
        if workshop.now < 3:
            SweepChunk.objects.filter(pk=workshop.asked.pop(0)).update(worker=dead, beat_at=clock.now())
        do(workshop.asked)

    workshop, rows = waiting(first_takes_and_dies)
    assert rows == expected(candles)
    assert workshop.restarts == 0


def test_sets_that_kill_every_worker_are_given_up(waiting):
    dead = f"{tasks.here().split()[0]} {ended_process()}"

    def takes_and_dies(workshop):
        SweepChunk.objects.filter(pk__in=workshop.asked).update(worker=dead, beat_at=clock.now())
        workshop.asked.clear()

    with pytest.raises(feeding.ChunkFailed, match="workers ended over the same sets"):
        waiting(takes_and_dies)


def test_a_task_that_was_lost_before_anybody_took_it_is_asked_for_again(waiting, candles):
    def loses_the_first(workshop):
        if workshop.now < 3:
            workshop.asked.clear()
        do(workshop.asked)

    workshop, rows = waiting(loses_the_first)
    assert rows == expected(candles)
    assert workshop.restarts == 1


def test_a_worker_that_takes_its_time_is_left_alone(waiting, candles):
    def slow(workshop):
        SweepChunk.objects.filter(pk__in=workshop.asked).update(worker=tasks.here(), beat_at=clock.now())
        if workshop.now > 600:
            do(workshop.asked)

    workshop, rows = waiting(slow)
    assert rows == expected(candles)
    assert workshop.restarts == 0


def test_a_problem_of_a_chunk_ends_the_sweep(waiting):
    def fails(workshop):
        SweepChunk.objects.filter(pk__in=workshop.asked).update(problem="CandlesRefused: gone", worker=tasks.here())

    with pytest.raises(feeding.ChunkFailed, match="CandlesRefused: gone"):
        waiting(fails)


# Which cluster


@pytest.fixture
def board(tmp_path, settings):
    settings.LAYOUT = type(settings.LAYOUT)(var=tmp_path, run=tmp_path, web_port=0, pages_port=0, paper_port=0)

    def write(state="ready", age=0):
        at = clock.now() - timedelta(seconds=age)
        told = {"at": at.isoformat(), "processes": {"default": {"state": state, "pid": os.getpid()}}}
        settings.LAYOUT.processes.write_text(json.dumps(told))

    return write


def chosen(processes=None):
    cluster = clusters.cluster_for(processes)
    cluster.close()
    return type(cluster)


def test_the_cluster_that_runs_is_used(board):
    board()
    assert chosen() is clusters.DefaultCluster


@pytest.mark.parametrize("state", [{"state": "backoff"}, {"age": 60}])
def test_a_cluster_that_does_not_run_is_not_waited_for(board, state):
    board(**state)
    assert chosen() is clusters.OwnCluster


def test_without_a_supervisor_there_is_a_cluster_of_its_own(board):
    assert chosen() is clusters.OwnCluster


def test_a_number_of_processes_asks_for_a_cluster_of_its_own(board):
    board()
    assert chosen(3) is clusters.OwnCluster


def test_a_default_cluster_that_stopped_meanwhile_is_told_with_the_remedy(board):
    with pytest.raises(clusters.ClusterLost, match="Run the same command again"):
        clusters.DefaultCluster().restart()
