"""`manage.py backtest` for bots on several markets, for portfolios and for signals."""

import csv
import json
from decimal import Decimal as D
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from botplatform.bots.backtests import job as jobs
from botplatform.markets.archive.files import read as read_candles
from botplatform.markets.archive.store import Head, Store
from strategies.backtest.engine import Pair, run_pairs
from strategies.settings import SettingsRefused
from tests.strategies.backtest.test_engine_equals_walker import series

BEGIN = 1_700_000_100_000  # 2023-11-14 22:15
MINUTE = 60_000
DCA = {
    "base_order": "100",
    "averaging_order": "100",
    "averaging_orders": 3,
    "step": "0.01",
    "take_profit": "0.01",
    "deals_at_once": 2,
}


def market(symbol):
    return {"symbol": symbol, "tick_size": "0.01", "lot_size": "0.0001", "min_notional": "5"}


A, B, C = (market(f"{name}/USDT") for name in "ABC")
BOTH = {"kind": "dca", "markets": [A, B], "settings": DCA}
PORTFOLIO = {
    "kind": "rebalance",
    "markets": [A, B],
    "settings": {
        "coins": [{"symbol": "A/USDT", "weight": "0.5", "held": "2"}, {"symbol": "B/USDT", "weight": "0.4"}],
        "cash": "1000",
        "drift": "0.02",
    },
}
SIGNALS = {
    "kind": "signal",
    "market": A,
    "settings": {"order_amount": "100", "max_position": "500"},
    "signals": [
        {"at": "2023-11-14T22:25:30Z", "action": "enter_long"},
        {"at": BEGIN + 60 * MINUTE, "action": "exit_long"},
    ],
}


@pytest.fixture
def candles(tmp_path):
    """A, B and C: minutes that begin at the same time."""
    paths = {}
    for place, name in enumerate("ABC"):
        made = series(5 + place, 2000, 0.002, 0.05)
        columns = {column: getattr(made, column) for column in ("open", "high", "low", "close", "volume")}
        paths[name] = tmp_path / f"{name}.npz"
        np.savez(paths[name], ts=made.opened_at + BEGIN, **columns)
    return paths


@pytest.fixture
def backtest(tmp_path, candles, capsys):
    def run(job, *options, on="A"):
        path = tmp_path / "job.json"
        path.write_text(json.dumps(job))
        files = [part for name in on for part in ("--candles", str(candles[name]))]
        call_command("backtest", str(path), *files, *options, stdout=StringIO())
        return capsys.readouterr().out

    return run


def refused(run, *told):
    with pytest.raises(CommandError) as refusal:
        run()
    for each in told:
        assert each in str(refusal.value)


# Several markets


def test_a_bot_on_several_markets_has_the_fills_that_the_engine_finds(backtest, candles):
    told = json.loads(backtest(BOTH, "--json", on="AB"))
    job = jobs.of_any(BOTH)
    pairs = [Pair(each, read_candles(candles[name]).candles) for each, name in zip(job.markets, "AB", strict=True)]
    expected = [fill for result in run_pairs(job.strategy, pairs, job.options) for fill in result.fills]
    found = [(each["market"], each["bar"], each["order"], each["price"]) for each in told["fills"]]
    assert sorted(found) == sorted(
        (each.market, each.bar, each.order, f"{each.price.normalize():f}") for each in expected
    )
    assert [each["time"] for each in told["fills"]] == sorted(each.at for each in expected)


def test_deals_are_numbered_over_all_markets_and_slots_are_shared(backtest):
    told = json.loads(backtest({**BOTH, "settings": {**DCA, "deals_at_once": 1}}, "--json", on="AB"))
    assert {each["market"] for each in told["deals"]} == {"A/USDT"}
    assert any(said.startswith("B/USDT: no deal opened.") for said in told["warnings"])
    told = json.loads(backtest(BOTH, "--json", on="AB"))
    assert [each["number"] for each in told["deals"]] == list(range(1, len(told["deals"]) + 1))
    assert {each["market"] for each in told["deals"]} == {"A/USDT", "B/USDT"}


def test_the_capital_is_what_the_deals_that_can_be_open_at_one_time_need(backtest):
    both, one = (
        D(
            json.loads(backtest({**BOTH, "settings": {**DCA, "deals_at_once": slots}}, "--json", on="AB"))["metrics"][
                "capital"
            ]
        )
        for slots in (2, 1)
    )
    assert D(400) < one < D(410)
    assert one * 2 - 10 < both <= one * 2


def test_the_figures_of_each_market_add_up_to_those_of_the_whole(backtest):
    told = json.loads(backtest(BOTH, "--json", on="AB"))
    assert [each["market"] for each in told["markets"]] == ["A/USDT", "B/USDT"]
    for name in ("profit", "realised", "fees"):
        assert sum(D(each[name]) for each in told["markets"]) == pytest.approx(D(told["metrics"][name]))
    assert set(told["seconds"]) == {"loading", "indexing", "running"}


def test_lines_page_and_csv_tell_the_market(backtest, tmp_path):
    said = backtest(BOTH, "--html", str(tmp_path / "r.html"), "--csv", str(tmp_path / "csv"), on="AB")
    assert "bar time side price amount order market" in said
    assert "market profit realised open held fees closed open fills" in said
    assert "Market by market" in (tmp_path / "r.html").read_text()
    fills = list(csv.DictReader((tmp_path / "csv" / "fills.csv").read_text().splitlines()))
    assert {row["market"] for row in fills} == {"A/USDT", "B/USDT"}
    assert (tmp_path / "csv" / "deals.csv").exists()


def test_candles_may_be_named_by_their_market_in_any_order(backtest, candles):
    named = ("--candles", f"B/USDT={candles['B']}", "--candles", f"A/USDT={candles['A']}", "--json")
    assert json.loads(backtest(BOTH, *named, on=""))["fills"] == json.loads(backtest(BOTH, "--json", on="AB"))["fills"]


def test_a_band_of_one_start_is_the_run_over_several_markets_itself(backtest):
    told = json.loads(backtest(BOTH, "--json", "--bands", "1", "--horizon", str(2000 / 1440), on="AB"))
    assert told["bands"]["p50"][-1] == pytest.approx(1 + told["metrics"]["profit_share"])


def test_a_list_of_one_market_is_that_market(backtest):
    alone, listed = (
        json.loads(backtest({"kind": "dca", "settings": DCA, **where}, "--json"))
        for where in ({"market": A}, {"markets": [A]})
    )
    assert {**alone, "seconds": None} == {**listed, "seconds": None}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"markets": [A, A]}, "markets: A/USDT is there 2 times."),
        ({"markets": [A, market("B/EUR")]}, "markets: they are quoted in EUR and USDT."),
        ({"markets": []}, "markets: this is no list of markets."),
        ({"markets": [A, {**B, "tick_size": "0"}]}, "markets[1].tick_size: '0' cannot be."),
        ({"markets": [A, "B/USDT"]}, "markets[1]: this is no object."),
        ({"market": A}, "market: it stands beside markets."),
        (
            {"kind": "grid", "settings": {"lower": "80", "upper": "120", "lines": 5, "quote_a_line": "50"}},
            "markets: this bot has 1 deal",
        ),
    ],
)
def test_markets_that_do_not_go_together_are_told_with_the_remedy(backtest, change, told):
    refused(lambda: backtest({**BOTH, **change}, on="AB"), told)


def test_a_wrong_number_of_files_names_the_order(backtest):
    refused(lambda: backtest(BOTH), "candles: 1 given, and the job has 2 markets.", "in this order: A/USDT, B/USDT")
    refused(lambda: backtest(BOTH, on="AA"), "is given for A/USDT and B/USDT")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("A/USDT",), "candles: there are none of B/USDT."),
        (("A/USDT", "A/USDT"), "candles: A/USDT is given twice."),
        (("A/USDT", "X/USDT"), "candles: X/USDT is none of the job's markets."),
        (("A/USDT", None), "names no market"),
    ],
)
def test_named_candles_that_do_not_fit_are_told_with_the_remedy(backtest, candles, names, told):
    given = [f"{name}={candles['A']}" if name else str(candles["B"]) for name in names]
    refused(lambda: backtest(BOTH, *(part for each in given for part in ("--candles", each)), on=""), told)


def test_candles_of_two_lengths_are_refused(backtest, candles):
    made = series(9, 500, 0.002, 0.05)
    columns = {column: getattr(made, column) for column in ("open", "high", "low", "close", "volume")}
    np.savez(candles["B"], ts=made.opened_at * 5 + BEGIN, **columns)
    refused(lambda: backtest(BOTH, on="AB"), "those of A/USDT are 1 min long, those of B/USDT 5 min")


def test_an_archive_folder_of_another_market_is_refused(backtest, candles, tmp_path):
    empty = Head(exchange="paper", symbol="B/USDT", interval="1m", span=MINUTE)
    store = Store(tmp_path / "archive", empty)
    with store.writing():
        store.append(read_candles(candles["B"]).candles)
    named = ("--candles", f"A/USDT={store.path}", "--candles", f"B/USDT={candles['B']}")
    refused(lambda: backtest(BOTH, *named, on=""), "has those of B/USDT, not of A/USDT")


# Portfolios


def test_a_portfolio_begins_with_its_cash_and_the_coins_that_were_brought_in(backtest, candles):
    told = json.loads(backtest(PORTFOLIO, "--json", on="AB"))
    first = D(repr(float(read_candles(candles["A"]).candles.open[0])))
    assert D(told["metrics"]["capital"]) == 1000 + 2 * first
    assert {each["order"].partition("-")[0] for each in told["fills"]} == {"buy", "sell"}
    assert D(told["metrics"]["least_capital"]) <= D(told["metrics"]["capital"])


@pytest.mark.parametrize(
    ("change", "on", "told"),
    [
        ({"markets": [A]}, "A", "coins[1].symbol: B/USDT is none of the job's markets."),
        ({"markets": [A, B, C]}, "ABC", "markets[2].symbol: C/USDT is none of the portfolio's coins."),
        ({"capital": "500"}, "AB", "capital: a portfolio begins with what its settings bring in."),
    ],
)
def test_a_portfolio_and_its_markets_have_to_match(backtest, change, on, told):
    refused(lambda: backtest({**PORTFOLIO, **change}, on=on), told)


def test_what_takes_one_market_refuses_the_others_with_the_reason():
    for words, field in ((BOTH, "markets"), (PORTFOLIO, "kind"), (SIGNALS, "signals")):
        with pytest.raises(SettingsRefused) as refusal:
            jobs.of(words)
        assert refusal.value.problems[0].field == field
        assert "manage.py backtest" in refusal.value.problems[0].remedy


# Sizes in percent


def test_sizes_in_percent_are_reckoned_from_the_balance_or_the_capital(backtest):
    job = {
        "kind": "dca",
        "market": A,
        "settings": {**DCA, "volume_in": "percent", "base_order": "2", "averaging_order": "1"},
    }
    by_balance = json.loads(backtest({**job, "options": {"balance": "10000"}}, "--json"))
    by_capital = json.loads(backtest({**job, "capital": "10000"}, "--json"))
    first = by_balance["fills"][0]
    assert D(first["price"]) * D(first["amount"]) == pytest.approx(D(200), abs=D("0.02"))
    assert by_capital["fills"] == by_balance["fills"]
    assert by_capital["metrics"]["capital"] == by_balance["metrics"]["capital"] == "10000"
    refused(lambda: backtest(job), "volume_in: the free balance is not known.")


@pytest.mark.parametrize("balance", ["0", "-1", "much", 1.5])
def test_a_balance_that_cannot_be_is_refused(backtest, balance):
    job = {"kind": "dca", "market": A, "settings": DCA, "options": {"balance": balance}}
    if balance == 1.5:  # read as the text 1.5
        assert json.loads(backtest(job, "--json"))["metrics"]["capital"] == "1.5"
    else:
        refused(lambda: backtest(job), "options.balance: ")


# Signals


def test_a_signal_is_told_at_the_first_open_that_is_not_before_it(backtest, candles):
    told = json.loads(backtest(SIGNALS, "--json"))
    bought, sold = told["fills"]
    assert (bought["bar"], bought["order"]) == (11, "enter-1")
    assert D(bought["price"]) == D(repr(float(read_candles(candles["A"]).candles.open[11])))
    assert (sold["bar"], sold["side"]) == (60, "sell")
    assert [each["ending"] for each in told["deals"]][:1] == ["signal"]


def test_details_of_a_signal_are_those_of_its_order(backtest):
    signal = {"at": BEGIN, "action": "enter_long", "details": {"order": {"amount": "250"}}}
    (fill,) = json.loads(backtest({**SIGNALS, "signals": [signal]}, "--json"))["fills"]
    assert D(fill["price"]) * D(fill["amount"]) == pytest.approx(D(250), abs=D("0.02"))


def test_after_a_signal_that_disables_the_bot_none_is_heard(backtest):
    disabled = [{"at": BEGIN, "action": "disable"}, *SIGNALS["signals"]]
    assert json.loads(backtest({**SIGNALS, "signals": disabled}, "--json"))["fills"] == []


def test_signals_start_deals_on_their_own_market(backtest):
    job = {
        **BOTH,
        "settings": {**DCA, "start_conditions": [{"kind": "signal"}]},
        "signals": [{"at": BEGIN + 30 * MINUTE, "market": "B/USDT"}, {"at": BEGIN + 90 * MINUTE}],
    }
    told = json.loads(backtest(job, "--json", on="AB"))
    opened = [(each["market"], (each["opened_at"] - BEGIN) // MINUTE) for each in told["deals"]]
    assert opened[0] == ("B/USDT", 30)
    assert [minute for symbol, minute in opened if symbol == "A/USDT"] == [90]


def test_signals_that_nobody_heard_are_told(backtest):
    early = [{"at": BEGIN - 5 * MINUTE, "action": "enter_long"}, {"at": BEGIN + 9000 * MINUTE, "action": "exit_long"}]
    told = json.loads(backtest({**SIGNALS, "signals": early}, "--json"))
    assert told["fills"] == []
    assert any(said.startswith("2 signals came before the candles began") for said in told["warnings"])


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        ({}, "signals: this is no list."),
        (["now"], "signals[0]: this is no object."),
        ([{"at": "yesterday", "action": "enter_long"}], "signals[0].at: 'yesterday' is no time."),
        ([{"at": BEGIN, "action": "buy!"}], "signals[0].action: there is no action 'buy!'."),
        ([{"at": BEGIN, "action": "enter_long", "market": "B/USDT"}], "signals[0].market: B/USDT is none"),
        ([{"at": BEGIN, "action": "enter_long", "amount": "5"}], "signals[0].amount: there is no such field."),
        (
            [{"at": BEGIN, "action": "enter_long", "details": {"order": {"amount": "-5"}}}],
            "signals[0].details.amount: -5 is too small.",
        ),
    ],
)
def test_a_signal_that_cannot_be_names_its_place_and_the_remedy(backtest, signals, told):
    refused(lambda: backtest({**SIGNALS, "signals": signals}), told)


def test_signals_for_a_bot_that_hears_none_are_refused(backtest):
    refused(
        lambda: backtest({"kind": "dca", "market": A, "settings": DCA, "signals": [{"at": BEGIN}]}),
        "nothing of this bot listens",
    )


# What else is told


def test_settings_that_hardly_work_as_they_were_meant_are_told(backtest):
    told = json.loads(backtest({"kind": "dca", "market": A, "settings": {**DCA, "stop_loss": "0.005"}}, "--json"))
    assert any(said.startswith("stop_loss: ") for said in told["warnings"])


def test_what_keeps_every_deal_from_beginning_is_told_once(backtest):
    told = json.loads(backtest({"kind": "dca", "market": A, "settings": {**DCA, "base_order": "1"}}, "--json"))
    assert sum("base_order" in said for said in told["warnings"]) == 1


def test_a_short_begins_with_the_coins_that_it_sells(backtest):
    told = json.loads(backtest({"kind": "dca", "market": A, "settings": {**DCA, "direction": "short"}}, "--json"))
    assert told["fills"][0]["side"] == "sell"
    assert D(380) < D(told["metrics"]["capital"]) < D(400)  # what lies higher are fewer coins
    assert any("on top of keeping them" in said for said in told["warnings"])
