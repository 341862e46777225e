import json
import os
from decimal import Decimal as D
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from botplatform.bots.backtests.opened import Piece
from botplatform.bots.sweeps.axes import axes_of
from botplatform.bots.sweeps.ranking import Rank, ranked
from botplatform.bots.sweeps.sets import sets_of
from botplatform.bots.sweeps.walk_forward import Step, pieces_of, sentence
from botplatform.bots.sweeps.work import Figures, Row, run_set
from strategies.settings import SettingsRefused
from tests.strategies.backtest.test_engine_equals_walker import series

DCA = {
    "kind": "dca",
    "market": {"symbol": "X/USDT", "tick_size": "0.01", "lot_size": "0.0001", "min_notional": "5"},
    "settings": {
        "base_order": "100",
        "averaging_order": "100",
        "averaging_orders": 3,
        "step": "0.01",
        "take_profit": "0.01",
    },
    "options": {"fill": "touch"},
}
VARY = ("--vary", "take_profit=0.005:0.02:0.005", "--vary", "step=0.005,0.01,0.02")


def saved(path, made):
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    np.savez(path, ts=made.opened_at + 1_700_000_040_000, **columns)
    return path


@pytest.fixture
def candles(tmp_path):
    return saved(tmp_path / "candles.npz", series(5, 3000, 0.002, 0.05))


@pytest.fixture
def sweep(tmp_path, candles, capsys):
    def run(*options, job=DCA, candles=candles):
        path = tmp_path / "job.json"
        path.write_text(job if isinstance(job, str) else json.dumps(job))
        if "--processes" not in options:
            options = (*options, "--processes", "1")
        call_command("sweep", str(path), "--candles", str(candles), *options, stdout=StringIO())
        return capsys.readouterr().out

    return run


@pytest.fixture
def found(sweep):
    def run(*options, **more):
        told = json.loads(sweep(*options, "--json", **more))
        told.pop("seconds")
        return told

    return run


# Which sets


def test_a_range_has_both_its_ends():
    (axis,) = axes_of("dca", ["take_profit=0.005:0.03:0.005"])
    assert axis.values == ("0.005", "0.01", "0.015", "0.02", "0.025", "0.03")


def test_a_value_given_twice_is_tried_once():
    (axis,) = axes_of("dca", ["step=0.01,0.010,0.02"])
    assert axis.values == ("0.01", "0.02")


def test_the_grid_has_every_pair_once():
    axes = axes_of("dca", ["step=0.01,0.02", "averaging_orders=1:3:1"])
    sets = sets_of(axes)
    assert len(set(sets)) == 6
    assert sets[0] == (("step", "0.01"), ("averaging_orders", "1"))
    assert sets[1] == (("step", "0.01"), ("averaging_orders", "2"))


def test_a_seed_draws_the_same_different_sets_again():
    axes = axes_of("dca", ["step=0.001:0.1:0.001", "take_profit=0.001:0.1:0.001"])
    drawn = sets_of(axes, 200, seed=7)
    assert len(set(drawn)) == 200
    assert drawn == sets_of(axes, 200, seed=7)
    assert drawn != sets_of(axes, 200, seed=8)
    assert set(drawn) < set(sets_of(axes))


def test_some_of_a_grid_too_large_to_count_can_be_drawn():
    fields = ("step", "take_profit", "step_scale", "volume_scale", "base_order", "averaging_order")
    axes = axes_of("dca", [f"{field}=0.00002:1:0.00002" for field in fields])
    assert len(sets_of(axes, 5)) == 5


def test_more_drawn_than_there_are_is_the_grid():
    axes = axes_of("dca", ["step=0.01,0.02"])
    assert sets_of(axes, 50) == sets_of(axes)


# What comes of them


def test_a_row_equals_the_single_backtest(found, tmp_path, candles, capsys):
    for row in found(*VARY)["best"]:
        path = tmp_path / "single.json"
        path.write_text(json.dumps({**DCA, "settings": {**DCA["settings"], **row["settings"]}}))
        call_command("backtest", str(path), "--candles", str(candles), "--json", stdout=StringIO())
        single = json.loads(capsys.readouterr().out)["metrics"]
        assert D(row["profit"]) == D(single["profit"])
        assert row["profit_share"] == single["profit_share"]
        assert row["drawdown"] == (single["drawdown"] or {"share": 0})["share"]
        assert row["sharpe"] == single["sharpe"]
        assert row["deals"] == single["deals_closed"]
        assert D(row["capital"]) == D(single["capital"])
        assert D(row["needed"]) == D(single["least_capital"])
        assert row["fills"] == single["fills"]
        longest = (single["durations"]["longest"], single["durations"]["longest_open"])
        assert row["longest_deal"] == max((each for each in longest if each is not None), default=None)


def test_the_best_come_first_and_only_so_many(found):
    best = found(*VARY, "--top", "5")["best"]
    assert len(best) == 5
    assert [row["rank"] for row in best] == sorted((row["rank"] for row in best), reverse=True)


def figures(profit, drawdown=0.1, sharpe=None, needed="100"):
    return Figures(
        profit=D(profit),
        profit_share=float(D(profit) / 100),
        drawdown=drawdown,
        sharpe=sharpe,
        deals=1,
        longest_deal=1,
        capital=D(100),
        needed=D(needed),
        fills=2,
    )


def order(rank, *several):
    rows = [Row(settings=(("n", str(n)),), figures=each) for n, each in enumerate(several)]
    return [int(row.settings[0][1]) for row in ranked(rows, rank)]


def test_equals_stay_in_the_order_of_the_grid():
    assert order(Rank.PROFIT, figures("1"), figures("2"), figures("2")) == [1, 2, 0]


def test_profit_without_a_fall_is_the_best_per_drawdown():
    assert order(Rank.PROFIT_PER_DRAWDOWN, figures("9", 0.5), figures("1", 0), figures("5", 0.1)) == [1, 2, 0]


def test_a_deep_fall_does_not_make_a_loss_better():
    assert order(Rank.PROFIT_PER_DRAWDOWN, figures("-5", 0.9), figures("-1", 0.1), figures("1", 0.9)) == [2, 1, 0]


def test_a_set_without_a_sharpe_ratio_comes_after_those_with_one():
    assert order(Rank.SHARPE, figures("9"), figures("1", sharpe=-2.0), figures("1", sharpe=3.0)) == [2, 1, 0]


def test_orders_too_large_for_the_capital_do_not_win_by_that():
    assert order(Rank.PROFIT, figures("10", needed="1000"), figures("2")) == [1, 0]


def test_sets_that_cannot_work_are_counted_and_told(found):
    told = found("--vary", "step=0.01,0.4,0.5")
    assert len(told["best"]) == 1
    assert [(each["field"], each["sets"]) for each in told["refused"]] == [("averaging_orders", 2)]
    assert told["refused"][0]["first"] == {"step": "0.4"}
    assert told["remarks"][0].startswith("2 of 3 sets cannot work")


def test_orders_below_the_market_s_least_cannot_work_either(found):
    assert found("--vary", "base_order=1,100")["refused"][0]["sets"] == 1


def test_a_setting_may_be_left_empty(found):
    best = found("--vary", "stop_loss=none,0.05")["best"]
    assert {row["settings"]["stop_loss"] for row in best} == {"none", "0.05"}


def test_a_grid_bot_is_swept_by_its_choices_too(found):
    job = {**DCA, "kind": "grid", "settings": {"lower": "80", "upper": "120", "lines": 20, "quote_a_line": "100"}}
    assert len(found("--vary", "spacing=arithmetic,geometric", "--vary", "lines=5:20:5", job=job)["best"]) == 8


def test_what_is_yes_or_no_can_be_varied_too(found):
    best = found("--vary", "stop_loss=0.05", "--vary", "trailing_stop=true,false")["best"]
    assert {row["settings"]["trailing_stop"] for row in best} == {"true", "false"}


def test_what_is_varied_may_be_missing_in_the_job(found):
    settings = {name: each for name, each in DCA["settings"].items() if name != "step"}
    assert len(found(*VARY, job={**DCA, "settings": settings})["best"]) == 12


def test_candles_that_changed_are_read_again(tmp_path):
    path = saved(tmp_path / "c.npz", series(5, 500, 0.002, 0.05))
    first = run_set(DCA, str(path), (("step", "0.01"),))
    saved(path, series(6, 500, 0.002, 0.05))
    os.utime(path, ns=(1, 1))
    assert run_set(DCA, str(path), (("step", "0.01"),)) != first


# Walk-forward


def test_pieces_are_consecutive_and_have_every_bar():
    pieces = pieces_of(1003, 4)
    assert [piece.first for piece in pieces[1:]] == [piece.last for piece in pieces[:-1]]
    assert (pieces[0].first, pieces[-1].last, len(pieces)) == (0, 1003, 5)


def test_a_winner_is_the_best_of_its_piece_and_judged_on_the_next(found, candles):
    walk = found(*VARY, "--walk-forward", "3")["walk_forward"]
    sets = sets_of(axes_of("dca", VARY[1::2]))
    pieces = pieces_of(3000, 3)
    assert len(walk["steps"]) == 3
    for n, step in enumerate(walk["steps"]):
        best = ranked((run_set(DCA, str(candles), each, pieces[n]) for each in sets), Rank.PROFIT)[0]
        assert step["settings"] == dict(best.settings)
        after = run_set(DCA, str(candles), best.settings, pieces[n + 1])
        assert step["seen"]["profit_share"] == best.figures.profit_share
        assert step["unseen"]["profit_share"] == after.figures.profit_share
        assert step["judged_on"]["first_bar"] == pieces[n + 1].first


def test_winners_are_blind_to_the_candles_that_judge_them(found, tmp_path):
    made = series(5, 3000, 0.002, 0.05)
    before = found(*VARY, "--walk-forward", "3")["walk_forward"]["steps"]
    for name in ("open", "high", "low", "close"):
        getattr(made, name)[2250:] = np.round(getattr(made, name)[2250:] * 0.5, 2)
    made.close[2250:] = made.low[2250:]
    after = found(*VARY, "--walk-forward", "3", candles=saved(tmp_path / "other.npz", made))["walk_forward"]["steps"]
    assert [step["settings"] for step in after] == [step["settings"] for step in before]
    assert [step["seen"] for step in after] == [step["seen"] for step in before]
    assert [step["unseen"] for step in after[:-1]] == [step["unseen"] for step in before[:-1]]
    assert after[-1]["unseen"] != before[-1]["unseen"]


def test_it_says_plainly_what_was_left(sweep, found):
    walk = found(*VARY, "--walk-forward", "3")["walk_forward"]
    seen = sum(step["seen"]["profit_share"] for step in walk["steps"])
    unseen = sum(step["unseen"]["profit_share"] for step in walk["steps"])
    assert walk["left"] == pytest.approx(unseen / seen)
    assert walk["sentence"] in sweep(*VARY, "--walk-forward", "3")


def step(seen, unseen):
    return Step(
        chosen_on=Piece(0, 1), judged_on=Piece(1, 2), settings=(), seen=figures(seen), unseen=unseen and figures(unseen)
    )


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([step("10", "5"), step("10", "-1")], "+10.00 % a piece"),
        ([step("10", "5"), step("10", "-1")], "+2.00 % on the next, unseen ones: 20 % of the profit was left."),
        ([step("10", "5"), step("10", "-1")], "1 of 2 unseen pieces ended with a profit."),
        ([step("10", "-5")], "nothing of the profit was left."),
        ([step("-1", "5")], "there was no profit to be left of."),
        ([step("10", None)], "No step of the walk could be judged"),
    ],
)
def test_the_sentence_of_a_walk(steps, told):
    assert told in sentence(steps)


# How it is shown


def test_lines_have_the_table_and_the_map(sweep):
    told = sweep(*VARY, "--top", "3")
    assert "longest deal" in told
    assert "take_profit \\ step  " in told


def test_a_page_needs_nothing_from_anywhere(sweep, tmp_path):
    page = tmp_path / "sweep.html"
    sweep(*VARY, "--walk-forward", "2", "--html", str(page))
    html = page.read_text()
    assert html.count("<rect") == 12
    assert "prefers-color-scheme:dark" in html
    assert "<script" not in html
    assert "http" not in html


def test_three_varied_settings_have_a_table_but_no_map(sweep, tmp_path):
    page = tmp_path / "sweep.html"
    sweep(*VARY, "--vary", "averaging_orders=1,2", "--html", str(page))
    assert "<svg" not in page.read_text()


def test_progress_goes_to_stderr(sweep, tmp_path, candles, capsys):
    (tmp_path / "job.json").write_text(json.dumps(DCA))
    call_command("sweep", str(tmp_path / "job.json"), "--candles", str(candles), *VARY, "--processes", "1")
    assert "12 of 12" in capsys.readouterr().err


# Mistakes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--vary", "speed=1,2"), "speed: there is no such setting. Vary one of: "),
        (("--vary", "step=0.01:0.02"), "step: the range 0.01:0.02 has no step. Write from:to:step"),
        (("--vary", "step=0.01:0.02:0"), "step: the step 0 leads nowhere."),
        (("--vary", "step=0.02:0.01:0.001"), "step: the range 0.02:0.01:0.001 ends below its beginning."),
        (("--vary", "step=0:1:0.000001"), "step: the range 0:1:0.000001 has more than 100,000 values."),
        (("--vary", "step=much"), "step: 'much' is not a number."),
        (("--vary", "step=1e999999"), "step: '1e999999' is not a number."),
        (("--vary", "step="), "step: it has no values."),
        (("--vary", "step"), "step: it has no values."),
        (("--vary", "step=0.01", "--vary", "step=0.02"), "step: it is varied twice."),
        (
            ("--vary", "step=0.001:0.5:0.001", "--vary", "take_profit=0.001:0.5:0.001"),
            "vary: these are 250,000 sets, more than 100,000.",
        ),
        (("--vary", "step=0.01", "--random", "0"), "random: 0 sets cannot be drawn."),
        (("--vary", "step=0.01", "--walk-forward", "0"), "walk-forward: 3,000 candles cannot be cut for 0 steps."),
        (("--vary", "step=0.01", "--walk-forward", "5000"), "walk-forward: 3,000 candles cannot be cut"),
        (("--vary", "step=0.01", "--top", "0"), "top: 0 cannot be."),
        (("--vary", "step=0.9"), "vary: none of the 1 sets can work."),
    ],
)
def test_a_mistake_names_its_place_and_the_remedy(sweep, options, told):
    with pytest.raises(CommandError) as refusal:
        sweep(*options)
    assert str(refusal.value).startswith(told)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ({**DCA, "kind": "martingale"}, "kind: "),
        ({**DCA, "market": {}}, "market.symbol: "),
        ({**DCA, "settings": {**DCA["settings"], "speed": 1}}, "speed: "),
        ("{", "file: "),
        ("[]", "file: "),
    ],
)
def test_a_mistake_in_the_job_is_told_before_anything_runs(sweep, job, told):
    with pytest.raises(CommandError) as refusal:
        sweep("--vary", "step=0.01", job=job)
    assert str(refusal.value).startswith(told)


def test_candles_that_are_not_there_are_told(sweep, tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        sweep("--vary", "step=0.01", candles=tmp_path / "none.npz")


def test_an_unknown_choice_names_those_that_there_are():
    with pytest.raises(SettingsRefused, match="arithmetic, geometric"):
        axes_of("grid", ["spacing=round"])
