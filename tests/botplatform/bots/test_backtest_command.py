import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.strategies.backtest.test_engine_equals_walker import series

MINUTE = 60_000
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


@pytest.fixture
def candles(tmp_path):
    made = series(5, 3000, 0.002, 0.05)
    path = tmp_path / "candles.npz"
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    np.savez(path, ts=made.opened_at + 1_700_000_040_000, **columns)
    return path


@pytest.fixture
def backtest(tmp_path, candles, capsys):
    def run(job, *options):
        path = tmp_path / "job.json"
        path.write_text(job if isinstance(job, str) else json.dumps(job))
        call_command("backtest", str(path), "--candles", str(candles), *options, stdout=StringIO())
        return capsys.readouterr().out

    return run


def test_it_tells_fills_deals_figures_and_how_long_it_took(backtest):
    told = json.loads(backtest(DCA, "--json"))
    assert set(told["fills"][0]) >= {"bar", "time", "side", "price", "amount", "order"}
    assert told["fills"][0]["order"] == "base"
    assert len(told["deals"]) > 1
    assert told["metrics"]["fills"] == len(told["fills"])
    assert set(told["seconds"]) == {"loading", "indexing", "running"}


def test_the_realised_profit_is_that_of_its_deals(backtest):
    told = json.loads(backtest(DCA, "--json"))
    by_deals = sum(float(deal["realised"]) for deal in told["deals"])
    assert float(told["metrics"]["realised"]) == pytest.approx(by_deals)


def test_a_grid_is_tested_by_the_same_command(backtest):
    grid = {
        **DCA,
        "kind": "grid",
        "settings": {"lower": "80", "upper": "120", "lines": 20, "quote_a_line": "100"},
    }
    assert json.loads(backtest(grid, "--json"))["fills"]


def test_the_same_numbers_are_told_in_lines(backtest):
    assert "seconds: loading" in backtest(DCA)


def test_bands_are_told_in_json_in_lines_and_on_the_page(backtest, tmp_path):
    page = tmp_path / "report.html"
    bands = json.loads(backtest(DCA, "--json", "--bands", "30", "--html", str(page)))["bands"]
    assert (bands["runs"], bands["left_out"]) == (30, 0)
    assert bands["elapsed"][-1] == 1500 * MINUTE
    assert all(low <= middle <= high for low, middle, high in zip(bands["p5"], bands["p25"], bands["p50"], strict=True))
    assert "Begun at 30 moments" in page.read_text()
    assert "bands: begun at 30 moments, half made " in backtest(DCA, "--bands", "30")


def test_a_band_of_one_start_is_the_run_itself(backtest):
    told = json.loads(backtest(DCA, "--json", "--bands", "1", "--horizon", str(3000 / 1440)))
    assert told["bands"]["p50"][-1] == pytest.approx(1 + told["metrics"]["profit_share"])
    assert told["bands"]["longest_deal"] == max(
        each for each in (told["metrics"]["durations"][name] for name in ("longest", "longest_open")) if each
    )


def test_many_starts_on_all_cores_are_those_of_one(backtest, monkeypatch):
    several = json.loads(backtest(DCA, "--json", "--bands", "40"))["bands"]
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert json.loads(backtest(DCA, "--json", "--bands", "40"))["bands"] == several


def test_without_being_asked_for_there_are_no_bands(backtest):
    assert json.loads(backtest(DCA, "--json"))["bands"] is None


def test_progress_of_the_bands_goes_to_stderr(tmp_path, candles, capsys):
    (tmp_path / "job.json").write_text(json.dumps(DCA))
    call_command("backtest", str(tmp_path / "job.json"), "--candles", str(candles), "--bands", "20", "--json")
    assert "20 of 20" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--bands", "0"), "bands: 0 cannot be."),
        (("--bands", "--horizon", "-1"), "horizon: -1 cannot be."),
        (("--bands", "--horizon", "900"), "horizon: 900 days are more than the candles have"),
    ],
)
def test_bands_that_cannot_be_are_told_with_the_remedy(backtest, options, told):
    with pytest.raises(CommandError) as refusal:
        backtest(DCA, *options)
    assert str(refusal.value).startswith(told)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "martingale"}, "kind"),
        ({"market": {**DCA["market"], "tick_size": "0"}}, "market.tick_size"),
        ({"market": {**DCA["market"], "symbol": "BTC/USDT:USDT"}}, "market.symbol"),
        ({"options": {"fill": "maybe"}}, "options.fill"),
        ({"options": {"speed": 3}}, "options.speed"),
        ({"capital": "-5"}, "capital"),
        ({"settings": {**DCA["settings"], "step": "NaN"}}, "step"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_mistake_names_its_place_and_the_remedy(backtest, change, field):
    with pytest.raises(CommandError) as refusal:
        backtest({**DCA, **change})
    assert str(refusal.value).startswith(f"{field}: ")


def test_a_file_that_is_not_json_is_refused_in_a_sentence(backtest):
    with pytest.raises(CommandError, match="is not JSON"):
        backtest("{")


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has no other processes")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_process_of_the_bands(tmp_path, ending):
    made = series(5, 200_000, 0.0005, 0.01)
    np.savez(
        tmp_path / "c.npz",
        ts=made.opened_at + 1_700_000_040_000,
        **{name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")},
    )
    (tmp_path / "job.json").write_text(json.dumps(DCA))
    root = Path(__file__).parents[3]
    command = [
        sys.executable,
        "manage.py",
        "backtest",
        str(tmp_path / "job.json"),
        "--candles",
        str(tmp_path / "c.npz"),
    ]
    started = subprocess.Popen(
        [*command, "--bands", "100000", "--json"], cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    deadline = time.monotonic() + 60
    while len(workers := children.read_text().split()) < 2:
        assert time.monotonic() < deadline, "no workers came"
        time.sleep(0.05)
    time.sleep(0.2)
    started.send_signal(ending)
    _, told = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Interrupted; every process has ended." in told
    assert "Traceback" not in told
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
