"""Overview, lists, portfolio, backtests and vault in a real browser: used, looked at, and read by axe.

`UPDATE_SCREENS=1` renews docs/screens.
"""

import os
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path
from random import Random

import pytest

from botplatform.bots.models import Bot, BotEvent, Deal, Study
from botplatform.bots.seeding.person import fill_up
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets.models import Market
from botplatform.runner.balances import keep
from tests.botplatform.dashboard import seeds
from tests.support.axe import stumbled_over

SCREENS = Path(__file__).resolve().parents[3] / "docs" / "screens"
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
LOOKS = [
    ("", {"dark": False}),
    ("-dark", {"dark": True}),
    ("-phone", {"dark": True, "width": 390, "height": 844}),
]


@pytest.fixture
def trader(owner):
    """Somebody with thirty bots and a past, for the eye."""
    fill_up(owner, 30, 2500, now=seeds.now(), say=lambda _: None)
    ExchangeAccount.objects.update(made_up=False)
    for each in ExchangeAccount.objects.all():
        keep(
            each.pk, {"USDT": "6200.5", "EUR": "900"}, {"USDT": "8450.25", "EUR": "1900", "BTC": "0.085", "ETH": "1.4"}
        )
    for bot in Bot.objects.filter(enabled=True)[:1]:
        seeds.note(bot, "Averaging-3: rejected by the exchange. Too little balance.", level=BotEvent.Level.ERROR)
    return owner


@pytest.fixture
def studies(trader):
    """Two backtests and a sweep that are done."""
    chance = Random(3)
    for share, target in ((0.08, "0.005"), (0.11, "0.012")):
        curve, value = [], 0.0
        for hour in range(300):
            value += chance.gauss(share / 300, 0.002)
            curve.append([1_760_000_000 + hour * 14400, value])
        settings = {**seeds.SETTINGS, "take_profit": target}
        seeds.study(trader, curve=curve, job={"settings": settings})
    cells = "".join(
        f'<rect class="{"gain" if x * y % 3 else "loss"}" x="{110 + x * 97}" y="{22 + y * 34}" width="96" height="33" '
        f'fill-opacity="{0.1 + 0.08 * ((x + y) % 7):.2f}"/><text class="cell" x="{158 + x * 97}" y="{43 + y * 34}">'
        f"{x * y - 4:+}.{y} %</text>"
        for x in range(10)
        for y in range(6)
    )
    heat = (
        f'<svg class="heat" viewBox="0 0 1080 250" role="img" aria-label="profit by take_profit and step">{cells}</svg>'
    )
    best = [
        ["take_profit", "step", "profit", "deals"],
        ["0.012", "0.02", "+9.1 %", "48"],
        ["0.01", "0.02", "+8 %", "51"],
    ]
    found = {"heat": heat, "best": best, "remarks": ["The best of many settings is partly luck."], "sets": 60}
    vary = ["take_profit=0.005:0.014:0.001", "step=0.01:0.035:0.005"]
    seeds.study(trader, what="sweep", curve=[], found=found, vary=vary)
    return list(Study.objects.filter(what="backtest"))


PAGES = {
    "overview": "/",
    "deals": "/deals/",
    "orders": "/orders/",
    "portfolio": "/portfolio/",
    "backtests": "/backtests/",
    "backtest-new": "/backtests/new",
    "backtest": "/backtests/{study}/",
    "sweep": "/backtests/{sweep}/",
    "compare": "/backtests/compare?study={study}&study={other}",
}


def path_of(name, studies):
    one, other = studies
    sweep = Study.objects.get(what="sweep")
    return PAGES[name].format(study=one.pk, other=other.pk, sweep=sweep.pk)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_its_window_and_stops_nobody(visit, trader, studies, name):
    for suffix, look in LOOKS:
        visitor = visit(trader, **look)
        assert visitor.open(path_of(name, studies)).status == 200
        page = visitor.page
        for box in page.locator("[data-lines]").all():
            box.and_(page.locator("[data-drawn]")).wait_for()
        width = page.viewport_size["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, suffix
        assert stumbled_over(page) == [], suffix
        if os.environ.get("UPDATE_SCREENS") == "1":
            page.screenshot(path=SCREENS / f"{name}{suffix}.png", full_page=name not in ("deals", "orders"))
        visitor.context.close()


def test_filtering_changes_list_and_address_and_keeps_what_is_typed(visit, trader):
    visitor = visit(trader)
    visitor.open("/deals/")
    page = visitor.page
    page.get_by_label("State").select_option("open")
    page.wait_for_url("**/deals/?state=open")
    page.locator("#filter-bot").press_sequentially("grid", delay=20)
    page.wait_for_url("**/deals/?bot=grid&state=open")
    assert page.locator("#filter-bot").input_value() == "grid"
    open_grids = Deal.objects.filter(closed_at=None, bot__name__icontains="grid").count()
    assert page.locator("#list tbody tr").count() == open_grids
    page.locator("#filter-since").fill("2026-05-02")
    page.locator("#filter-until").fill("2026-05-01")
    page.get_by_text("This is before the first day.").wait_for()
    assert page.locator("#filter-bot").input_value() == "grid"
    page.go_back()
    page.wait_for_url("**/deals/?bot=grid&state=open*")
    page.locator("#filter-bot[value=grid]").wait_for()


def test_sorting_and_leafing_work_by_keyboard(visit, trader):
    visitor = visit(trader)
    visitor.open("/orders/")
    page = visitor.page
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/?page=2")
    page.get_by_role("link", name="Changed").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/?sort=-updated")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("CHANGED")


def test_the_overview_follows_prices_also_when_it_was_filtered(visit, owner):
    bot = seeds.lively(owner)
    seeds.bot(owner, name="Other", kind="grid", enabled=False)
    visitor = visit(owner)
    visitor.open("/")
    page = visitor.page
    page.get_by_label("State").select_option("running")
    page.wait_for_url("**/?state=running")
    Market.objects.filter(pk=bot.market_id).update(last_price=D("60111.25"), last_price_at=seeds.now())
    page.locator("[data-part=bots]", has_text="60,111.25").wait_for()
    assert page.get_by_text("Other").count() == 0
    seeds.note(bot, "The exchange rejected it.", level=BotEvent.Level.ERROR)
    page.get_by_text("1 error to look at").wait_for()


def test_a_study_that_runs_shows_when_it_is_done(visit, owner):
    study = seeds.study(owner)
    Study.objects.update(state="running", share=0.4)
    visitor = visit(owner)
    visitor.open(f"/backtests/{study.pk}/")
    page = visitor.page
    page.get_by_label("Running").wait_for()
    Study.objects.update(state="done", ended_at=seeds.now() + timedelta(seconds=1))
    page.get_by_text("Deepest fall").wait_for()


def test_the_report_is_shown_under_its_policy(visit, owner, served, settings):
    study = seeds.study(owner)
    reports = served.folder / "platform" / "reports"
    reports.mkdir(exist_ok=True)
    from strategies.backtest.report.style import STYLE

    style = f"<style>{STYLE}</style>"
    (reports / f"{study.pk}.html").write_text(f"<!doctype html><title>R</title>{style}<h1>Report</h1>")
    visitor = visit(owner)
    assert visitor.open(f"/backtests/{study.pk}/report").status == 200
    assert visitor.page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "24px"
