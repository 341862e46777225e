"""Backtests and sweeps asked for on a page, done by tasks, kept, compared and taken away."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from botplatform.bots.studies import asking, tasks
from botplatform.bots.studies.models import SILENT, Study
from botplatform.bots.sweeps.models import Sweep
from tests.botplatform.dashboard import seeds
from tests.botplatform.dashboard.builder.pasts import archived, walk

pytestmark = pytest.mark.django_db
FOLLOWING = {"botplatform.bots.studies.tasks.run": tasks.run, "botplatform.bots.studies.tasks.run_part": tasks.run_part}


@pytest.fixture
def queue(monkeypatch):
    """What would be in the cluster's queue; `work` does it."""

    class Queue(list):
        def work(self, most=1000):
            for _ in range(most):
                if not self:
                    return
                name, arguments = self.pop(0)
                FOLLOWING[name](*arguments)

    made = Queue()

    def async_task(name, *arguments, **options):
        assert options["cluster"] == "default"
        assert options["save"] is False
        made.append((name, arguments))

    monkeypatch.setattr(asking, "async_task", async_task)
    monkeypatch.setattr(tasks, "async_task", async_task)
    return made


@pytest.fixture
def here(settings, tmp_path):
    """Reports of this test alone."""
    settings.PLATFORM_DIR = tmp_path / "platform"
    settings.PLATFORM_DIR.mkdir()
    return tmp_path


@pytest.fixture
def past(here):
    """A week of minutes in the archive."""
    archived(here, walk(minutes=7 * 1440, deviation=0.001))


@pytest.fixture
def bot(owner):
    return seeds.bot(owner)


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    return client


def words(answer):
    return unescape(answer.content.decode())


def ask(client, **said):
    return client.post("/backtests/new", {"bot": "Demo DCA", **said})


def test_a_backtest_of_a_bot_is_done_and_shown(signed_in, bot, queue, past):
    answer = ask(signed_in)
    study = Study.objects.get()
    assert answer.url == f"/backtests/{study.pk}/"
    assert "Waiting for the cluster" in words(signed_in.get(answer.url))
    queue.work()
    study.refresh_from_db()
    assert study.state == "done"
    assert study.figures["deals"] > 0
    assert len(study.curve) == 300
    page = words(signed_in.get(answer.url))
    assert "Deepest fall" in page
    assert "The whole report" in page
    assert "dca on BTC/USDT" in words(signed_in.get("/backtests/"))


def test_the_report_is_a_file_of_ones_own_under_a_policy_of_its_own(signed_in, bot, queue, past):
    ask(signed_in)
    queue.work()
    study = Study.objects.get()
    assert study.report.stat().st_mode & 0o777 == 0o600
    assert study.report.parent.stat().st_mode & 0o777 == 0o700
    answer = signed_in.get(f"/backtests/{study.pk}/report")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "<script" not in page
    assert not re.search(r"\sstyle=", page)


def test_settings_of_ones_own_are_tested_without_a_bot(signed_in, bot, queue, past):
    typed = (
        '{"base_order": "40", "averaging_orders": 2, "averaging_order": "40", "step": "0.01", "take_profit": "0.01"}'
    )
    ask(signed_in, bot="", kind="dca", market=bot.market_id, settings=typed, capital="500")
    queue.work()
    study = Study.objects.get()
    assert study.state == "done"
    assert study.figures["capital"] == "500"


def test_a_sweep_is_cut_done_and_drawn_as_a_map(signed_in, bot, queue, past):
    ask(signed_in, vary="take_profit=0.004:0.01:0.002\nstep=0.004,0.008")
    queue.work(2)
    study = Study.objects.get()
    assert (study.state, Sweep.objects.count()) == ("running", 1)
    assert 0 < study.share < 1
    queue.work()
    study.refresh_from_db()
    assert (study.state, study.found["sets"]) == ("done", 8)
    assert not Sweep.objects.exists()
    page = words(signed_in.get(f"/backtests/{study.pk}/"))
    assert 'class="heat"' in page
    assert "The best of 8 sets" in page
    assert not re.search(r"\sstyle=", page)


def test_the_page_says_how_far_it_is_and_comes_anew_when_it_is_over(signed_in, bot, queue, past):
    ask(signed_in, vary="take_profit=0.004:0.01:0.002")
    study = Study.objects.get()
    assert "HX-Refresh" not in signed_in.get(f"/backtests/{study.pk}/state")
    queue.work()
    assert signed_in.get(f"/backtests/{study.pk}/state")["HX-Refresh"] == "true"


def test_what_is_cancelled_is_not_done(signed_in, bot, queue, past):
    ask(signed_in)
    study = Study.objects.get()
    signed_in.post(f"/backtests/{study.pk}/cancel")
    queue.work()
    study.refresh_from_db()
    assert (study.state, study.figures) == ("cancelled", {})
    assert not study.report.exists()


def test_a_sweep_that_is_cancelled_in_its_middle_stops(signed_in, bot, queue, past):
    ask(signed_in, vary="take_profit=0.004:0.01:0.001")
    queue.work(2)
    study = Study.objects.get()
    signed_in.post(f"/backtests/{study.pk}/cancel")
    queue.work()
    study.refresh_from_db()
    assert study.state == "cancelled"
    assert Sweep.objects.get().ended


def test_a_task_that_comes_twice_does_nothing_more(signed_in, bot, queue, past):
    ask(signed_in)
    (again,) = queue
    queue.work()
    before = Study.objects.get().ended_at
    queue.append(again)
    queue.work()
    assert Study.objects.get().ended_at == before


@pytest.mark.parametrize("vary", ["", "take_profit=0.004:0.01:0.001"])
def test_a_study_whose_worker_was_ended_is_begun_again_when_its_task_comes_back(signed_in, bot, queue, past, vary):
    ask(signed_in, vary=vary)
    (task,) = queue
    queue.work(1 if vary else 0)
    queue.clear()  # a worker that was ended while it asked for the parts
    Study.objects.update(state="running", beat_at=seeds.now() - SILENT - timedelta(seconds=1))
    queue.append(task)
    queue.work()
    assert Study.objects.get().state == "done"
    assert not Sweep.objects.exists()


def test_a_study_that_somebody_works_on_is_not_begun_again(signed_in, bot, queue, past):
    ask(signed_in)
    Study.objects.update(state="running", beat_at=seeds.now())
    queue.work()
    assert Study.objects.get().state == "running"


def test_a_study_without_a_sign_of_life_says_so(signed_in, bot, queue, past):
    ask(signed_in)
    study = Study.objects.get()
    Study.objects.update(state="running", beat_at=seeds.now())
    assert "No sign of life" not in words(signed_in.get(f"/backtests/{study.pk}/state"))
    Study.objects.update(beat_at=seeds.now() - SILENT - timedelta(seconds=1))
    assert "No sign of life since" in words(signed_in.get(f"/backtests/{study.pk}/state"))


def test_candles_that_are_missing_are_told_with_what_to_do(signed_in, bot, queue, here):
    answer = ask(signed_in)
    page = words(answer)
    assert answer.status_code == 422
    assert "the archive has no candles of BTC/USDT from paper" in page
    assert "Fetch a year" in page
    assert "manage.py candles fetch" in page
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"bot": "Nobody"}, "None of your bots is called that."),
        ({"bot": ""}, "Name a bot, or give kind, market and settings."),
        ({"settings": "{"}, "This is not JSON"),
        ({"settings": "[]"}, "Give an object"),
        ({"settings": '{"base_order": "-1"}'}, "base_order"),
        ({"vary": "nothing=1,2"}, "there is no such setting"),
        ({"vary": "take_profit=0.001:0.9:0.0001"}, "these are"),
        ({"capital": "-5"}, "greater than or equal to 0"),
        ({"interval": "1h"}, "the archive has no 1h candles"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(signed_in, bot, queue, past, said, told):
    answer = ask(signed_in, **said)
    assert answer.status_code == 422
    assert told in words(answer)
    assert not Study.objects.exists()
    assert not queue


def test_two_bots_of_one_name_are_not_guessed_between(signed_in, owner, bot, queue, past):
    seeds.bot(owner)
    assert "Several of your bots are called that." in words(ask(signed_in))


def test_a_person_waits_for_some_at_a_time(signed_in, bot, queue, past):
    for _ in range(asking.MOST_AT_ONCE):
        ask(signed_in)
    assert "are not done yet" in words(ask(signed_in))


def test_what_cannot_be_done_says_why(signed_in, bot, queue, past, monkeypatch):
    ask(signed_in)
    monkeypatch.setattr(tasks, "_paths", lambda *_: ["/nowhere"])
    queue.work()
    study = Study.objects.get()
    assert study.state == "failed"
    assert "/nowhere" in words(signed_in.get(f"/backtests/{study.pk}/"))


def test_a_stumble_is_told_without_its_insides(signed_in, bot, queue, past, monkeypatch):
    ask(signed_in)
    monkeypatch.setattr(tasks, "tested", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        queue.work()
    assert "ZeroDivisionError" in Study.objects.get().problem


def test_studies_stand_side_by_side_with_what_differs_in_their_settings(signed_in, bot, queue, past):
    for target in ("0.005", "0.02"):
        bot.settings = {**seeds.SETTINGS, "take_profit": target}
        bot.save()
        ask(signed_in)
    queue.work()
    query = "&".join(f"study={study.pk}" for study in Study.objects.all())
    page = words(signed_in.get(f"/backtests/compare?{query}"))
    assert "take profit" in page
    assert "0.02" in page
    assert "base order<small>" not in page
    assert len(signed_in.get(f"/backtests/compare/curves?{query}").json()["curves"]) == 2


def test_comparing_asks_for_two(signed_in, bot):
    assert "Tick two or more" in words(signed_in.get("/backtests/compare?study=x&study="))


def test_a_study_and_its_report_can_be_deleted(signed_in, bot, queue, past):
    ask(signed_in)
    queue.work()
    study = Study.objects.get()
    signed_in.post(f"/backtests/{study.pk}/delete")
    assert not Study.objects.exists()
    assert not study.report.exists()


def test_a_stranger_sees_nothing_of_it(client, signed_in, stranger, bot, queue, past):
    ask(signed_in)
    queue.work()
    study = Study.objects.get()
    client.force_login(stranger)
    for path in ("", "state", "curve", "report"):
        assert client.get(f"/backtests/{study.pk}/{path}").status_code == 404
    for path in ("cancel", "delete"):
        assert client.post(f"/backtests/{study.pk}/{path}").status_code == 404
    assert client.get(f"/backtests/compare/curves?study={study.pk}").json() == {"curves": []}
    assert "None of your bots is called that." in words(ask(client))
    assert Study.objects.count() == 1


def test_many_studies_take_no_more_queries_than_few(signed_in, owner):
    def some(count):
        row = {"job": {}, "exchange": "paper", "interval": "1m", "created_at": seeds.now()}
        Study.objects.bulk_create(Study(owner=owner, title="A", state="done", **row) for _ in range(count))

    def asked():
        signed_in.get("/backtests/")
        with CaptureQueriesContext(connection) as captured:
            assert signed_in.get("/backtests/").status_code == 200
        return len(captured)

    some(2)
    few = asked()
    some(18)
    assert asked() == few
