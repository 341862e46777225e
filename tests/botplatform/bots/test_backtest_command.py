import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

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
