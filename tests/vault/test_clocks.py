"""A clock that once ran ahead, and what a person's word sets right."""

from datetime import timedelta

import pytest

from tests.vault.test_books import Bot
from vault import clock
from vault.audit.models import Entry, Mark
from vault.ledger.book import Book
from vault.ledger.models import Account
from vault.ledger.recount import differences
from vault.messages.refusals import Code, Refused
from vault.prices import samples
from vault.prices.models import Sample
from vault.service import clocks
from vault.service.standing import STEP_BACK, Standing
from vault.tokens import leases
from vault.tokens.models import EnrolledKey, Lease

pytestmark = pytest.mark.django_db

YEAR = timedelta(days=365)


@pytest.fixture
def ahead():
    """What a signer wrote down while the clock was a year ahead."""
    later = clock.now() + YEAR
    Mark.objects.create(at=later)
    return later


def test_what_the_signer_has_seen_is_compared_with_the_clock(ahead):
    assert clocks.compare().behind == pytest.approx(YEAR.total_seconds(), abs=1)


@pytest.mark.parametrize("mark", [None, -1, 0])
def test_time_that_went_on_is_not_behind(mark):
    if mark is not None:
        Mark.objects.create(at=clock.now() + timedelta(seconds=mark))
    assert clocks.compare().behind == 0


def test_accepting_is_written_down(ahead):
    clocks.accept()
    assert clocks.compare().behind == 0
    entry = Entry.objects.get()
    assert (entry.kind, str(ahead) in entry.body) == ("clock.accepted", True)


def test_no_lease_and_no_token_of_the_later_time_lives_on(ahead):
    key = EnrolledKey.objects.create(id="k", kind="runner", public="p", enrolled_at=ahead)
    leases.take("s", key, "proof", now=ahead, until=ahead + timedelta(seconds=10))
    clocks.accept()
    assert Lease.objects.get().expires_at <= clock.now()
    with pytest.raises(Refused) as caught:
        leases.live("s", 1, now=clock.now())
    assert caught.value.code is Code.STALE_FENCE


def test_budgets_count_and_forget_again_by_the_right_time(ahead):
    bot = Bot()
    bot.now = ahead
    bot.trade(bot.place("buy", 1, 100, reference=90), 1)
    clocks.accept()
    bot.now = clock.now()
    assert bot.book().traded == 100, "what was traded then is not forgotten early"
    bot.trade(bot.place("buy", 1, 200), 1)
    assert bot.book().traded == 300
    assert differences() == []
    bot.now += timedelta(days=1)
    assert bot.book().traded == 100, "what was traded now is forgotten after a day"
    assert differences() == []


def test_a_day_that_has_not_come_yet_does_not_hide_a_loss(ahead):
    bot = Bot()
    Book.of(bot.grant, now=ahead).save()
    clocks.accept()
    assert Account.objects.get().day == clock.now().date()


def test_prices_of_minutes_that_have_not_come_yet_are_forgotten(ahead):
    minute = clock.seconds() // 60
    samples.keep("paper", minute, {})
    Sample.objects.create(exchange="paper", minute=minute + 1, prices="{}")
    clocks.accept()
    assert list(Sample.objects.values_list("minute", flat=True)) == [minute]


@pytest.fixture
def at(monkeypatch):
    """Set how far the machine's clock is behind what it showed before."""
    return lambda seconds: monkeypatch.setattr(clock, "behind", lambda: seconds)


def test_a_correction_by_a_moment_stops_nothing(at):
    at(STEP_BACK)
    Standing().may_sign("paper")


def test_a_clock_that_was_set_back_signs_nothing_and_says_the_way_out(at):
    at(STEP_BACK + 0.1)
    with pytest.raises(Refused, match="python -m vault clock --accept") as caught:
        Standing().may_sign("paper")
    assert caught.value.code is Code.CLOCK_BEHIND


@pytest.mark.parametrize("off", [-5.001, 5.001])
def test_beyond_a_requests_window_nothing_is_signed(off, at, monkeypatch):
    at(0)
    standing = Standing(clock_off={"paper": off})
    with pytest.raises(Refused) as caught:
        standing.may_sign("paper")
    assert caught.value.code is Code.CLOCK_OFF
    standing.may_sign("another")
    assert not standing.clock_agrees


@pytest.mark.parametrize("off", [-5, 0, 5])
def test_within_a_requests_window_all_is_well(off, at):
    at(0)
    standing = Standing(clock_off={"paper": off})
    standing.may_sign("paper")
    assert standing.clock_agrees
    assert standing.troubles() == []
