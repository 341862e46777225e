"""The backtest that follows the hand says what a whole report says."""

import numpy as np
import pytest

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests import tested as runs
from botplatform.bots.backtests.hand import Hand, Question, Series
from tests.botplatform.dashboard.builder.pasts import archived, walk

MARKET = {"symbol": "BTC/USDT", "tick_size": "0.01", "lot_size": "0.00001", "min_notional": "5"}
DCA = {"base_order": "50", "averaging_order": "50", "averaging_orders": 5, "step": "0.01", "take_profit": "0.01"}
JOBS = {
    "dca": {"kind": "dca", "settings": {**DCA, "stop_loss": "0.08"}},
    "short": {"kind": "dca", "settings": {**DCA, "direction": "short"}},
    "grid": {
        "kind": "grid",
        "settings": {"lower": "50000", "upper": "75000", "lines": 30, "quote_a_line": "500", "coins_held": "0.05"},
    },
    "twap": {"kind": "twap", "settings": {"quote": "5000", "slices": 24, "duration": 86400}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return archived(tmp_path_factory.mktemp("past"), walk(minutes=20 * 1440, deviation=0.0008))


def asked(folder, name, **more):
    return Question(job={**JOBS[name], "market": MARKET}, series=[Series(folder=str(folder))], **more)


@pytest.mark.parametrize("name", JOBS)
def test_its_figures_are_those_of_the_report(folder, name):
    answer = Hand().answer(asked(folder, name))
    assert answer.problem == ""
    job = jobs.of_any({**JOBS[name], "market": MARKET})
    report = runs.tested(job, [str(folder)]).report(job)
    equity = report.curves.equity / float(report.metrics.capital)
    assert answer.equity[-1] == pytest.approx(equity[-1])
    assert answer.holding[-1] == pytest.approx(report.curves.holding[-1] / float(report.metrics.capital))
    assert answer.deepest == pytest.approx(float(np.max(report.curves.drawdown)))
    assert answer.fills == len(report.result.fills)


def test_only_the_last_bars_that_were_asked_for_count(folder):
    whole = Hand().answer(asked(folder, "dca"))
    question = asked(folder, "dca")
    part = Hand().answer(Question(job=question.job, series=[Series(folder=str(folder), last=1440)]))
    assert part.ended == whole.ended
    assert part.ended - part.began == 1440 * 60_000


def test_candles_that_were_sent_once_are_known_by_their_key():
    candles, hand = walk(minutes=1440), Hand()
    columns = {
        name: getattr(candles, name).tobytes() for name in ("opened_at", "open", "high", "low", "close", "volume")
    }
    job = {**JOBS["dca"], "market": MARKET}
    assert hand.answer(Question(job=job, series=[Series(key="a")])).unknown
    first = hand.answer(Question(job=job, series=[Series(key="a", columns=columns)]))
    again = hand.answer(Question(job=job, series=[Series(key="a")]))
    assert (first.problem, again.equity) == ("", first.equity)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"kind": "dca", "settings": {}, "market": MARKET}, "base_order"),
        ({"kind": "none", "settings": {}, "market": MARKET}, "there is no bot kind"),
        ({**JOBS["grid"], "market": {**MARKET, "min_notional": "100000"}}, "At the price of"),
    ],
)
def test_what_cannot_be_run_is_told_and_the_next_question_is_answered(folder, job, words):
    hand = Hand()
    assert words in hand.answer(Question(job=job, series=[Series(folder=str(folder))])).problem
    assert hand.answer(asked(folder, "dca")).problem == ""


def test_a_band_is_of_many_starts(folder):
    found = Hand().answer(asked(folder, "dca", starts=12)).band
    assert found.runs == 12
    assert len(found.p5) == len(found.elapsed)
