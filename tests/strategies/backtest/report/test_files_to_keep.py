"""What is written of a run: JSON, CSV, and a page."""

import csv
import io
import json
import re
import time
from decimal import Decimal as D
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings

from strategies.backtest.report import Report, bands_of, deals_csv, fills_csv, to_html, to_json
from strategies.backtest.report.tables import returns_by_month
from tests.strategies.backtest.report.conftest import BEGIN, DAY, MARKET, MINUTE, candles, deal, fill, result
from tests.strategies.backtest.report.test_bands import TWO_DAYS, run
from tests.strategies.backtest.report.test_metrics import SMALL, SMALL_CANDLES, runs


@pytest.fixture
def report():
    bands = bands_of([run(BEGIN, 1, 1.1, 0.9), run(BEGIN + DAY, 1, 1, 1.2)], TWO_DAYS)
    return Report.of(
        result(SMALL.fills, SMALL.deals, ["Mind the <gap>."]),
        SMALL_CANDLES,
        MARKET,
        D(1000),
        title="Dip & buy",
        settings=(("Base order", "200 <USDT>"),),
        bands=bands,
    )


class Strict(HTMLParser):
    """Every element that is opened is closed, and nothing comes from elsewhere."""

    VOID = {"meta", "path", "rect"}

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not {"src", "href", "onload", "onclick"} & {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        assert tag in self.VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    parser = Strict()
    parser.feed(page)
    assert parser.open == []
    assert "script" not in parser.seen
    assert not re.search(r"url\(|@import|https?:|NaN|nan\b|inf\b", page)
    return parser


def test_the_page_is_whole_and_loads_nothing(report):
    assert {"svg", "table", "style"} <= parsed(to_html(report)).seen


def test_what_others_wrote_is_escaped(report):
    page = to_html(report)
    assert "Mind the &lt;gap&gt;." in page
    assert "Dip &amp; buy" in page
    assert "200 &lt;USDT&gt;" in page


def test_the_page_says_what_must_be_known(report):
    page = to_html(report)
    for said in ("Survivorship", "The last candle was dropped if it was not finished.", "+29.66 USDT", "+2.97 %"):
        assert said in page


def test_warnings_of_the_books_are_said():
    short = candles([100, 100, 100, 100])
    short.opened_at[2:] += 2 * DAY
    outcome = result([fill(0, "buy", "100", "5", "0.01", "BNB")])
    warnings = " ".join(Report.of(outcome, short, MARKET, D(400)).warnings)
    assert "The fills needed 500.00 USDT, more than the capital" in warnings
    assert "Fees of 0.01 BNB were paid in assets that these candles do not price" in warnings
    assert "2 candles are missing from the data" in warnings


def test_the_json_has_figures_curves_and_bands(report):
    told = json.loads(to_json(report))
    assert told["metrics"]["profit"] == "29.66"
    assert told["against_holding"] == str(report.metrics.against_holding)
    assert told["curves"]["equity"] == pytest.approx(report.curves.equity.tolist())
    assert told["curves"]["at"] == report.curves.closed_at.tolist()
    assert told["bands"]["runs"] == 2
    assert told["remarks"][0] == "Mind the <gap>."


def test_fills_and_deals_are_rows(report):
    fills = list(csv.DictReader(io.StringIO(fills_csv(report))))
    assert [(row["side"], row["price"], row["fee"], row["at_utc"]) for row in fills] == [
        ("buy", "100", "0.002", "2026-01-02 00:00"),
        ("sell", "120", "0.12", "2026-01-04 00:00"),
    ]
    deals = list(csv.DictReader(io.StringIO(deals_csv(report))))
    assert [(row["number"], row["closed_at"], row["held"], row["opened_at_utc"]) for row in deals] == [
        ("1", "", "0.998", "2026-01-02 00:00")
    ]


def test_months_return_what_equity_did_in_them():
    days = candles(range(100, 160))
    equity = np.full(60, 1000.0)
    equity[31:] = 1100
    equity[59:] = 550
    months = returns_by_month(days.opened_at, equity, 1000.0)
    assert [round(each, 9) for each in months.values()] == [0, 0.1, -0.5]
    assert list(months) == [56 * 12, 56 * 12 + 1, 56 * 12 + 2]


def test_a_run_without_fills_has_a_page():
    parsed(to_html(Report.of(result(), candles([100.0]), MARKET, D(1))))


@given(runs())
@settings(max_examples=40, deadline=None)
def test_every_run_has_a_page_and_files(drawn):
    outcome, bars, capital = drawn
    report = Report.of(outcome, bars, MARKET, capital)
    parsed(to_html(report))
    assert json.loads(to_json(report))["metrics"]["fills"] == len(outcome.fills)
    assert len(fills_csv(report).splitlines()) == len(outcome.fills) + 1


def test_five_years_of_minutes_make_a_small_page_quickly():
    count = 5 * 525_600
    chance = np.random.default_rng(1)
    bars = candles(np.round(30_000 * np.exp(np.cumsum(chance.normal(0, 6e-4, count))), 2), span=MINUTE)
    places = np.sort(chance.integers(0, count, 40_000)).tolist()
    fills = [
        fill(
            bar,
            ("buy", "sell")[n % 2],
            repr(float(bars.close[bar])),
            "0.01",
            "0.00001",
            "BTC",
            deal=n // 2,
            span=MINUTE,
        )
        for n, bar in enumerate(places)
    ]
    deals = [deal(n, a, b, "1", span=MINUTE) for n, (a, b) in enumerate(zip(places[::2], places[1::2], strict=True))]
    took = []
    for _ in range(2):
        begin = time.process_time()
        page = to_html(Report.of(result(fills, deals), bars, MARKET, D(10_000)))
        took.append(time.process_time() - begin)  # others may be at work beside it
    assert len(page.encode()) < 500_000
    assert min(took) < 1
