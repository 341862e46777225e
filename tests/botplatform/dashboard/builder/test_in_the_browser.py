"""Building a bot at the browser: typing, dragging, undoing, comparing."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from botplatform.bots.models import Bot
from tests.botplatform.dashboard import seeds
from tests.botplatform.dashboard.builder.pasts import archived, walk
from tests.support.hands import drag, settled

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def past(web):
    """A quarter of a year of minutes, where the served web looks for it."""
    yield archived(web.folder, walk(minutes=90 * 1440, deviation=0.0006))
    shutil.rmtree(web.folder / "candles")


@pytest.fixture
def build(visit, owner, past):
    """`build(kind)`: the builder of that kind, answered once."""
    seeds.account(owner)
    seeds.market()

    def build(kind, **more):
        visitor = visit(owner, width=1440, height=1000, **more)
        visitor.open(f"/bots/new/{kind}")
        visitor.page.locator("#builder[data-ready]").wait_for()
        visitor.page.locator("[data-tested=yes]").wait_for()
        return visitor.page

    return build


def figures(page):
    return page.locator("#test-figures").inner_text()


def test_the_ladder_follows_what_is_typed(build):
    page = build("dca")
    page.get_by_label("Averaging orders", exact=True).fill("7")
    page.locator(".bp-ladder tbody th", has_text="7").wait_for()
    page.get_by_text("7 buys down to").wait_for()
    assert page.locator("#id_base_order + [data-unit=quote]").inner_text() == "USDT"


def test_dragging_a_rung_types_its_step_and_runs_the_backtest_anew(build):
    page = build("dca")
    before, was = figures(page), page.locator("#id_step").input_value()
    drag(page, "rung.3", 40)
    assert float(page.locator("#id_step").input_value()) > float(was)
    assert figures(page) != before


def test_the_scale_stands_still_under_a_hand_that_drags(build):
    page = build("dca")
    sent = []
    page.on("request", lambda asked: sent.extend(re.findall(r"drag=rung.3&at=([\d.]+)", asked.post_data or "")))
    drag(page, "rung.3", 40)
    once = float(sent[-1])
    page.locator("#undo:not([disabled])").click()
    expect(page.locator("#id_step")).to_have_value("2")
    settled(page)
    drag(page, "rung.3", 40)
    assert abs(float(sent[-1]) / once - 1) < 0.002


def test_dragging_the_highest_line_widens_the_grid(build):
    page = build("grid")
    drag(page, "upper", -30)
    upper = page.locator("#id_upper").input_value()
    assert float(upper) > 66000
    page.get_by_text(f"to {upper} USDT").wait_for()


def test_a_stop_loss_of_a_smart_trade_can_be_dragged(build):
    page = build("smart")
    drag(page, "stop_loss", 20)
    assert float(page.locator("#id_stop_loss-loss").input_value()) > 5


def test_undo_brings_back_what_was_there(build):
    page = build("dca")
    field = page.get_by_label("Take profit", exact=True)
    field.fill("3")
    page.locator("#undo:not([disabled])").wait_for()
    page.locator("#undo").click()
    expect(page.locator("#id_take_profit")).to_have_value("1.5")


def test_two_settings_are_compared_on_one_chart_and_swapped(build):
    page = build("dca")
    page.get_by_role("button", name="Compare with this").click()
    page.get_by_label("Take profit", exact=True).fill("4")
    page.get_by_text("+4.00 % of the whole cost").wait_for()
    page.locator("#test-figures", has_text="The kept one").wait_for()
    page.get_by_role("button", name="Back to the kept one").click()
    expect(page.locator("#id_take_profit")).to_have_value("1.5")


def test_the_band_fills_in_when_the_hand_rests(build):
    page = build("dca")
    page.locator("#test-words[data-band]").wait_for()
    assert "Begun at 48 different moments" in page.locator("#test-words").inner_text()


def test_rows_and_conditions_come_and_go(build):
    page = build("dca")
    entry = page.locator("[data-section=entry]")
    entry.get_by_label("Kind of condition").select_option("rsi")
    entry.get_by_role("button", name="Add a condition").click()
    entry.get_by_label("Level").fill("30")
    page.get_by_text("RSI(14) on 15 min must be over 30").wait_for()
    entry.get_by_role("button", name="Remove").click()
    page.get_by_text("as soon as it can").first.wait_for()


def test_a_mistake_stands_at_its_field_and_is_counted_at_its_section(build):
    page = build("dca")
    page.get_by_label("Take profit", exact=True).fill("500000")
    page.get_by_text("500000 is too large. Give at most 10000.").wait_for()
    page.locator("[data-troubled=exit]", has_text="1 to correct").wait_for()


def test_a_folded_section_is_a_sentence(build):
    page = build("dca")
    section = page.locator("[data-section=averaging]")
    section.locator("summary").first.click()
    assert not section.get_by_label("Step", exact=True).is_visible()
    assert "5 buys down to" in section.inner_text()


def test_start_shows_the_plan_before_anything_happens(build):
    page = build("dca")
    page.get_by_role("button", name="Start…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("What the vault will allow it").wait_for()
    dialog.get_by_text("It can never withdraw").wait_for()
    dialog.get_by_role("button", name="Go back").click()
    assert not Bot.objects.exists()


def test_three_questions_lead_to_a_bot_whose_settings_can_be_read(build, visit, owner):
    visitor = visit(owner)
    seeds.account(owner)
    seeds.market()
    visitor.open("/bots/new")
    page = visitor.page
    page.get_by_role("link", name="Three questions").click()
    page.get_by_label("How much money may it use?").fill("500")
    page.get_by_label("35 %: a crash").check()
    page.get_by_role("button", name="Show me the bot").click()
    page.locator("[data-sentence=averaging]", has_text="8 buys down to").wait_for()
    page.get_by_role("button", name="Make the bot").click()
    page.wait_for_url(re.compile("/bots/[0-9a-f-]{36}/$"))
    assert Bot.objects.get().settings["averaging_orders"] == 8


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("kind", ["dca", "grid", "smart", "signal", "recurring", "rebalance", "twap"])
def test_every_builder_keeps_the_content_policy_and_fits(visit, owner, past, kind, width):
    seeds.account(owner)
    seeds.market()
    visitor = visit(owner, width=width)
    visitor.open(f"/bots/new/{kind}")
    visitor.page.locator("#builder[data-asked]").wait_for()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
